"""The texts that arguments stand for, read by one rule wherever they come from."""

import re
import sys
from pathlib import Path

from bathyscope.cli.messages import complain
from bathyscope.core.errors import InputError
from bathyscope.core.files.reading import contents
from bathyscope.core.text import decoded, number_of_records, plain, require_characters, shortened

_ENDINGS = frozenset(
    ".txt .text .md .markdown .rst .html .htm .xml .json .jsonl .csv .tsv .yaml .yml .toml .tex "
    ".log .pdf .doc .docx .odt .rtf .jinja .jinja2 .j2 .prompt .py .ipynb .parquet .npz .gguf "
    ".safetensors .png .svg".split()
)
"""Endings of what people keep texts in, or mistake for it; `3.5` and `i.e.` end in none."""

_THROUGH_INPUT = "where this is the text itself, give it on standard input (-)"

_LONGEST_PATH = 4096
_ANY_ENDING = re.compile(r"\.[A-Za-z]\w+")


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
    if is_there(source):
        if Path(source).is_dir():
            raise InputError(f"{source} is a folder; give a file, or {_THROUGH_INPUT}.")
        return contents(Path(source))
    require_no_path(source)
    if _could_be_a_path(source):
        complain(f"note: {shortened(source)} is read as the text itself: no file is called so.")
    return None


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


def is_there(source: str) -> bool:
    """Tell whether a file or a folder is called so."""
    try:
        return Path(source).exists()
    except (OSError, ValueError):  # a text too long to be a name, or with a character none has
        return False


def require_no_path(source: str) -> None:
    """Refuse what was most likely meant as the path of a file, of which there is none.

    One word with the ending of a file, in a folder that is there, or that begins as a path does:
    `1/2=` and `and/or` are texts.

    Raises:
        InputError: It is one.
    """
    if _is_word(source) and _is_like_a_path(source):
        raise InputError(f"There is no file {source}; give one that is there, or {_THROUGH_INPUT}.")


def _could_be_a_path(source: str) -> bool:
    """Tell whether someone may have meant a path by a text, though it is read as one."""
    if _is_word(source):
        return "/" in source or _ANY_ENDING.fullmatch(Path(source).suffix) is not None
    return _is_like_a_path(source)


def _is_word(source: str) -> bool:
    return not any(map(str.isspace, source))


def _is_like_a_path(source: str) -> bool:
    if "[[" in source or "\n" in source or len(source) > _LONGEST_PATH:
        return False
    path = Path(source)
    begins = source.startswith(("./", "../", "~/"))
    return begins or path.suffix.lower() in _ENDINGS or _is_in_a_folder(path)


def _is_in_a_folder(path: Path) -> bool:
    """Tell whether the first folder that a path names is there; every root is, and says nothing."""
    first, *others = [part for part in path.parts if part != path.anchor] or [""]
    folder = Path(path.anchor, first)
    return bool(others) and is_there(str(folder)) and folder.is_dir()
