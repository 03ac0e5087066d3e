"""Agreement of two halves of the samples: how far a sampled map's ranking can be trusted."""

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.ranks import rank_correlation


def agreement_of_halves(halves: FloatArray) -> float | None:
    """Return Spearman's ρ between the rankings that two halves of the samples give.

    Both halves are summed over the targets; `core.ranks.rank_correlation` defines ρ. A half has
    half the samples, so the whole map's own ranking is steadier than this says.

    Args:
        halves: Shape (2, targets, features).

    Returns:
        ρ, or None where a half gives every feature the same value and so ranks nothing.
    """
    one, other = (half.sum(axis=0) for half in halves)
    return rank_correlation(one, other)
