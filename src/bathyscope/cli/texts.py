"""The texts that arguments stand for, read by one rule wherever they come from."""

import sys
from pathlib import Path

from bathyscope.cli.messages import complain
from bathyscope.core.errors import InputError
from bathyscope.core.files.reading import contents
from bathyscope.core.text import decoded, number_of_records, plain, require_characters


def read_text(source: str, name: str = "prompt", *, keep_newline: bool = False) -> str:
    r"""Return the text that an argument stands for: standard input for `-`, a file's, or itself.

    Whichever way it comes, it is UTF-8 with or without a byte-order mark, and its lines end in
    \n. The line break that editors put at the end of a file is left out, with a note.

    Args:
        source: What was given.
        name: What to call it in a complaint.
        keep_newline: Whether the line break at the end of a file stays.

    Raises:
        InputError: It names a file that cannot be read, holds JSON records, or is no text.
    """
    content = _content(source) if source else None
    origin = "standard input" if source == "-" else source
    if content is None:
        text = given_text(source, name)
    else:
        text = decoded(content, origin)
        _refuse_records(text, origin, name)
        text = text if keep_newline else _without_last_line_break(text, origin)
    if not text:
        empty = f"The {name}" if content is None else f"The {name} in {origin}"
        raise InputError(f"{empty} is empty; give a text, a file, or - for standard input.")
    return text


def given_text(text: str, name: str) -> str:
    r"""Return a text that was given as an argument: its lines end in \n, all else is as written.

    Args:
        text: What was given.
        name: What to call it in a complaint.

    Raises:
        InputError: It is no valid Unicode.
    """
    require_characters(text, name)
    return plain(text)


def _content(source: str) -> bytes | None:
    """Return what a file or standard input holds; None where the argument is the text itself."""
    if source == "-":
        return sys.stdin.buffer.read()
    path = Path(source)
    try:
        is_path = path.exists()
    except (OSError, ValueError):  # a text too long to be a name, or with a character none has
        is_path = False
    if not is_path:
        if _looks_like_a_file(source):
            raise InputError(
                f"There is no file {source}; give a file, a text, or - for standard input."
            )
        return None
    return contents(path)


def _refuse_records(text: str, origin: str, name: str) -> None:
    records = number_of_records(text)
    if records:
        raise InputError(
            f"{origin} holds {records} JSON record{'s' if records > 1 else ''}, not one text; the "
            f"{name} is read as it stands, so give the text of one record alone, as an argument "
            "or in a file without JSON."
        )


def _without_last_line_break(text: str, origin: str) -> str:
    if text.endswith("\n"):
        complain(
            f"note: the line break at the end of {origin} is left out; --keep-newline keeps it."
        )
    return text.removesuffix("\n")


def _looks_like_a_file(source: str) -> bool:
    """Tell whether a text that names no file was most likely meant to: one word with an ending."""
    one_word = not any(character.isspace() for character in source)
    path = Path(source)
    return one_word and "[[" not in source and (len(path.suffix) > 1 or len(path.parts) > 1)
