"""White space at the edges of found pieces."""

from collections.abc import Iterable

from bathyscope.heatmap import Span


def trimmed(text: str, span: Span) -> Span | None:
    """Return a span without the white space at its ends, or None where nothing else is in it."""
    start, end = span
    piece = text[start:end]
    bare = piece.strip()
    if not bare:
        return None
    start += len(piece) - len(piece.lstrip())
    return start, start + len(bare)


def with_spaces_before(text: str, pieces: Iterable[Span]) -> list[Span]:
    """Extend each piece over the spaces and tabs before it, back to the piece before.

    Taking such a piece out leaves no doubled space behind, and its edges are where tokenizers
    put theirs. Line breaks stay: they hold the prompt's structure.
    """
    extended: list[Span] = []
    previous = 0
    for start, end in pieces:
        first = start
        while first > previous and text[first - 1] in " \t":
            first -= 1
        extended.append((first, end))
        previous = end
    return extended
