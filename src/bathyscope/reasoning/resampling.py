"""Resampling a chain: the steps are written anew, and the final answers are compared."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.noting import note
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.writing import sampled
from bathyscope.reasoning.passages import Passages
from bathyscope.reasoning.settings import ChainSettings
from bathyscope.reasoning.similarity import SIMILARITIES
from bathyscope.reasoning.steps import steps_in
from bathyscope.runs.chain_checks import RANGES
from bathyscope.thinking.answer_rules.rules import extractor, gold_as_read

SMOOTHING = 0.5
"""Added to the count of every answer that was seen on either side (Jeffreys' prior)."""

BOOTSTRAPS = 1000
"""Samples of the answers with replacement, behind each interval."""

Answers = Sequence[str | None]


@dataclass(frozen=True)
class Bootstrapped:
    """One number of each step with its bootstrap: the value, its deviation, the 95 % interval.

    Attributes:
        value: NaN where no continuation was left to compare with.
        error: Standard deviation over the bootstraps.
        low: Lower end of the interval (`_interval`), at most the value.
        high: Upper end, at least the value.
    """

    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True)
class Resampled:
    """Changes of the final answers where each step is written anew.

    Attributes:
        divergence: KL(answers without the step ‖ with it), nats, smoothed, for each step.
        variation: Total variation of the two distributions, 0..1, unsmoothed.
        accuracy: Share of right answers with the step minus that without; None without gold.
        different: Continuations whose new step means something else than the step did.
        answers: For each place, before the first step to behind the last, the answers counted;
            no answer is "".
        tokens: How many were written.
    """

    divergence: tuple[Bootstrapped, ...]
    variation: tuple[Bootstrapped, ...]
    accuracy: tuple[Bootstrapped, ...] | None
    different: tuple[int, ...]
    answers: tuple[dict[str, int], ...]
    tokens: int


@dataclass(frozen=True)
class _Place:
    """The continuations from one place: their final answers, first steps, and tokens."""

    answers: list[str | None]
    steps: list[str]
    tokens: int


def resampled(model: LanguageModel, passages: Passages, settings: ChainSettings) -> Resampled:
    """Return what each step does to the distribution of final answers.

    Counterfactual importance of Bogdan et al. 2025, "Thought Anchors", arXiv 2506.19143: from
    before each step n continuations are sampled. Those whose first step means the same as the step
    did (cosine at least `settings.same`) are left out; the others' answers are compared with those
    of the continuations from behind the step. KL of the first from the second, both smoothed by
    `SMOOTHING`; bootstrap over the continuations of both sides.
    """
    starts = passages.before_steps
    rooms = [_room(model, start, settings) for start in starts]
    warnings.warn(
        f"Up to {sum(rooms) * settings.n:,} tokens are written: {settings.n} continuations of up "
        f"to {max(rooms)} tokens from each of {len(starts)} places.",
        stacklevel=6,
    )
    written = _written(model, [passages.ids[:start] for start in starts], rooms, settings)
    places = [
        _place(model, passages, start, own, settings)
        for start, own in zip(starts, written, strict=True)
    ]
    _note_silent(places, settings.answer_rule)
    generator = np.random.default_rng(settings.seed)
    compare = SIMILARITIES.require(settings.similarity)
    gold = gold_as_read(settings.gold, settings.answer_rule)
    found: tuple[list[Bootstrapped], ...] = ([], [], [])
    different = []
    for step, (before, behind) in enumerate(pairwise(places)):
        text = passages.text[slice(*passages.rows[step])]
        other = np.flatnonzero(compare.to(text, before.steps) < settings.same)
        without = [before.answers[int(index)] for index in other]
        different.append(len(without))
        measured = _compared(without, behind.answers, gold, generator)
        for of_steps, one in zip(found, measured, strict=True):
            of_steps.append(one)
    divergence, variation, accuracy = map(tuple, found)
    return Resampled(
        divergence,
        variation,
        None if gold is None else accuracy,
        tuple(different),
        tuple(dict(Counter(answer or "" for answer in place.answers)) for place in places),
        sum(place.tokens for place in places),
    )


def _room(model: LanguageModel, start: int, settings: ChainSettings) -> int:
    """Return the most tokens that a continuation from a place may have."""
    limit = model.context_length
    room = settings.max_new_tokens if limit is None else min(settings.max_new_tokens, limit - start)
    if room < 1:
        raise InputError(
            f"There is no room for a continuation behind {start:,} tokens: the model's context "
            f"ends at {limit:,}."
        )
    return room


