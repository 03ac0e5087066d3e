"""Estimates of an index of a game by Gaussian processes, with the errors of every sum."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.draws import Places
from bathyscope.games.estimate import Estimate
from bathyscope.games.foretold import share_foretold, share_missed
from bathyscope.games.indices import SHAPLEY, Index
from bathyscope.games.kriging import Posterior, krige
from bathyscope.games.pair_sample import PairSample
from bathyscope.games.process import EVEN, distances

DRAWS = 100
"""Replicates: maps as they might be as well."""


def by_process(index: Index, sample: PairSample, seed: int) -> Estimate:
    """Return the mean over `process.FADINGS` of what each process expects, by how likely each is.

    Error: the posterior covariance of each process times its variance (`Posterior.misses`), and how
    far the processes disagree; of an `uneven` index times `Posterior.unevenness`. Replicates are
    random maps of that distribution, scaled so that `replicates.jackknife_error` gives its
    deviation.

    Returns:
        Values (targets, of the index).
    """
    seen = _Seen(index, sample)
    weighted = index.process.fadings(seen.signs, seen.rest)
    shares = np.array([share for _, share in weighted])
    fits = [seen.posterior(fading) for fading, _ in weighted]
    values = np.tensordot(shares, np.stack([fit.values for fit in fits]), axes=1)
    left = np.tensordot(shares, np.stack([fit.left for fit in fits]), axes=1)
    error, of_whole, replicates = _errors(index, sample, shares, fits, seed)
    expected, drawn = seen.told - left, sample.pairs.chance
    halves = [seen.half(sample.pairs.place % 2 == which, weighted[0][0]) for which in (0, 1)]
    return Estimate(
        values=values,
        standard_error=error,
        degrees_of_freedom=len(seen.signs) - seen.basis.shape[1],
        halves=(halves[0], halves[1]),
        whole_target_error=of_whole,
        replicates=replicates,
        unseen=sample.unseen(left, expected, values.shape[1]),
        whole_target_unseen=sample.whole_unseen(left, expected, values.shape[1]),
        foretold=share_foretold(left[1:], seen.varied[1:], drawn),
        missed=share_missed(left[1:], drawn, sample.span),
    )


def _errors(
    index: Index, sample: PairSample, shares: FloatArray, fits: list[Posterior], seed: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the errors of cells (targets, k), of their sums over targets (k,), and replicates."""
    each = np.stack([fit.values for fit in fits])
    apart, drawn = each - np.tensordot(shares, each, axes=1), sample.pairs.chance
    misses = [fit.misses(drawn) for fit in fits]
    of_sum = [fit.misses_of_sum(drawn) for fit in fits]
    error = _error(shares, apart, misses, fits)
    of_whole = _error(shares, apart.sum(axis=1, keepdims=True), of_sum, fits)
    replicates = _draws(shares, each, misses, fits, seed)
    if index.uneven:
        times = _times(shares, fits, misses, [fit.left for fit in fits])
        sums = [fit.left.sum(axis=1, keepdims=True) for fit in fits]
        of_whole = of_whole * _times(shares, fits, of_sum, sums)
        centre = replicates.mean(axis=0)
        error, replicates = error * times, centre + (replicates - centre) * times
    return error, of_whole[0], replicates


def _times(
    shares: FloatArray, fits: list[Posterior], misses: list[FloatArray], left: list[FloatArray]
) -> FloatArray:
    """Return the mean unevenness over all processes, (targets, k)."""
    each = [
        fit.unevenness(of_seen, missed)
        for fit, of_seen, missed in zip(fits, left, misses, strict=True)
    ]
    mean: FloatArray = np.tensordot(shares, np.stack(each), axes=1)
    return mean


class _Seen:
    """Half of the game that has the index, as it was seen."""

    def __init__(self, index: Index, sample: PairSample) -> None:
        self._index = index
        self.signs = sample.signs
        self.told = sample.sums if index.process is EVEN else sample.differences
        self.basis = index.process.basis(self.signs)
        # Without what the basis alone explains, since rounding grows with the size of numbers.
        self._free = np.linalg.pinv(self.basis) @ self.told
        rest = self.told - self.basis @ self._free
        rest[np.abs(rest) <= 1e-13 * np.abs(self.told).max(axis=0)] = 0.0
        self.rest = rest
        # A constant is no difference between pairs.
        self.varied = rest if index.process is EVEN else self.told

    def posterior(self, fading: float, kept: Places | slice = slice(None)) -> Posterior:
        """Return what the process of one η says, of all that was seen or of some rows."""
        signs, process = self.signs[kept], self._index.process
        covariance = process.covariance(distances(signs), signs.shape[1], fading)
        wanted = self._index.wanted(signs, fading)
        found = krige(self.basis[kept], covariance, self.rest[kept], wanted)
        values = found.values + (self._free.T @ wanted.of_basis)
        return replace(found, values=self._complete(values))

    def half(self, kept: NDArray[np.bool_], fading: float) -> FloatArray:
        """Return the values by some of the pairs, and the ends."""
        return self.posterior(fading, np.concatenate([[0], 1 + np.flatnonzero(kept)])).values

    def _complete(self, values: FloatArray) -> FloatArray:
        """Return values whose rows sum to the ends without rounding, where they should."""
        if self._index is not SHAPLEY:
            return values
        short = self.told[0] - values.sum(axis=-1)
        complete: FloatArray = values + short[:, None] / values.shape[-1]
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


def _draws(
    shares: FloatArray,
    each: FloatArray,
    misses: list[FloatArray],
    fits: list[Posterior],
    seed: int,
) -> FloatArray:
    """Return random maps, (draws, targets, of the index)."""
    generator = np.random.default_rng([seed, DRAWS])
    chosen = generator.choice(len(fits), DRAWS, p=shares)
    maps = np.empty((DRAWS, *each.shape[1:]))
    for place, fit in enumerate(fits):
        rows = np.flatnonzero(chosen == place)
        maps[rows] = each[place] + _deviations(misses[place], fit.covariance, generator, len(rows))
    centre = maps.mean(axis=0)
    scaled: FloatArray = centre + (maps - centre) * (np.sqrt(DRAWS) / (DRAWS - 1))
    return scaled


def _deviations(
    misses: FloatArray, covariance: FloatArray, generator: np.random.Generator, count: int
) -> FloatArray:
    """Return deviations whose covariance is that of the targets' misses ⊗ that of the values.

    What the covariance leaves no room for, as the sum of a row of Shapley values, does not deviate.
    """
    known = np.isfinite(misses).all(axis=0)
    of_targets = np.asarray(np.linalg.qr(np.where(known, misses, 0.0), mode="r"))
    variances, axes = np.linalg.eigh(covariance)
    possible = variances > variances.max() * 1e-12
    of_values = axes[:, possible] * np.sqrt(variances[possible])
    free = generator.normal(size=(count, len(of_targets), of_values.shape[1]))
    found = of_targets.T @ free @ of_values.T
    found[:, ~known] = np.nan
    return np.asarray(found)
