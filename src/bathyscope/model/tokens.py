"""Text to token ids and back to what a person can read."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bathyscope.core.errors import InputError, ModelError
from bathyscope.core.heatmap import Axis, Span
from bathyscope.core.registry import working
from bathyscope.core.text import require_characters, shortened
from bathyscope.prompt.labels import visible as visible
from bathyscope.prompt.pieces import piece_labels, spelled
from bathyscope.prompt.words import words

_WORD = 12  # characters on each side of a seam that are shown


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


class Encoded(NamedTuple):
    """A text as tokens.

    Attributes:
        ids: Token ids, with what is put before every text, without an end token.
        spans: The characters of the text that each token covers; (0, 0) where it covers none.
    """

    ids: tuple[int, ...]
    spans: tuple[Span, ...]


class Tokens(ABC):
    """A tokenizer as bathyscope needs it: two methods of a backend, and what follows from them."""

    @property
    def name(self) -> str:
        """What a record calls it."""
        return type(self).__name__

    @abstractmethod
    def encoded(self, text: str) -> Encoded:
        """Return a text as tokens, in the order of the text.

        Raises:
            InputError: A part of the text has no token, and the model would read another text.
        """

    @abstractmethod
    def piece(self, id: int) -> bytes:
        """Return the UTF-8 bytes that one token stands for, the same wherever it occurs."""

    def encode(self, text: str) -> tuple[int, ...]:
        """Return the ids of a prompt: with what the tokenizer puts before, without an end token."""
        return self._read(text)[0]

    def continuation(self, prompt: str, target: str) -> Continuation:
        """Tokenise a prompt and its continuation together and split them at the boundary.

        A token that reaches over the boundary belongs to the target.

        Raises:
            InputError: The target is empty or vanishes in tokenisation.
        """
        if not target:
            raise InputError("The target is empty; give the continuation that is to be explained.")
        ids, spans = self._read(prompt + target)
        start = next((i for i, (_, end) in enumerate(spans) if end > len(prompt)), len(ids))
        if start == len(ids):
            raise InputError(f"The tokenizer makes no token of the target {target!r}.")
        return Continuation(ids[:start], ids[start:], target)

    def where_they_meet(self, prompt: str, continuation: Continuation) -> tuple[str, ...]:
        """Return what is worth a note of where a prompt and a given continuation meet.

        One sentence, or none: a token that reaches over the boundary, else one word that does.
        """
        if not continuation.text:
            return ()
        _, spans = self._read(prompt + continuation.text)
        if spans[len(continuation.prompt_ids)][0] < len(prompt):
            return (self._shared_token(prompt, continuation.target_ids[0]),)
        return _one_word(prompt, continuation.text)

    def _shared_token(self, prompt: str, id: int) -> str:
        (first,) = self.axis("token", (id,)).labels
        if prompt[-1:].isspace():
            advice = (
                "move the white space between them from the prompt's end to the target's beginning"
            )
        else:
            advice = "let the target begin with white space, or where a token begins"
        return (
            f"The tokens change where prompt and target meet: the target begins with the token "
            f"{first!r}, which takes in the end of the prompt. To avoid it, {advice}."
        )

    def under_another_prompt(self, continuation: Continuation, prompt: str) -> tuple[int, ...]:
        """Return the ids of another prompt before the same, forced, continuation.

        The prompt is tokenised together with the continuation where that leaves the
        continuation's ids as they are, so that a token shared at the boundary is handled alike;
        alone otherwise, and where the model wrote the continuation itself.
        """
        if continuation.text is not None:
            ids, _ = self._read(prompt + continuation.text)
            count = len(continuation.target_ids)
            if ids[-count:] == continuation.target_ids:
                return ids[:-count]
        return self.encode(prompt)

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return which characters each token of a text covers, special tokens left out."""
        return tuple((start, end) for start, end in self._read(text)[1] if start < end)

    def prompt_spans(self, prompt: str, continuation: Continuation) -> tuple[Span, ...]:
        """Return which characters each of a continuation's prompt tokens covers.

        Special tokens cover none, (0, 0).

        Raises:
            InputError: The continuation is not one of this prompt.
        """
        ids, spans = self._read(prompt + (continuation.text or ""))
        count = len(continuation.prompt_ids)
        if ids[:count] != continuation.prompt_ids:
            raise InputError("The continuation was made for another prompt; make it for this one.")
        return spans[:count]

    def axis(self, name: str, ids: Sequence[int]) -> Axis:
        """Return an axis of tokens: readable labels, ids, and spans in the text of `spelled`.

        Labels show white space (`▁`, `⏎`, `⇥`). Where one character is spread over several
        tokens, each shows the whole with its part: `é 1/2`, `é 2/2`.
        """
        labels, spans = piece_labels([self.piece(id) for id in ids])
        return Axis(name, labels, tuple(int(id) for id in ids), spans)

    def spelled(self, ids: Sequence[int]) -> str:
        """Return the text of some ids of which the spans of `axis` are, token after token."""
        return spelled([self.piece(id) for id in ids])

    def _read(self, text: str) -> Encoded:
        """Return a text as tokens, and refuse what is none.

        Raises:
            InputError: The text holds what is no character.
            ModelError: The ids and spans do not belong together, or leave the text.
        """
        require_characters(text, "text to be tokenised")
        with working("tokenizer", self):
            encoded = self.encoded(text)
            ids, spans = tuple(encoded.ids), tuple(encoded.spans)
            inside = all(0 <= start <= end <= len(text) for start, end in spans)
        if len(ids) != len(spans) or not inside:
            raise ModelError(
                f"The tokenizer {self.name} gives {len(ids)} ids and {len(spans)} spans for a text "
                f"of {len(text)} characters, {shortened(text)}; each id needs one span within it."
            )
        return Encoded(ids, spans)


def _one_word(prompt: str, target: str) -> tuple[str, ...]:
    """Return that a target goes on with the last word of its prompt, which is seldom meant.

    Scripts that write without spaces have a word in every character (`prompt.words`).
    """
    end, begin = prompt[-1:], target[0]
    if not (end.isalpha() and begin.isalnum() and len(words(end + begin)) == 1):
        return ()
    last, first = words(prompt)[-1], words(target)[0]
    one = shortened(prompt[last[0] :][-_WORD:] + target[: first[1]][:_WORD])
    return (
        f"The prompt ends in a letter and the target has no space before it: the model reads {one} "
        "as one word; begin the target with a space where it is another.",
    )
