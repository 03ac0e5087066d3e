"""Tokens as other tools write them, made readable as bathyscope's own are."""

from collections.abc import Sequence

from bathyscope.prompt.labels import visible
from bathyscope.prompt.pieces import BYTE_OF, piece_labels

_BYTE_LEVEL_MARKS = {"Ġ", "Ċ"}  # how byte-level vocabularies write a space and a newline


def token_labels(tokens: Sequence[str], *, beside: Sequence[str] = ()) -> tuple[str, ...]:
    """Return a label for each token.

    Entries of a byte-level vocabulary (`Ġthe`, `Ã©`) are decoded, if every character of all of
    them is one that such a vocabulary has and a space or a newline is among them. Otherwise white
    space at the ends and line breaks become visible; spaces inside a part of a prompt stay.

    Args:
        tokens: What is labelled.
        beside: Further entries of the same vocabulary, among which the space may be.
    """
    if _possible(tokens) and (_marked(tokens) or (_possible(beside) and _marked(beside))):
        return piece_labels([_bytes(token) for token in tokens])[0]
    return tuple(map(_label, tokens))


def prompt_labels(parts: Sequence[str], *, beside: Sequence[str]) -> tuple[str, ...]:
    """Return a label for each part of a prompt, of which it is not known whether it is a token.

    Without a space of their own they are decoded only where that gives a text: `Ã©` is é, but é
    itself, as a user may have written it, is no part of any text as a byte.
    """
    if not _possible(parts) or _marked(parts) or _is_text(b"".join(map(_bytes, parts))):
        return token_labels(parts, beside=beside)
    return tuple(map(_label, parts))


def _possible(tokens: Sequence[str]) -> bool:
    return set().union(*tokens) <= BYTE_OF.keys()


def _marked(tokens: Sequence[str]) -> bool:
    return bool(set().union(*tokens) & _BYTE_LEVEL_MARKS)


def _bytes(token: str) -> bytes:
    return bytes(BYTE_OF[character] for character in token)


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _label(text: str) -> str:
    bare = text.strip()
    if not bare:
        return visible(text)
    start = text.index(bare)
    inner = " ".join(map(visible, bare.split(" ")))
    return visible(text[:start]) + inner + visible(text[start + len(bare) :])
