"""Attention suppression in a chain: a step becomes invisible, and the later ones are read again."""

from dataclasses import dataclass

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.noting import note
from bathyscope.core.progress import Progress
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.suppression import Suppressor, suppressor
from bathyscope.model.suppression_effects import (
    NUCLEUS_TEMPERATURE,
    nucleus_divergence,
    token_effects,
)
from bathyscope.reasoning.passages import Passages

STAGE = "suppress passages"
_LEAST = 1e-9  # what the published code adds to a divergence before its logarithm


@dataclass(frozen=True)
class Suppressed:
    """Losses of each row where a passage before it cannot be seen; 0 where none is before it.

    Attributes:
        divergence: Mean KL(base ‖ suppressed) of the row's tokens, nats, (rows, columns).
        change: Mean of ln p suppressed − ln p base of the row's tokens, nats, likewise.
    """

    divergence: FloatArray
    change: FloatArray


def suppressed(model: LanguageModel, passages: Passages, progress: Progress) -> Suppressed:
    """Return what each passage's suppression does to each row, whole vocabulary, temperature 1.

    Source: "attention suppression" of Bogdan et al. 2025, "Thought Anchors", arXiv 2506.19143,
    without its truncation to a nucleus.
    """
    text = suppressor(model, passages.ids)
    shape = len(passages.rows), len(passages.columns)
    divergence, change = np.zeros(shape), np.zeros(shape)
    for column, keys in enumerate(passages.column_positions):
        progress(STAGE, column, shape[1])
        first = max(0, column - passages.num_parts + 1)
        for row, (lost, changed) in _effects(text, passages, keys, first, 1.0).items():
            divergence[row, column], change[row, column] = lost.mean(), changed.mean()
    progress(STAGE, shape[1], shape[1])
    return Suppressed(divergence, change)


def log_divergence(
    model: LanguageModel, passages: Passages, progress: Progress
) -> tuple[FloatArray, FloatArray]:
    """Return the mean of ln(KL + 1e-9) of each row for each step before it, at temperature 0.6.

    The whole vocabulary, the mask and the positions of `suppressed`: the published measure without
    its truncation.

    Returns:
        The means less the row's mean over the steps before it, and the means as they are, both
        (rows, steps), 0 where a step is not before the row.
    """
    text = suppressor(model, passages.ids)
    raw = np.zeros((len(passages.rows), len(passages.rows) - 1))
    for step, keys in enumerate(passages.row_positions[:-1]):
        progress(STAGE, step, raw.shape[1])
        effects = _effects(text, passages, keys, step + 1, NUCLEUS_TEMPERATURE)
        for row, (lost, _) in effects.items():
            raw[row, step] = np.log(lost + _LEAST).mean()
    progress(STAGE, raw.shape[1], raw.shape[1])
    return less_row_mean(raw), raw


def published(
    model: LanguageModel, passages: Passages, progress: Progress
) -> tuple[FloatArray, FloatArray]:
    """Return the same as the published code computes it (`nucleus_divergence`), with a warning.

    A sentence takes the white space behind it along, its tokens are those between the lengths of
    the tokenised texts up to its ends, and it is judged at the positions in it, which predict the
    tokens one further.

    Returns:
        As `log_divergence`.
    """
    note(
        "The published measure keeps at most 100 tokens of a prediction and gives the others a "
        "probability of nearly 0, so it reaches 15 nats where nuclei differ, whatever the "
        "step says; --variant kl takes the whole vocabulary."
    )
    edges = [start for start, _ in passages.rows]
    bounds = [len(model.tokens.encode(passages.text[:edge])) for edge in edges]
    bounds.append(len(model.tokens.encode(passages.text[: passages.rows[-1][1]])))
    text = suppressor(model, passages.ids[: bounds[-1]])
    raw = np.zeros((len(passages.rows), len(passages.rows) - 1))
    for step in range(raw.shape[1]):
        progress(STAGE, step, raw.shape[1])
        divergence = np.log(nucleus_divergence(text, range(*bounds[step : step + 2])) + _LEAST)
        for row in range(step + 1, len(raw)):
            raw[row, step] = divergence[bounds[row] : bounds[row + 1]].mean()
    progress(STAGE, raw.shape[1], raw.shape[1])
    return less_row_mean(raw), raw


def less_row_mean(raw: FloatArray) -> FloatArray:
    """Return a map of steps less each row's mean over the steps before it; 0 elsewhere."""
    values = np.zeros_like(raw)
    for row in range(1, len(raw)):
        values[row, :row] = raw[row, :row] - raw[row, :row].mean()
    return values


def _effects(
    text: Suppressor, passages: Passages, keys: range, first: int, temperature: float
) -> dict[int, tuple[FloatArray, FloatArray]]:
    """Return what the tokens of each row from the first on lose, by row."""
    places = dict(enumerate(passages.row_positions[first:], first))
    if not keys:
        return {}
    tokens = [token for place in places.values() for token in place]
    divergence, change = token_effects(text, keys, tokens, temperature)
    ends = np.cumsum([len(place) for place in places.values()])[:-1]
    parts = zip(np.split(divergence, ends), np.split(change, ends), strict=True)
    return dict(zip(places, parts, strict=True))
