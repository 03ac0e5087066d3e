"""Shapley values of a sample of pairs by weighted least squares, where there are many."""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.draws import Pairs, Places
from bathyscope.games.estimate import Estimate
from bathyscope.games.pair_sample import PairSample
from bathyscope.games.replicates import SHARES


def shapley_by_regression(sample: PairSample) -> Estimate:
    """Return the linear model closest to the game in the Shapley kernel's weights.

    Shapley values are its coefficients (Charnes et al. 1988; Lundberg & Lee 2017, "A unified
    approach to interpreting model predictions"), with the sum held to v(all) − v(none). A pair
    weighs the kernel divided by its chance of having been drawn.

    Error: from the residuals, each divided by 1 − leverage (HC3), times 1 − that chance: what was
    drawn completely leaves none. Replicates add up the same influences in `SHARES` shares.
    """
    signs, differences = sample.pairs.signs, sample.differences
    solve, of_ends = _map(sample.pairs, np.arange(len(signs)))
    values = solve @ differences + np.outer(of_ends, sample.ends)
    leverage = np.einsum("nf,fn->n", signs, solve)
    left = (differences - signs @ values) / np.maximum(1 - leverage, 1e-9)[:, None]
    weight = solve * np.sqrt(1 - sample.pairs.chance)
    parity = [np.flatnonzero(sample.pairs.place % 2 == which) for which in (0, 1)]
    at_ends = sample.ends - _free(sample).sum(axis=0)
    fitted = signs @ values
    return Estimate(
        values=values.T,
        standard_error=np.sqrt(weight**2 @ left**2).T,
        degrees_of_freedom=len(signs) + 1 - signs.shape[1],
        halves=(_half(sample, parity[0]), _half(sample, parity[1])),
        whole_target_error=np.sqrt(weight**2 @ left.sum(axis=1) ** 2),
        replicates=_replicates(values, weight, left),
        unseen=sample.unseen(left, at_ends, fitted),
        whole_target_unseen=sample.whole_unseen(left, at_ends, fitted),
    )


def _weights(pairs: Pairs, rows: Places) -> FloatArray:
    """Return kernel / chance of some pairs, up to a factor: 1 / (s (F − s) · pairs of size s)."""
    sizes, features = pairs.present[rows].sum(axis=1), pairs.present.shape[1]
    drawn = np.bincount(sizes, minlength=features)
    # A pair of the middle size stands for two coalitions, but there are half as many.
    middle = np.where(2 * sizes == features, 0.5, 1.0)
    weights: FloatArray = middle / (sizes * (features - sizes) * drawn[sizes])
    return weights


def _map(pairs: Pairs, rows: Places) -> tuple[FloatArray, FloatArray]:
    """Return the map (features, n) from differences to values, and that from the ends."""
    signs, weights = pairs.signs[rows], _weights(pairs, rows)
    inverse = np.linalg.pinv(signs.T @ (weights[:, None] * signs), hermitian=True)
    of_ends = inverse.sum(axis=1) / inverse.sum()
    free = inverse @ (signs * weights[:, None]).T
    return free - np.outer(of_ends, free.sum(axis=0)), of_ends


def _free(sample: PairSample) -> FloatArray:
    """Return the fit that knows nothing of the ends."""
    signs = sample.pairs.signs
    root = np.sqrt(_weights(sample.pairs, np.arange(len(signs))))[:, None]
    fit: FloatArray = np.linalg.pinv(root * signs) @ (root * sample.differences)
    return fit


def _half(sample: PairSample, rows: Places) -> FloatArray:
    solve, of_ends = _map(sample.pairs, rows)
    values: FloatArray = (solve @ sample.differences[rows] + np.outer(of_ends, sample.ends)).T
    return values


def _replicates(values: FloatArray, weight: FloatArray, left: FloatArray) -> FloatArray:
    """Return the values less each share's influence, as if it had not been drawn."""
    shares = [
        values - weight[:, share::SHARES] @ left[share::SHARES] * (SHARES / (SHARES - 1))
        for share in range(SHARES)
    ]
    return np.stack(shares).swapaxes(1, 2)
