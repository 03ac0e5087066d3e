"""Text to token ids and back to what a person can read."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from bathyscope.core.errors import InputError, ModelError
from bathyscope.core.heatmap import Axis, Span
from bathyscope.core.text import require_characters, shortened
from bathyscope.model.entries import Entries
from bathyscope.prompt.labels import visible as visible
from bathyscope.prompt.pieces import piece_labels, spelled


@dataclass(frozen=True)
class Continuation:
    """A prompt and what follows it, as token ids.

    Attributes:
        prompt_ids: Ids of the prompt, special tokens of the tokenizer included.
        target_ids: Ids of the continuation.
        text: The continuation as text when it was given as text; None when the model wrote it.
    """

    prompt_ids: tuple[int, ...]
    target_ids: tuple[int, ...]
    text: str | None


class Tokens:
    """What bathyscope needs of a tokenizer."""

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

    def encode(self, text: str) -> tuple[int, ...]:
        """Return the ids of a prompt: with what the tokenizer puts before, without an end token."""
        return self._encode(text)[0]

    def continuation(self, prompt: str, target: str) -> Continuation:
        """Tokenise a prompt and its continuation together and split them at the boundary.

        A token that reaches over the boundary belongs to the target.

        Raises:
            InputError: The target is empty or vanishes in tokenisation.
        """
        if not target:
            raise InputError("The target is empty; give the continuation that is to be explained.")
        ids, spans = self._encode(prompt + target)
        start = next((i for i, (_, end) in enumerate(spans) if end > len(prompt)), len(ids))
        if start == len(ids):
            raise InputError(f"The tokenizer makes no token of the target {target!r}.")
        return Continuation(ids[:start], ids[start:], target)

    def under_another_prompt(self, continuation: Continuation, prompt: str) -> tuple[int, ...]:
        """Return the ids of another prompt before the same, forced, continuation.

        The prompt is tokenised together with the continuation where that leaves the
        continuation's ids as they are, so that a token shared at the boundary is handled alike;
        alone otherwise, and where the model wrote the continuation itself.
        """
        if continuation.text is not None:
            ids, _ = self._encode(prompt + continuation.text)
            count = len(continuation.target_ids)
            if ids[-count:] == continuation.target_ids:
                return ids[:-count]
        return self.encode(prompt)

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return which characters each token of a text covers, special tokens left out."""
        return tuple((start, end) for start, end in self._encode(text)[1] if start < end)

    def prompt_spans(self, prompt: str, continuation: Continuation) -> tuple[Span, ...]:
        """Return which characters each of a continuation's prompt tokens covers.

        Special tokens cover none, (0, 0).

        Raises:
            InputError: The continuation is not one of this prompt.
        """
        ids, spans = self._encode(prompt + (continuation.text or ""))
        count = len(continuation.prompt_ids)
        if ids[:count] != continuation.prompt_ids:
            raise InputError("The continuation was made for another prompt; make it for this one.")
        return spans[:count]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of some ids as the tokenizer has it, special tokens included.

        Many tokenizers drop a space at its beginning; `spelled` keeps it.
        """
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=False)
        return text

    def axis(self, name: str, ids: Sequence[int]) -> Axis:
        """Return an axis of tokens: readable labels, ids, and spans in the text of `spelled`.

        Labels show white space (`▁`, `⏎`, `⇥`). Where one character is spread over several
        tokens, each shows the whole with its part: `é 1/2`, `é 2/2`.
        """
        labels, spans = piece_labels([self._entry.bytes(id) for id in ids])
        return Axis(name, labels, tuple(int(id) for id in ids), spans)

    def spelled(self, ids: Sequence[int]) -> str:
        """Return the text of some ids of which the spans of `axis` are, token after token."""
        return spelled([self._entry.bytes(id) for id in ids])

    def _encode(self, text: str) -> tuple[tuple[int, ...], tuple[Span, ...]]:
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
            return self._before, ((0, 0),) * len(self._before)
        first = added.index(0)
        if ids[first : 2 * first] != ids[:first]:
            first = 0
        end = len(ids) - added[::-1].index(0)
        return tuple(ids[first:end]), tuple(spans[first:end])


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
