"""Forecast of an attribution's cost, from counts and a measured rate."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.attribution.many import TOKENS_GATHERED
from bathyscope.attribution.settings import AttributionSettings, check
from bathyscope.core.errors import BathyscopeError
from bathyscope.core.forecast import Forecast
from bathyscope.core.noting import noting
from bathyscope.games.estimate import Budget
from bathyscope.games.game import Coalitions, all_coalitions
from bathyscope.games.method import Method
from bathyscope.games.methods import every_method
from bathyscope.model.forest import Pass
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.rate import Rate, by_the_clock, cost_of, rate_of, writing
from bathyscope.prompt import Prompt

# A pass backwards takes about twice as long as one forwards.
_BACKWARDS = 2
# So many times coalitions are drawn: where nearly all are asked for, some stay out.
_ROUNDS = 50


def forecast_attribution(
    model: LanguageModel,
    prompt: Prompt,
    targets: Sequence[str | None],
    settings: AttributionSettings,
) -> Forecast:
    """Return what `attribute_each` will cost.

    Tokens are counted part by part, so that a token across the edge of a feature counts twice; of a
    sampled method as many random coalitions are counted as it may evaluate; an answer that is not
    given is taken to be as long as it may be.
    """
    rate, question = rate_of(model), _Question.of(model, prompt, targets, settings)
    written = writing([question.length] * bool(question.unwritten), settings.max_new_tokens)
    parts = [cost_of(model, rate, written)] * question.unwritten
    whole = Forecast.together([*parts, _asked(model, rate, [question], settings)])
    if settings.method not in GRADIENT_METHODS:
        whole = replace(whole, stops=settings.stops(len(question.prompt.features)))
    return by_the_clock(model, rate, whole)


def cost_of_many(
    model: LanguageModel,
    rate: Rate,
    prompts: Sequence[Prompt],
    targets: Sequence[str | None],
    settings: AttributionSettings,
    foils: Sequence[str | None],
) -> Forecast:
    """Return what `attribute_many` costs where nothing else runs, beside writing the answers.

    Counted as by `forecast_attribution`. What is gathered goes through the model together; a prompt
    that cannot be asked costs nothing.
    """
    asked = []
    for prompt, target, foil in zip(prompts, targets, foils, strict=True):
        own = settings if foil is None else replace(settings, against=foil)
        with suppress(BathyscopeError):
            check(prompt, [target], own)
            asked.append(_Question.of(model, prompt, [target], own))
    return _asked(model, rate, asked, settings)


class _Question(NamedTuple):
    """A prompt as the model reads it, the tokens of its answers, and how many are yet unwritten."""

    prompt: Prompt
    length: int
    answers: list[Ids]
    unwritten: int

    @classmethod
    def of(
        cls,
        model: LanguageModel,
        prompt: Prompt,
        targets: Sequence[str | None],
        settings: AttributionSettings,
    ) -> "_Question":
        with noting():  # what is noted of it belongs to the result
            prompt = settings.asked(model.tokens, prompt)
        texts = [*targets] if settings.against is None else [*targets, settings.against]
        answers = [_answer(model, text, settings.max_new_tokens) for text in texts]
        return cls(prompt, len(model.tokens.encode(prompt.text)), answers, texts.count(None))


def _asked(
    model: LanguageModel, rate: Rate, questions: Sequence[_Question], settings: AttributionSettings
) -> Forecast:
    """Return what some questions cost whose answers are there."""
    by_gradients = Forecast.together(
        [_gradients(model, rate, question, settings) for question in questions]
    )
    if settings.method in GRADIENT_METHODS:
        return by_gradients
    method = every_method()[settings.method]

    def texts_of(prompt: Prompt) -> list[Ids]:
        count = len(prompt.features)
        likely = likely_coalitions(method, count, settings.allowed, settings.screen)
        return _masked(model, prompt, likely, settings)

    masked = [texts_of(one.prompt) for one in questions]
    screen = [] if settings.screen is None else [by_gradients]

    def of(counts: Sequence[int]) -> Forecast:
        own = zip(questions, masked, counts, strict=True)
        texts = [[(ids, to) for ids in m[:count] for to in one.answers] for one, m, count in own]
        passes = list[Pass]()
        for together in _gathered(texts):
            prompts, targets = zip(*together, strict=True)
            passes += model.passes(prompts, targets, settings.batch_tokens)
        return Forecast.together([*screen, cost_of(model, rate, passes, sum(counts))])

    most = of([len(one) for one in masked])
    fewest = [
        _fewest(one.prompt, len(m), settings) for one, m in zip(questions, masked, strict=True)
    ]
    return most if sum(fewest) == most.evaluations else replace(most, least=of(fewest))


def _gathered(texts: Sequence[list[tuple[Ids, Ids]]]) -> Iterator[list[tuple[Ids, Ids]]]:
    """Yield prompts and targets that are scored together: those of questions, until enough."""
    together: list[tuple[Ids, Ids]] = []
    for own in texts:
        together = together + own
        if sum(len(prompt) + len(target) for prompt, target in together) >= TOKENS_GATHERED:
            yield together
            together = []
    if together:
        yield together


def _fewest(prompt: Prompt, most: int, settings: AttributionSettings) -> int:
    """Return how many of at most so many coalitions are evaluated at least."""
    count = len(prompt.features)
    if settings.stops(count) is None or settings.resolved(count).tolerance is None:
        return most
    return min(most, every_method()[settings.method].fewest(count))


def _gradients(
    model: LanguageModel, rate: Rate, question: _Question, settings: AttributionSettings
) -> Forecast:
    """Return what gradients of the answers cost: of each token a way back."""
    method = GRADIENT_METHODS.get(settings.method)
    rounds = settings.steps if method is not None and method.follows_path else 1
    found = []
    for ids in question.answers:
        one = cost_of(model, rate, [Pass(1, question.length + len(ids), 0, len(ids), 0)])
        times = rounds * (1 + _BACKWARDS * len(ids))
        found.append(replace(one, tokens=one.tokens * times, seconds=one.seconds * times))
    return Forecast.together(found)


def _answer(model: LanguageModel, text: str | None, longest: int) -> Ids:
    if text is None:
        return (0,) * longest
    return model.tokens.continuation("", text).target_ids


def likely_coalitions(
    method: Method, num_features: int, budget: Budget, kept: int | None = None
) -> Coalitions:
    """Return as many coalitions as a method will evaluate, those themselves where they are known.

    Args:
        method: The method.
        num_features: Features of the game.
        budget: What it may spend.
        kept: How many features a screen lets through; None is all.
    """
    count = method.evaluations(num_features, budget)
    if num_features < 31 and count >= 2**num_features:
        return all_coalitions(num_features)
    ends = np.array([[True] * num_features, [False] * num_features])
    if not method.samples and count == num_features + 2:
        some = np.linspace(0, num_features - 1, min(kept or num_features, num_features))
        return np.concatenate([ends, ~np.eye(num_features, dtype=bool)[some.astype(int)]])
    found = dict.fromkeys(map(tuple, ends.tolist()))
    generator = np.random.default_rng(budget.seed)
    for _ in range(_ROUNDS):  # methods draw none twice
        sizes = generator.random((count, 1))
        drawn = generator.random((count, num_features)) < sizes
        found |= dict.fromkeys(map(tuple, drawn.tolist()))
        if len(found) >= count:
            break
    return np.array([*found][:count])


def _masked(
    model: LanguageModel, prompt: Prompt, coalitions: Coalitions, settings: AttributionSettings
) -> list[Ids]:
    """Return about the token ids of the prompt under each coalition, put together from parts."""
    baseline = settings.baseline if isinstance(settings.baseline, str) else ""
    before = model.tokens.encode("")

    def read(text: str) -> Ids:
        return model.tokens.encode(text)[len(before) :] if text else ()

    spans = [(0, 0), *prompt.features]
    between = [
        read(prompt.text[end:start])
        for (_, end), start in zip(
            spans, [*(start for start, _ in prompt.features), len(prompt.text)], strict=True
        )
    ]
    parts = [read(label) for label in prompt.labels]
    absent = read(baseline)
    found = []
    for present in coalitions.tolist():
        ids = before + between[0]
        for part, stays, after in zip(parts, present, between[1:], strict=True):
            ids += (part if stays else absent) + after
        found.append(ids or (0,))
    return found
