"""The prompt of a question about passages, with passages or their sentences as features."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bathyscope.citation.context import ContextPassage
from bathyscope.core.heatmap import Span
from bathyscope.prompt import Prompt
from bathyscope.prompt.sentences import sentences

_BEFORE, _BETWEEN, _QUESTION, _ANSWER = "Context:\n\n", "\n\n", "Question: ", "\nAnswer:"
PASSAGES, SENTENCES = "passages", "sentences"


@dataclass(frozen=True)
class AskedPassages:
    """A question about passages as one text.

    Attributes:
        passages: The passages.
        question: What is asked.
        chat: Whether the model answers a message of a user, so that no opening of an answer
            is needed.
    """

    passages: Sequence[ContextPassage]
    question: str
    chat: bool

    def prompt(self) -> Prompt:
        """Return the prompt with the passages as features, named by number."""
        spans = self._places()
        names = tuple(f"[{n}] {one.text}" for n, one in enumerate(self.passages, start=1))
        return Prompt(self._text(), spans, PASSAGES, names=names)

    def divided(self, numbers: Sequence[int]) -> tuple[Prompt, list[tuple[int, int]]]:
        """Return the prompt with the sentences of some passages as features.

        Args:
            numbers: Of the passages, from 1.

        Returns:
            The prompt, and of each feature the number of its passage and its own in that.
        """
        text, places = self._text(), self._places()
        spans: list[Span] = []
        own: list[tuple[int, int]] = []
        for number in sorted(numbers):
            start, end = places[number - 1]
            starts = [start + first for first, _ in sentences(text[start:end])]
            for count, span in enumerate(pairwise([*starts, end]), start=1):
                spans.append(span)
                own.append((number, count))
        names = tuple(
            f"[{number}.{count}] {text[slice(*span)].strip()}"
            for (number, count), span in zip(own, spans, strict=True)
        )
        return Prompt(text, tuple(spans), SENTENCES, names=names), own

    def _text(self) -> str:
        said = "".join(one.text + _BETWEEN for one in self.passages)
        return f"{_BEFORE}{said}{_QUESTION}{self.question}{'' if self.chat else _ANSWER}"

    def _places(self) -> tuple[Span, ...]:
        """Return where each passage stands, with the blank line behind it, which goes with it."""
        edges = [len(_BEFORE)]
        for one in self.passages:
            edges.append(edges[-1] + len(one.text) + len(_BETWEEN))
        return tuple(pairwise(edges))
