"""Shapley and Banzhaf values of a sample of pairs by least squares, where there are many."""

from collections.abc import Callable

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.draws import Pairs, Places
from bathyscope.games.estimate import Estimate
from bathyscope.games.foretold import share_foretold, share_missed
from bathyscope.games.pair_sample import PairSample
from bathyscope.games.replicates import SHARES

Map = Callable[[Pairs, Places], tuple[FloatArray, FloatArray]]
"""From pairs and which of them to the map from their differences, and that from the ends."""


def shapley_by_regression(sample: PairSample) -> Estimate:
    """Return the linear model closest to the game in the Shapley kernel's weights.

    Shapley values are its coefficients (Charnes et al. 1988; Lundberg & Lee 2017, "A unified
    approach to interpreting model predictions"), with the sum held to v(all) − v(none). A pair
    weighs the kernel divided by its chance of having been drawn.
    """
    root = np.sqrt(_weights(sample.pairs, _rows(sample)))[:, None]
    free = np.linalg.pinv(root * sample.pairs.signs) @ (root * sample.differences[1:])
    return _by_regression(sample, _complete_map, free)


def banzhaf_by_regression(sample: PairSample) -> Estimate:
    """Return the linear model closest to the game, all coalitions weighing alike.

    Banzhaf values are its coefficients (Hammer & Holzman 1992); from pairs of complements: Liu et
    al. 2024, "Kernel Banzhaf", arXiv 2410.08336. The ends are not used: they are two of 2^F.
    """
    free = np.linalg.pinv(sample.pairs.signs) @ sample.differences[1:]
    return _by_regression(sample, _plain_map, free)


def _by_regression(sample: PairSample, make: Map, free: FloatArray) -> Estimate:
    """Return the values of a map from differences with their errors.

    Error: from the residuals, each divided by 1 − leverage (HC3), times 1 − the chance of having
    been drawn: what was drawn completely leaves none. Replicates add up the same influences in
    `SHARES` shares.

    Args:
        sample: What was seen.
        make: Gives the map for some of the pairs.
        free: The fit that knows nothing of the ends, (features, targets).
    """
    signs, differences, ends = sample.pairs.signs, sample.differences[1:], sample.differences[0]

    def values(rows: Places) -> FloatArray:
        solve, of_ends = make(sample.pairs, rows)
        return np.asarray(solve @ differences[rows] + np.outer(of_ends, ends))

    solve, of_ends = make(sample.pairs, _rows(sample))
    whole = values(_rows(sample))
    leverage = np.einsum("nf,fn->n", signs, solve)
    left = (differences - signs @ whole) / np.maximum(1 - leverage, 1e-9)[:, None]
    weight = solve * np.sqrt(1 - sample.pairs.chance)
    halves = [values(np.flatnonzero(sample.pairs.place % 2 == which)).T for which in (0, 1)]
    missed = np.concatenate([(ends - free.sum(axis=0))[None], left])
    expected = sample.differences - missed
    return Estimate(
        values=whole.T,
        standard_error=np.sqrt(weight**2 @ left**2).T,
        degrees_of_freedom=len(signs) + int(of_ends.any()) - signs.shape[1],
        halves=(halves[0], halves[1]),
        whole_target_error=np.sqrt(weight**2 @ left.sum(axis=1) ** 2),
        replicates=_replicates(whole, weight, left),
        unseen=sample.unseen(missed, expected, signs.shape[1]),
        whole_target_unseen=sample.whole_unseen(missed, expected, signs.shape[1]),
        foretold=share_foretold(left, differences, sample.pairs.chance),
        missed=share_missed(left, sample.pairs.chance, sample.span),
    )


def _rows(sample: PairSample) -> Places:
    return np.arange(len(sample.pairs.present))


def _plain_map(pairs: Pairs, rows: Places) -> tuple[FloatArray, FloatArray]:
    """Return the map (features, n) from differences to values, and that from the ends: none."""
    solve: FloatArray = np.linalg.pinv(pairs.signs[rows]).astype(np.float64)
    of_ends: FloatArray = np.zeros(len(solve))
    return solve, of_ends


def _weights(pairs: Pairs, rows: Places) -> FloatArray:
    """Return kernel / chance of some pairs, up to a factor: 1 / (s (F − s) · pairs of size s)."""
    sizes, features = pairs.present[rows].sum(axis=1), pairs.present.shape[1]
    drawn = np.bincount(sizes, minlength=features)
    # A pair of the middle size stands for two coalitions, but there are half as many.
    middle = np.where(2 * sizes == features, 0.5, 1.0)
    weights: FloatArray = middle / (sizes * (features - sizes) * drawn[sizes])
    return weights


def _complete_map(pairs: Pairs, rows: Places) -> tuple[FloatArray, FloatArray]:
    """Return the same of values whose sum is held to the ends'."""
    signs, weights = pairs.signs[rows], _weights(pairs, rows)
    inverse = np.linalg.pinv(signs.T @ (weights[:, None] * signs), hermitian=True)
    of_ends = inverse.sum(axis=1) / inverse.sum()
    free = inverse @ (signs * weights[:, None]).T
    return free - np.outer(of_ends, free.sum(axis=0)), of_ends


def _replicates(values: FloatArray, weight: FloatArray, left: FloatArray) -> FloatArray:
    """Return the values less each share's influence, as if it had not been drawn."""
    shares = [
        values - weight[:, share::SHARES] @ left[share::SHARES] * (SHARES / (SHARES - 1))
        for share in range(SHARES)
    ]
    return np.stack(shares).swapaxes(1, 2)
