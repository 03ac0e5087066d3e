"""Passages of documents: paragraphs of a file, or of the files of a folder."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bathyscope.core.errors import InputError
from bathyscope.core.noting import note
from bathyscope.core.text import decoded, plain, require_characters

Context = str | Path | Sequence[str]
"""Documents: a file, a folder, or passages themselves."""

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_HEADING = 80  # characters; a shorter paragraph that ends no sentence belongs to the next
_ENDS = re.compile(r"[.!?…。！？:;]['\"’”)\]]*$")
_MOST_FILES, _MOST_BYTES = 1000, 16 * 2**20


@dataclass(frozen=True)
class ContextPassage:
    """One passage.

    Attributes:
        text: What it says, without white space around it.
        source: The file it is of; empty where it was given itself.
    """

    text: str
    source: str = ""


def passages(context: Context) -> tuple[ContextPassage, ...]:
    """Return the passages of some documents, in the order of their files' names.

    A passage is a paragraph; a heading belongs to the one below it. Files of a folder that are no
    text are left out, with a note, and so are those whose names begin with a dot.

    Raises:
        InputError: There is no such file, or nothing is said in it.
    """
    if not isinstance(context, str | Path):
        found = [ContextPassage(plain(text).strip()) for text in context if text.strip()]
        for one in found:
            require_characters(one.text, "passage")
    else:
        found = [*_of_path(Path(context))]
    if not found:
        raise InputError(
            "The context has no passage; give a text file, or a folder of text files, with "
            "paragraphs divided by blank lines."
        )
    return tuple(found)


def paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a text, headings with what stands below them."""
    heading = ""
    for piece in _BLANK_LINE.split(text.strip()):
        block = piece.strip()
        if not block:
            continue
        if "\n" not in block and len(block) < _HEADING and not _ENDS.search(block):
            heading += f"{block}\n"
            continue
        yield heading + block
        heading = ""
    if heading:
        yield heading.strip()


def _of_path(path: Path) -> Iterator[ContextPassage]:
    try:
        if path.is_dir():
            yield from _of_folder(path)
            return
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); give a text file or a folder of them as "
            "the context."
        ) from error
    except ValueError as error:  # a name that none can be
        raise InputError(f"{path!s} cannot be read ({error}).") from error
    yield from (ContextPassage(text, path.name) for text in paragraphs(decoded(content, str(path))))


def _of_folder(folder: Path) -> Iterator[ContextPassage]:
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part[0] == "." for part in path.relative_to(folder).parts)
    ]
    if len(files) > _MOST_FILES:
        raise InputError(
            f"{folder} has {len(files):,} files; give a folder of {_MOST_FILES:,} at most."
        )
    for path in files:
        name = str(path.relative_to(folder))
        text = _text_of(path)
        if text is None:
            note(f"{name} is left out: it is no text, or too large.")
            continue
        yield from (ContextPassage(piece, name) for piece in paragraphs(text))


def _text_of(path: Path) -> str | None:
    """Return what a file of a folder says; None where it is no text."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        content = path.read_bytes()
        return None if b"\0" in content[:4096] else decoded(content, path.name)
    except InputError:
        return None
