"""A tokenizer of transformers as bathyscope's tokens."""

import unicodedata
from collections.abc import Sequence
from itertools import compress
from typing import Any

from bathyscope.core.errors import InputError, ModelError
from bathyscope.core.text import require_characters, shortened
from bathyscope.model.entries import Entries
from bathyscope.model.tokens import Encoded, Tokens


class TransformersTokens(Tokens):
    """A fast tokenizer of transformers."""

    def __init__(self, tokenizer: Any) -> None:
        """Wrap a transformers tokenizer.

        Raises:
            ModelError: The tokenizer cannot tell which characters a token covers.
        """
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(
                f"The tokenizer {type(tokenizer).__name__} does not report character offsets; "
                "bathyscope needs a fast tokenizer (a tokenizer.json in the model's folder)."
            )
        self.tokenizer = tokenizer
        self._entry = Entries(tokenizer)
        self._before = _put_before(tokenizer)

    @property
    def name(self) -> str:
        """The class of the tokenizer."""
        return type(self.tokenizer).__name__

    def encoded(self, text: str) -> Encoded:
        """Return ids and character spans, without what the tokenizer appends at the end.

        A text that begins with what the tokenizer puts before it (a rendered chat template) gets
        no second one.

        Raises:
            InputError: The tokenizer fails, or makes no token of a part of the text.
        """
        encoding = _encoding(self.tokenizer, text)
        ids, spans, added = encoding.ids, encoding.offsets, encoding.special_tokens_mask
        _require_all_read(self.tokenizer, text, encoding)
        if all(added):
            return Encoded(self._before, ((0, 0),) * len(self._before))
        first = added.index(0)
        if ids[first : 2 * first] != ids[:first]:
            first = 0
        end = len(ids) - added[::-1].index(0)
        return Encoded(tuple(ids[first:end]), tuple(spans[first:end]))

    def piece(self, id: int) -> bytes:
        """Return the UTF-8 bytes that one token stands for."""
        return self._entry.bytes(id)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of some ids as the tokenizer has it, special tokens included.

        Many tokenizers drop a space at its beginning; `spelled` keeps it.
        """
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=False)
        return text


def _encoding(tokenizer: Any, text: str) -> Any:
    """Return what the tokenizer makes of a text: ids, offsets, and which of them it added.

    Raises:
        InputError: It cannot read the text.
    """
    require_characters(text, "text to be tokenised")
    try:
        return tokenizer(text)[0]
    except Exception as error:  # what tokenizers raise has no class of its own
        raise InputError(
            f"The model's tokenizer cannot read the text {shortened(text)} ({error}); leave out "
            "what it has no token for."
        ) from error


def _put_before(tokenizer: Any) -> tuple[int, ...]:
    """Return the ids that the tokenizer puts before every text.

    They are told from those behind it by a token between them, of the first entry of the
    vocabulary that makes one: no text of ours does in every vocabulary.

    Raises:
        ModelError: No entry makes a token.
    """
    for id in range(len(tokenizer)):
        try:
            encoding = _encoding(tokenizer, tokenizer.decode([id]))
        except InputError:  # without an unknown token, some fail at what they cannot spell
            continue
        if 0 in encoding.special_tokens_mask:
            return tuple(encoding.ids[: encoding.special_tokens_mask.index(0)])
    raise ModelError(
        f"The tokenizer {type(tokenizer).__name__} makes no token of any entry of its own "
        "vocabulary; its tokenizer.json must be damaged."
    )


def _require_all_read(tokenizer: Any, text: str, encoding: Any) -> None:
    """Refuse a text of which the tokenizer drops letters, digits, punctuation or symbols.

    White space, control characters and accents may go, as normalisers have it. Where characters
    are dropped, the offsets of the tokens are those of a shorter text: they say that something is
    missing, not what. What is dropped is what the text has the same tokens without.

    Raises:
        InputError: A part of the text reaches no model.
    """
    uncovered = [True] * len(text)
    for start, end in encoding.offsets:
        uncovered[start:end] = [False] * (end - start)
    if not any(map(_is_visible, compress(text, uncovered))):
        return
    dropped = [
        character
        for character in dict.fromkeys(filter(_is_visible, text))
        if _encoding(tokenizer, text.replace(character, "")).ids == encoding.ids
    ]
    if dropped:
        raise InputError(
            f"The model's tokenizer has no token for {shortened(''.join(dropped))} and drops "
            f"{sum(map(text.count, dropped))} of the {len(text)} characters of {shortened(text)}, "
            "so that the model would read another text; leave them out, or take another model."
        )


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS"