def _written(
    model: LanguageModel, begins: Sequence[Ids], rooms: Sequence[int], settings: ChainSettings
) -> list[list[Ids]]:
    """Return the n continuations from each place, by seeds of their own.

    What stands before a place is the beginning of what stands before the next, so one pass over the
    text is enough for all, and continuations of different places are written side by side.
    """
    n, found = settings.n, dict[int, Ids]()
    for room in sorted(set(rooms), reverse=True):
        own = [one for one in range(n * len(begins)) if rooms[one // n] == room]
        texts = sampled(
            model,
            [begins[one // n] for one in own],
            room,
            [settings.seed + one for one in own],
            settings.temperature,
            settings.progress,
        )
        found |= dict(zip(own, texts, strict=True))
    return [[found[place * n + i] for i in range(n)] for place in range(len(begins))]


def _place(
    model: LanguageModel,
    passages: Passages,
    start: int,
    written_ids: Sequence[Ids],
    settings: ChainSettings,
) -> _Place:
    extract = extractor(settings.answer_rule)
    written = [_plain(model, ids) for ids in written_ids]
    first = passages.token_spans[start - 1][1] - len(passages.prompt.text)
    kept = passages.response[: max(0, first)]
    return _Place(
        [extract(kept + text) for text in written],
        [_first_step(kept, text, settings.steps) for text in written],
        sum(map(len, written_ids)),
    )


def _note_silent(places: Sequence[_Place], rule: str) -> None:
    """Say where most continuations do not come to an answer, which counts as one of its own."""
    answers = [answer for place in places for answer in place.answers]
    silent = sum(not answer for answer in answers)
    if 2 * silent <= len(answers):
        return
    so = (
        "so that no step can be told from another"
        if silent == len(answers)
        else "which counts as an answer of its own"
    )
    note(
        f"{silent:,} of {len(answers):,} continuations have no answer by the rule {rule!r}, "
        f"{so}; let them be longer (--max-new-tokens), choose another rule (--answer), or show the "
        "form of the answer in the prompt."
    )


def _plain(model: LanguageModel, ids: Sequence[int]) -> str:
    """Return the text of a continuation without the token that ends it."""
    special = set(model.tokens.tokenizer.all_special_ids)
    return model.tokens.spelled([id for id in ids if id not in special]) if ids else ""


def _first_step(kept: str, text: str, rule: str) -> str:
    """Return the first step of a continuation, divided with what stands before it.

    A step that goes on from what was kept counts from where the continuation begins. Where there
    is none, because it is empty or holds nothing that the rule finds, the continuation as a whole.
    """
    whole, begin = kept + text, len(kept)
    new = (whole[max(start, begin) : end] for start, end in steps_in(whole, rule) if end > begin)
    return next(new, text).strip()


def _compared(
    without: Answers, kept: Answers, gold: str | None, generator: np.random.Generator
) -> tuple[Bootstrapped, Bootstrapped, Bootstrapped]:
    """Return KL, total variation and change of accuracy, with their bootstrap intervals."""
    if not without or not kept:
        nothing = Bootstrapped(np.nan, np.nan, np.nan, np.nan)
        return nothing, nothing, nothing
    known = sorted({answer or "" for answer in (*without, *kept)})
    own, other = (_table(answers, known) for answers in (without, kept))
    right = np.array([answer == gold for answer in known], dtype=np.float64)
    values = _numbers(own[None], other[None], right)[0]
    drawn = [
        generator.multinomial(int(counts.sum()), counts / counts.sum(), BOOTSTRAPS).astype(float)
        for counts in (own, other)
    ]
    samples = _numbers(drawn[0], drawn[1], right)
    divergence, variation, accuracy = (
        _interval(float(value), own, *RANGES[name])
        for name, value, own in zip(RANGES, values, samples.T, strict=True)
    )
    return divergence, variation, accuracy


def _interval(value: float, samples: FloatArray, least: float, most: float) -> Bootstrapped:
    """Return a number with its interval: the bootstrap's, centred on it, and wider by its bias.

    KL and total variation cannot fall below 0, so their bootstrap lies above them: its percentiles
    as they are would seldom hold a 0 that is true. By as much as its mean lies off the number, the
    number itself is expected to lie off the truth; on that side the interval reaches further.
    """
    mean = float(samples.mean())
    low, high = np.percentile(samples, [2.5, 97.5]) - mean
    bias = mean - value
    return Bootstrapped(
        value,
        float(samples.std(ddof=1)),
        float(np.clip(value + low - max(bias, 0.0), least, value)),
        float(np.clip(value + high - min(bias, 0.0), value, most)),
    )


def _table(answers: Answers, known: Sequence[str]) -> FloatArray:
    counted = Counter(answer or "" for answer in answers)
    return np.array([counted[answer] for answer in known], dtype=np.float64)


def _numbers(without: FloatArray, kept: FloatArray, right: FloatArray) -> FloatArray:
    """Return KL, total variation and accuracy of counts (n, answers), shape (n, 3)."""
    size = without.shape[1]
    p, q = (
        (counts + SMOOTHING) / (counts.sum(axis=1, keepdims=True) + SMOOTHING * size)
        for counts in (without, kept)
    )
    plain_p, plain_q = (counts / counts.sum(axis=1, keepdims=True) for counts in (without, kept))
    divergence = (p * np.log(p / q)).sum(axis=1)
    variation = np.abs(plain_p - plain_q).sum(axis=1) / 2
    accuracy = (plain_q - plain_p) @ right
    found: FloatArray = np.stack([divergence, variation, accuracy], axis=1)
    return found
