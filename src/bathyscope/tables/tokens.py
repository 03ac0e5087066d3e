"""Tokens as other tools write them, made readable as bathyscope's own are."""

from collections.abc import Sequence

from bathyscope.prompt.labels import visible
from bathyscope.prompt.pieces import BYTE_OF, piece_labels

_BYTE_LEVEL_MARKS = {"Ġ", "Ċ"}  # how byte-level vocabularies write a space and a newline


def token_labels(tokens: Sequence[str]) -> tuple[str, ...]:
    """Return a label for each token.

    Entries of a byte-level vocabulary (`Ġthe`, `Ã©`) are decoded, if every character of all of
    them is one that such a vocabulary has and a space or a newline is among them. Otherwise white
    space at the ends and line breaks become visible; spaces inside a part of a prompt stay.
    """
    characters = set().union(*tokens)
    if characters & _BYTE_LEVEL_MARKS and characters <= BYTE_OF.keys():
        return piece_labels([bytes(BYTE_OF[c] for c in token) for token in tokens])[0]
    return tuple(map(_label, tokens))


def _label(text: str) -> str:
    bare = text.strip()
    if not bare:
        return visible(text)
    start = text.index(bare)
    inner = " ".join(map(visible, bare.split(" ")))
    return visible(text[:start]) + inner + visible(text[start + len(bare) :])
