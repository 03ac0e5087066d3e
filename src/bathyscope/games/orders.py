"""Random orders of arrival: the coalitions they pass through, and each feature's effect on the way.

An order is kept as ranks: rank[i] is how many features arrived before feature i.
"""

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.game import Coalitions

Ranks = NDArray[np.intp]


def random_ranks(generator: np.random.Generator, orders: int, features: int) -> Ranks:
    """Return uniformly random orders, shape (orders, features)."""
    return generator.random((orders, features)).argsort(axis=1)


def prefixes(ranks: Ranks) -> Coalitions:
    """Return the coalitions of the first 0, 1, …, F arrivals, shape (…, F + 1, F)."""
    sizes = np.arange(ranks.shape[-1] + 1)
    first: Coalitions = ranks[..., None, :] < sizes[:, None]
    return first


def ranks_of(prefixes: Coalitions) -> Ranks:
    """Return the order whose prefixes these are."""
    ranks: Ranks = prefixes.shape[-1] - prefixes.sum(axis=-2, dtype=np.intp)
    return ranks


def by_feature(by_rank: FloatArray, ranks: Ranks) -> FloatArray:
    """Give each feature what belongs to its rank.

    Args:
        by_rank: Shape (n, F, targets).
        ranks: Shape (n, F).

    Returns:
        Float64 array (n, targets, F).
    """
    gathered: FloatArray = np.take_along_axis(by_rank, ranks[:, :, None], axis=1)
    return gathered.transpose(0, 2, 1)
