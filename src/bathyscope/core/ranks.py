"""Rank correlation: how far two lists of numbers put things in the same order."""

import numpy as np

from bathyscope.core.heatmap import FloatArray


def rank_correlation(one: FloatArray, other: FloatArray) -> float | None:
    """Return Spearman's ρ of two lists of numbers, shape (n,) each.

    Pearson's correlation of the ranks, equal values sharing the mean of their ranks (Spearman
    1904). 1: the same order; 0: nothing in common; −1: reversed. No unit.

    Returns:
        ρ, or None where one list gives everything the same value and so ranks nothing.
    """
    first, second = _centred_ranks(one), _centred_ranks(other)
    norm = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / norm if norm else None


def _centred_ranks(values: FloatArray) -> FloatArray:
    """Return mean ranks minus their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: FloatArray = (np.cumsum(counts) - (counts + 1) / 2)[place]
    ranks -= ranks.mean()
    return ranks
