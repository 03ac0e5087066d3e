"""Beginning of a text: the token before its first, as the tokenizer has it or otherwise."""

from copy import copy

from bathyscope.core.errors import InputError, advice
from bathyscope.core.noting import note
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.tokenizer import TransformersTokens
from bathyscope.model.tokens import Encoded

TOKENIZER = "tokenizer"
BEGINNINGS = (TOKENIZER, "always", "never")
"""Whether a text begins with the token that begins one: as the tokenizer has it, or not."""


def require_beginning(begin: str) -> None:
    """Raise InputError where no beginning has this name."""
    if begin not in BEGINNINGS:
        raise InputError(
            f"The beginning of a text {begin!r} is not known; {advice(begin, BEGINNINGS)} "
            "(--begin)."
        )


def beginning(model: LanguageModel, begin: str) -> Ids:
    """Return the ids that every text begins with.

    Args:
        model: Whose tokenizer counts.
        begin: A name in `BEGINNINGS`.

    Raises:
        InputError: The tokenizer knows no token that begins a text, and one is asked for.
    """
    own = model.tokens.encode("")
    if begin == TOKENIZER:
        return own
    if begin == "never":
        return ()
    first = model.tokens.tokenizer.bos_token_id
    if first is None:
        raise InputError(
            "The tokenizer knows no token that begins a text, so none can begin with it; choose "
            "--begin tokenizer or never."
        )
    return own if own[:1] == (first,) else (int(first), *own)


def beginning_as(model: LanguageModel, begin: str) -> LanguageModel:
    """Return a model that reads every text with another beginning; itself where it is the same.

    Args:
        model: The model; it stays as it is, and shares all but its tokens with what is returned.
        begin: A name in `BEGINNINGS`.

    Raises:
        InputError: As of `beginning`.
    """
    own, wanted = beginning(model, TOKENIZER), beginning(model, begin)
    if wanted == own:
        return model
    other = copy(model)
    other.tokens = _Begun(model.tokens, own, wanted)
    return other


def note_other_beginning(model: LanguageModel) -> None:
    """Note where a model of `beginning_as` reads texts otherwise than its tokenizer has them."""
    tokens = model.tokens
    if not isinstance(tokens, _Begun):
        return
    if tokens.wanted:
        note(
            f"The model reads {tokens.decode(tokens.wanted)} before the text, which its tokenizer "
            "does not put there (--begin always)."
        )
    else:
        note(
            f"The model reads the text without {tokens.decode(tokens.own)}, which its tokenizer "
            "puts before it (--begin never)."
        )


class _Begun(TransformersTokens):
    """A tokenizer's tokens, with texts that begin otherwise than it has them begin."""

    def __init__(self, tokens: TransformersTokens, own: Ids, wanted: Ids) -> None:
        vars(self).update(vars(tokens))
        self.own, self.wanted = own, wanted

    def encoded(self, text: str) -> Encoded:
        """Return ids and spans with the beginning that is wanted.

        What the text itself spells out stays, and gets no second one before it.
        """
        ids, spans = super().encoded(text)
        if not self.wanted:
            added = len(self.own) if not any(end for _, end in spans[: len(self.own)]) else 0
            return Encoded(ids[added:], spans[added:])
        if ids[:1] == self.wanted[:1]:
            return Encoded(ids, spans)
        return Encoded((self.wanted[0], *ids), ((0, 0), *spans))
