"""The marks `[[` and `]]` around what is to be measured."""

import re
from collections.abc import Sequence
from itertools import pairwise

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span

OPEN, CLOSE = "[[", "]]"
# A run of backslashes matters only directly before a mark: each pair stands for one backslash,
# and a single one left over turns the mark into plain text. Elsewhere backslashes are text.
_MARK = re.compile(r"(?<!\\)(\\*)(\[\[|\]\])")


def read_marks(source: str) -> tuple[str, tuple[Span, ...]]:
    """Return the text without its marks, and the spans that were marked in it.

    Raises:
        InputError: A mark is never closed, is opened twice, or holds nothing.
    """
    parts: list[str] = []
    features: list[Span] = []
    opened: int | None = None
    opened_at = position = length = 0
    for match in _MARK.finditer(source):
        slashes, mark = match.groups()
        parts += [source[position : match.start()], "\\" * (len(slashes) // 2)]
        length += match.start() - position + len(slashes) // 2
        position = match.end()
        if len(slashes) % 2 or (mark == CLOSE and opened is None):
            parts.append(mark)
            length += len(mark)
        elif mark == OPEN:
            if opened is not None:
                raise _still_open(source, opened_at, match.start())
            opened, opened_at = length, match.start()
        elif opened is not None:
            if opened == length:
                raise InputError(
                    f"The mark in line {_line(source, opened_at)} holds nothing; "
                    "put the text to be measured between [[ and ]]."
                )
            features.append((opened, length))
            opened = None
    if opened is not None:
        raise InputError(
            f"The mark [[ in line {_line(source, opened_at)} is never closed; add ]], "
            "or write \\[[ for a literal one."
        )
    return "".join([*parts, source[position:]]), tuple(features)


def written_marks(text: str, features: Sequence[Span]) -> str | None:
    """Return the source that `read_marks` reads as a text with these features.

    None where there is none: a bracket that stands directly before a mark would become part of it.
    """
    places = sorted({0, *(end for span in features for end in span), len(text)})
    pieces = [_literal(text[start:end]) for start, end in pairwise(places)] if text else []
    opening, closing = {start for start, _ in features}, {end for _, end in features}
    parts: list[str] = []
    for place, piece in zip(places, [*pieces, ""], strict=True):
        mark = (CLOSE if place in closing else "") + (OPEN if place in opening else "")
        if mark and parts:
            parts[-1] = _doubled(parts[-1])
        parts += [mark, piece]
    source = "".join(parts)
    try:
        read = read_marks(source)
    except InputError:
        return None
    return source if read == (text, tuple(features)) else None


def _literal(text: str) -> str:
    """Return a text whose marks are plain text, and so are backslashes before them."""
    return _MARK.sub(lambda match: f"{match[1] * 2}\\{match[2]}", text)


def _doubled(text: str) -> str:
    """Return a text with the backslashes at its end twice: a mark follows."""
    bare = text.rstrip("\\")
    return bare + "\\" * 2 * (len(text) - len(bare))


def _still_open(source: str, first: int, second: int) -> InputError:
    return InputError(
        f"The mark [[ in line {_line(source, first)} is still open at the next [[ in line "
        f"{_line(source, second)}; features cannot overlap: close it with ]] first, "
        "or write \\[[ for a literal one."
    )


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
