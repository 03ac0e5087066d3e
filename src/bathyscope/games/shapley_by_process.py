"""Shapley values of a sample of pairs by Gaussian processes, with the errors of every sum."""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Estimate
from bathyscope.games.pair_sample import PairSample
from bathyscope.games.process import Posterior, fadings, posterior

DRAWS = 100
"""Replicates: maps as they might be as well."""


def shapley_by_process(sample: PairSample, seed: int) -> Estimate:
    """Return the mean over `process.FADINGS` of what each process expects, by how likely each is.

    Error: the posterior covariance of each process times its variance (`Posterior.misses`), and how
    far the processes disagree. Replicates are random maps of that distribution, scaled so that
    `replicates.jackknife_error` gives its deviation.
    """
    signs, differences = sample.with_ends
    linear = np.linalg.pinv(signs) @ differences
    rest = differences - signs @ linear
    rest[np.abs(rest) <= 1e-13 * np.abs(differences).max(axis=0)] = 0.0
    weighted = fadings(signs, rest)
    shares = np.array([share for _, share in weighted])
    fits = [posterior(signs, rest, fading) for fading, _ in weighted]
    each = np.stack([_complete(linear.T + fit.values, sample.ends) for fit in fits])
    values = np.tensordot(shares, each, axes=1)
    left = np.tensordot(shares, np.stack([fit.left for fit in fits]), axes=1)
    fitted, drawn = signs @ values.T, sample.pairs.chance
    misses = [fit.misses(drawn) for fit in fits]
    of_sum = [fit.misses_of_sum(drawn) for fit in fits]
    apart = each - values
    return Estimate(
        values=values,
        standard_error=_error(shares, apart, misses, fits),
        degrees_of_freedom=len(signs) - signs.shape[1],
        halves=(
            _half(sample, linear, rest, weighted[0][0], 0),
            _half(sample, linear, rest, weighted[0][0], 1),
        ),
        whole_target_error=_error(shares, apart.sum(axis=1, keepdims=True), of_sum, fits)[0],
        replicates=_draws(shares, each, misses, fits, seed),
        unseen=sample.unseen(left[1:], left[0], fitted),
        whole_target_unseen=sample.whole_unseen(left[1:], left[0], fitted),
    )


def _complete(values: FloatArray, ends: FloatArray) -> FloatArray:
    """Return values (…, features) whose rows sum to the ends without rounding."""
    complete: FloatArray = values + (ends - values.sum(axis=-1))[..., None] / values.shape[-1]
    return complete


def _error(
    shares: FloatArray, apart: FloatArray, misses: list[FloatArray], fits: list[Posterior]
) -> FloatArray:
    """Return the deviation over all processes: within each, and between them."""
    within = [
        np.outer((missed**2).sum(axis=0), np.maximum(np.diag(fit.covariance), 0))
        for missed, fit in zip(misses, fits, strict=True)
    ]
    error: FloatArray = np.sqrt(np.tensordot(shares, np.stack(within) + apart**2, axes=1))
    return error


def _half(
    sample: PairSample, linear: FloatArray, rest: FloatArray, fading: float, which: int
) -> FloatArray:
    """Return the values by every other pair of each size, and the ends."""
    signs, _ = sample.with_ends
    kept = np.concatenate([[0], 1 + np.flatnonzero(sample.pairs.place % 2 == which)])
    found = posterior(signs[kept], rest[kept], fading).values
    return _complete(linear.T + found, sample.ends)


def _draws(
    shares: FloatArray,
    each: FloatArray,
    misses: list[FloatArray],
    fits: list[Posterior],
    seed: int,
) -> FloatArray:
    """Return random maps, (draws, targets, features), rows summing to the ends."""
    generator = np.random.default_rng([seed, DRAWS])
    chosen = generator.choice(len(fits), DRAWS, p=shares)
    maps = np.empty((DRAWS, *each.shape[1:]))
    for index, fit in enumerate(fits):
        rows = np.flatnonzero(chosen == index)
        off = _deviations(misses[index], fit.covariance, generator, len(rows))
        maps[rows] = each[index] + off
    centre = maps.mean(axis=0)
    scaled: FloatArray = centre + (maps - centre) * (np.sqrt(DRAWS) / (DRAWS - 1))
    return scaled


def _deviations(
    misses: FloatArray, covariance: FloatArray, generator: np.random.Generator, count: int
) -> FloatArray:
    """Return deviations whose covariance is that of the targets' misses ⊗ that of the features."""
    known = np.isfinite(misses).all(axis=0)
    of_targets = np.asarray(np.linalg.qr(np.where(known, misses, 0.0), mode="r"))
    variances, axes = np.linalg.eigh(covariance)
    of_features = axes * np.sqrt(np.maximum(variances, 0))
    free = generator.normal(size=(count, len(of_targets), len(variances)))
    found = of_targets.T @ free @ of_features.T
    found -= found.mean(axis=-1, keepdims=True)
    found[:, ~known] = np.nan
    return np.asarray(found)
