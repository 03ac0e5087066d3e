"""Forecast of a batch's cost, from counts and a measured rate."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from bathyscope.attribution.forecast import cost_of_many
from bathyscope.core.errors import BathyscopeError
from bathyscope.core.forecast import Forecast
from bathyscope.core.noting import noting
from bathyscope.games.methods import INTERACTIONS
from bathyscope.layers.forecast import cost_of_cells, cost_of_depth
from bathyscope.model.beginning import beginning_as
from bathyscope.model.chat import ChatSettings
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.rate import Rate, by_the_clock, cost_of, rate_of, writing
from bathyscope.prompt import Prompt
from bathyscope.prompt.segmenters import TOKENS, features_in
from bathyscope.study.questions import Shard, StudyQuestion
from bathyscope.study.settings import BatchSettings


def forecast_shards(
    model: LanguageModel, shards: Sequence[Shard], settings: BatchSettings
) -> Forecast:
    """Return what it costs to answer some shards in this process.

    Answers are taken to be as long as they may be, and of a method that samples from the fewest
    evaluations to the most are counted. A question that cannot be asked costs nothing.
    """
    rate = rate_of(model)
    parts = [_Counting(model, rate, settings).cost(shard) for shard in shards]
    return by_the_clock(model, rate, Forecast.together(parts))


class _Counting:
    """Counts what the questions of a shard cost where nothing else runs."""

    def __init__(self, model: LanguageModel, rate: Rate, settings: BatchSettings) -> None:
        self.model, self.rate, self.settings = model, rate, settings

    def cost(self, shard: Shard) -> Forecast:
        """Return the cost of a shard."""
        asked = [*self._readable(question for question, _ in shard)]
        own = self.settings
        parts = [
            cost_of(self.model, self.rate, writing([*self._unwritten(asked)], own.max_new_tokens))
        ]
        if own.attribution is not None:
            parts += self._attributed(asked)
        if own.depth is not None:
            parts += self._each(asked, self._depth)
        if own.think is not None:
            parts += self._each(asked, self._thought)
        return Forecast.together(parts)

    def _readable(self, questions: Iterator[StudyQuestion]) -> Iterator[StudyQuestion]:
        """Yield the questions that can be asked, with the features that the model finds."""
        for question in questions:
            prompt = question.prompt
            if question.problem is not None or prompt is None:
                continue
            if self.settings.features == TOKENS:
                with suppress(BathyscopeError):
                    spans, marked = self.model.tokens.spans, bool(prompt.features)
                    found = features_in(prompt.text, prompt.features, TOKENS, spans, marked)
                    yield question.of(Prompt(prompt.text, found.spans, TOKENS, prompt.notes))
                continue
            yield question

    def _unwritten(self, asked: Sequence[StudyQuestion]) -> Iterator[int]:
        """Yield the lengths of the texts that the model goes on from, each text once."""
        own = self.settings
        texts: dict[str, int] = {}
        for chat, of in (
            (own.chat, lambda one: None if own.answer or own.think else ""),
            (own.attribution, lambda one: one.target),
            (own.depth, _response),
        ):
            if chat is not None:
                for one in asked:
                    with suppress(BathyscopeError):
                        if of(one) is None:
                            text = self._text(one, chat)
                            texts[text] = len(self.model.tokens.encode(text))
        yield from texts.values()

    def _text(self, question: StudyQuestion, chat: ChatSettings) -> str:
        assert question.prompt is not None
        with noting():
            return chat.asked(self.model.tokens, question.prompt).text

    def _attributed(self, asked: Sequence[StudyQuestion]) -> Iterator[Forecast]:
        assert self.settings.attribution is not None
        own = replace(self.settings.attribution, max_new_tokens=self.settings.max_new_tokens)
        together = own.method != INTERACTIONS.name
        for part in [asked] if together else [[one] for one in asked]:
            prompts = [one.prompt for one in part if one.prompt is not None]
            targets = [one.target for one in part]
            foils = [one.record.text("against") for one in part]
            yield cost_of_many(self.model, self.rate, prompts, targets, own, foils)

    def _each(
        self, asked: Sequence[StudyQuestion], of: Callable[[StudyQuestion], Forecast]
    ) -> Iterator[Forecast]:
        for one in asked:
            with suppress(BathyscopeError):
                yield of(one)

    def _depth(self, question: StudyQuestion) -> Forecast:
        assert self.settings.depth is not None
        model, response = beginning_as(self.model, self.settings.depth.begin), _response(question)
        count = len(model.tokens.encode(self._text(question, self.settings.depth)))
        asked = self.settings.max_new_tokens
        if response is not None:
            asked = len(model.tokens.continuation("", response).target_ids)
        return cost_of_depth(model, self.rate, count, asked)

    def _thought(self, question: StudyQuestion) -> Forecast:
        own = self.settings.think
        assert own is not None
        count = len(self.model.tokens.encode(self._text(question, own)))
        read, *written = writing([count] * own.n, own.max_new_tokens)
        passes = [read._replace(rows=1, scored=1, kept=count), *written]
        prefixes = own.n * min(own.prefix, own.max_new_tokens)
        return Forecast.together(
            [cost_of(self.model, self.rate, passes), cost_of_cells(self.model, prefixes)]
        )


def _response(question: StudyQuestion) -> str | None:
    """Return the response whose layers are read; None where the model writes it."""
    return question.record.text("response") or question.target
