"""Forecast of an attribution's cost, from counts and a measured rate."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.attribution.settings import AttributionSettings
from bathyscope.core.forecast import Forecast
from bathyscope.core.noting import noting
from bathyscope.games.game import Coalitions, all_coalitions
from bathyscope.games.method import Method
from bathyscope.games.methods import every_method
from bathyscope.model.forest import Pass
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.rate import Rate, by_the_clock, rate_of
from bathyscope.model.room import peak_bytes
from bathyscope.prompt import Prompt

# A pass backwards takes about twice as long as one forwards.
_BACKWARDS = 2


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
    with noting():  # what is noted of it belongs to the result
        prompt = settings.asked(model.tokens, prompt)
    texts = [*targets] if settings.against is None else [*targets, settings.against]
    answers = [_answer(model, text, settings.max_new_tokens) for text in texts]
    rate = rate_of(model)
    written = sum(text is None for text in texts) * settings.max_new_tokens
    whole = len(model.tokens.encode(prompt.text))
    writing = [Pass(1, 1, whole, 1, 0)] * written
    by_gradients = _gradients(rate, whole, answers, settings)
    if settings.method in GRADIENT_METHODS:
        seconds = by_gradients.seconds + rate.seconds(writing)
        peak = peak_bytes(model.model, by_gradients.passes, rate.bytes_per_token)
        return by_the_clock(model, rate, Forecast(by_gradients.tokens + written, seconds, peak))
    coalitions = _coalitions(len(prompt.features), settings)
    screen = _NOTHING if settings.screen is None else by_gradients
    masked = _masked(model, prompt, coalitions, settings)

    def of(count: int) -> Forecast:
        prompts = [ids for ids in masked[:count] for _ in answers]
        passes = model.passes(prompts, answers * count, settings.batch_tokens)
        return Forecast(
            sum(one.rows * one.new for one in passes) + screen.tokens + written,
            rate.seconds([*passes, *writing]) + screen.seconds,
            peak_bytes(model.model, [*passes, *screen.passes], rate.bytes_per_token),
            count,
        )

    most, stops = of(len(masked)), settings.stops(len(prompt.features))
    least = None
    if stops is not None and settings.resolved(len(prompt.features)).tolerance is not None:
        least = of(min(len(masked), _method(settings).fewest(len(prompt.features))))
    return by_the_clock(model, rate, replace(most, least=least, stops=stops))


class _Gradients(NamedTuple):
    """Cost of gradients: tokens, seconds, and the passes that hold the most."""

    tokens: int
    seconds: float
    passes: list[Pass]


_NOTHING = _Gradients(0, 0.0, [])


def _gradients(
    rate: Rate, whole: int, answers: Sequence[Ids], settings: AttributionSettings
) -> _Gradients:
    """Return what gradients of some answers cost, after a prompt of so many tokens."""
    method = GRADIENT_METHODS.get(settings.method)
    rounds = settings.steps if method is not None and method.follows_path else 1
    passes = [Pass(1, whole + len(ids), 0, len(ids), 0) for ids in answers]
    times = [1 + _BACKWARDS * len(ids) for ids in answers]
    tokens = rounds * sum(p.new * n for p, n in zip(passes, times, strict=True))
    seconds = rounds * sum(rate.seconds([p]) * n for p, n in zip(passes, times, strict=True))
    return _Gradients(tokens, seconds, passes)


def _answer(model: LanguageModel, text: str | None, longest: int) -> Ids:
    if text is None:
        return (0,) * longest
    return model.tokens.continuation("", text).target_ids


def _method(settings: AttributionSettings) -> Method:
    return every_method()[settings.method]


def _coalitions(num_features: int, settings: AttributionSettings) -> Coalitions:
    """Return as many coalitions as will be evaluated, those themselves where they are known."""
    method = _method(settings)
    count = method.evaluations(num_features, settings.allowed)
    if num_features < 31 and count >= 2**num_features:
        return all_coalitions(num_features)
    ends = np.array([[True] * num_features, [False] * num_features])
    if not method.samples and count == num_features + 2:
        kept = min(settings.screen or num_features, num_features)
        some = np.linspace(0, num_features - 1, kept).astype(int)
        return np.concatenate([ends, ~np.eye(num_features, dtype=bool)[some]])
    generator = np.random.default_rng(settings.seed)
    sizes = generator.random((count - 2, 1))
    drawn: Coalitions = generator.random((count - 2, num_features)) < sizes
    return np.concatenate([ends, drawn])


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
