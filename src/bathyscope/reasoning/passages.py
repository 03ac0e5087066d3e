"""A prompt and a response as passages: parts of the prompt, steps, the answer, and their tokens."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, Span
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.scores import Scores, evidence_of
from bathyscope.model.tokens import Continuation, Tokens
from bathyscope.prompt import Prompt
from bathyscope.prompt.labels import distinct, on_one_line
from bathyscope.prompt.sentences import sentences
from bathyscope.reasoning.answers import StepsAndAnswer
from bathyscope.runs.evidence import Evidence

Question = tuple[Ids, Ids]


def with_parts(prompt: Prompt) -> Prompt:
    """Return a prompt whose parts are its features, or its sentences where none are marked.

    The last sentence stays, where nothing else would: something has to stand before the first step.
    """
    if prompt.features:
        return prompt
    spans = sentences(prompt.text)
    rest = "".join(prompt.text[a:b] for a, b in _between(spans, len(prompt.text)))
    if not rest.strip():
        spans = spans[:-1]
    return Prompt(prompt.text, tuple(spans), "sentences")


def _between(spans: Sequence[Span], end: int) -> list[Span]:
    edges = [0, *(edge for span in spans for edge in span), end]
    return list(zip(edges[::2], edges[1::2], strict=True))


@dataclass(frozen=True)
class Passages:
    """The text that is looked into, and where everything stands in it.

    Attributes:
        prompt: The prompt as the model reads it, its parts as features.
        response: What follows it.
        division: Steps and answer, as spans of the response.
        ids: Tokens of the whole text, tokenised once.
        token_spans: The characters of the whole text that each token covers; (0, 0) of tokens that
            the tokenizer puts before.
    """

    prompt: Prompt
    response: str
    division: StepsAndAnswer
    ids: Ids
    token_spans: tuple[Span, ...]

    @classmethod
    def of(
        cls, tokens: Tokens, prompt: Prompt, response: str, division: StepsAndAnswer
    ) -> "Passages":
        """Tokenise the whole text, and find its passages."""
        text = prompt.text + response
        ids = tokens.encode(text)
        spans = tokens.prompt_spans(text, Continuation(ids, (), None))
        return cls(prompt, response, division, ids, spans)

    @property
    def text(self) -> str:
        """Prompt and response."""
        return self.prompt.text + self.response

    @property
    def num_parts(self) -> int:
        """Parts of the prompt: the first columns."""
        return len(self.prompt.features)

    @cached_property
    def columns(self) -> tuple[Span, ...]:
        """The parts of the prompt and the steps, as spans of the whole text."""
        return (*self.prompt.features, *self.rows[:-1])

    @cached_property
    def rows(self) -> tuple[Span, ...]:
        """The steps and the answer, likewise."""
        first = len(self.prompt.text)
        spans = (*self.division.steps, self.division.answer)
        return tuple((first + start, first + end) for start, end in spans)

    def earlier(self, row: int) -> int:
        """Return how many columns stand before a row: the parts and the steps before it."""
        return self.num_parts + row

    def positions(self, span: Span) -> range:
        """Return the tokens of a passage: those whose last character it holds."""
        own, ends = self._last_characters
        first, behind = bisect_right(ends, span[0]), bisect_right(ends, span[1])
        return range(own[first], own[behind - 1] + 1) if first < behind else range(0)

    @cached_property
    def _last_characters(self) -> tuple[list[int], list[int]]:
        """The tokens that cover characters, and behind which character each of them ends."""
        own = [index for index, (start, end) in enumerate(self.token_spans) if start < end]
        return own, [self.token_spans[index][1] for index in own]

    @cached_property
    def row_positions(self) -> tuple[range, ...]:
        """The tokens of each row."""
        return tuple(map(self.positions, self.rows))

    @cached_property
    def column_positions(self) -> tuple[range, ...]:
        """The tokens of each column."""
        return tuple(map(self.positions, self.columns))

    @cached_property
    def first(self) -> int:
        """The first token of the response, which may begin within the prompt."""
        end = len(self.prompt.text)
        return next(at for at, (_, stop) in enumerate(self.token_spans) if stop > end)

    @cached_property
    def pieces(self) -> tuple[Continuation, ...]:
        """The response as it stands: its rows and what is between them, each behind all before."""
        edges = {edge for place in self.row_positions for edge in (place.start, place.stop)}
        cuts = sorted({self.first, *edges, len(self.ids)})
        return tuple(
            Continuation(self.ids[:start], self.ids[start:stop], None)
            for start, stop in pairwise(cuts)
        )

    def question(self, tokens: Tokens, row: int, present: Sequence[bool]) -> Question:
        """Return the tokens before a row, with some columns taken out, and the row's own.

        A passage that is taken out takes the white space right behind it along. What is kept is
        tokenised with the row, where the row's tokens stay as they are; alone otherwise.

        Args:
            tokens: The model's tokenizer.
            row: The row.
            present: One flag for each column before it.
        """
        place = self.row_positions[row]
        own = self.ids[place.start : place.stop]
        if all(present):
            return self.ids[: place.start], own
        start, end = self.rows[row]
        kept = self._kept(start, present)
        ids = tokens.encode(kept + self.text[start:end])
        if len(ids) > len(own) and ids[-len(own) :] == own:
            return ids[: -len(own)], own
        return tokens.encode(kept), own

    def _kept(self, end: int, present: Sequence[bool]) -> str:
        """Return the text up to a character without the passages that are absent."""
        parts, position = [], 0
        for column, stays in zip(self.columns, present, strict=False):
            if not stays:
                start, stop = self.without(column)
                parts.append(self.text[position:start])
                position = min(stop, end)
        return "".join([*parts, self.text[position:end]])

    @property
    def before_steps(self) -> list[int]:
        """How many tokens stand before each step, and up to the end of the last one."""
        steps = self.row_positions[:-1]
        return [*(place.start for place in steps), steps[-1].stop]

    def without(self, column: Span) -> Span:
        """Return what a passage takes along: itself and the white space right behind it."""
        start, stop = column
        while stop < len(self.text) and self.text[stop].isspace():
            stop += 1
        return start, stop

    def axes(self, rows: slice, columns: slice) -> tuple[Axis, Axis]:
        """Return the axes of a map over some rows and columns."""
        return self._axis("step", self.rows, rows), self._axis("passage", self.columns, columns)

    def _axis(self, name: str, spans: Sequence[Span], own: slice) -> Axis:
        labels = distinct([on_one_line(self.text[start:end]) for start, end in spans])
        return Axis(name, labels[own], spans=tuple(spans[own]))


def require_tokens(passages: Passages) -> None:
    """Raise InputError where a step or the answer has no token of its own."""
    for span, place in zip(passages.rows, passages.row_positions, strict=True):
        if not place or place.start == 0:
            raise InputError(
                f"The step {passages.text[slice(*span)]!r} has no token of its own: the tokenizer "
                "joins it with what follows, or nothing stands before it; divide the response "
                "otherwise (--steps)."
            )


def require_hidden(passages: Passages) -> None:
    """Raise InputError where a part of the prompt has no token that could be hidden."""
    for span, place in zip(passages.columns, passages.column_positions, strict=True):
        if not place:
            raise InputError(
                f"The part {passages.text[slice(*span)]!r} has no token of its own, so its "
                "suppression would hide nothing; mark whole words, or read by deletion."
            )


def require_rest(tokens: Tokens, passages: Passages) -> None:
    """Raise InputError where nothing is left before the first step without the prompt's parts."""
    before, _ = passages.question(tokens, 0, [False] * passages.earlier(0))
    if not before:
        raise InputError(
            "Without its parts nothing of the prompt is left, so the first step would have nothing "
            "before it; keep some text outside of the parts."
        )


def require_room(model: LanguageModel, passages: Passages) -> None:
    """Raise InputError where the text is longer than the model's context."""
    limit, needed = model.context_length, len(passages.ids)
    if limit is None or needed <= limit:
        return
    steps = passages.row_positions[:-1]
    fit = sum(place.stop <= limit for place in steps)
    raise InputError(
        f"Prompt and response have {needed:,} tokens, but the model's context ends at {limit:,}: "
        f"{fit} of {len(steps)} steps fit; shorten the response to those, or choose a model of a "
        "longer context."
    )


def evidence(model: LanguageModel, passages: Passages) -> Evidence | None:
    """Return how probable the response was, by a pass of its own."""
    kept: list[Scores] = []
    before, own = passages.ids[: passages.first], passages.ids[passages.first :]
    model.score([before], [own], lambda _, scores: kept.append(scores), standing=[0])
    return evidence_of(model.tokens, own, kept[0])
