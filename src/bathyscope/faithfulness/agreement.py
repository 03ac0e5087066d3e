"""How far a sampled map's ranking can be trusted: do two halves of the samples agree on it?"""

import numpy as np

from bathyscope.heatmap import FloatArray


def agreement_of_halves(halves: FloatArray) -> float | None:
    """Return Spearman's ρ between the rankings that two halves of the samples give.

    Both halves are summed over the targets; ρ is Pearson's correlation of the features' ranks,
    equal values sharing the mean of their ranks (Spearman 1904). 1: the same ranking; 0: nothing
    in common; −1: reversed. No unit. A half has half the samples, so the whole map's own ranking
    is steadier than this says.

    Args:
        halves: Shape (2, targets, features).

    Returns:
        ρ, or None where a half gives every feature the same value and so ranks nothing.
    """
    one, other = (_centred_ranks(half.sum(axis=0)) for half in halves)
    norm = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / norm if norm else None


def _centred_ranks(values: FloatArray) -> FloatArray:
    """Return mean ranks minus their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: FloatArray = (np.cumsum(counts) - (counts + 1) / 2)[place]
    ranks -= ranks.mean()
    return ranks
