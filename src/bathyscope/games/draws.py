"""Pairs of a coalition and its complement, none twice, equally many coalitions of each size.

Of a set function only the odd part, v(S) − v(complement of S), has Shapley values, so pairs are
what they are estimated from. A Shapley value gives every size of coalition the same weight; drawn
equally often, every size tells as much (the leverage scores of Musco & Witter 2024, "Provably
accurate Shapley value estimation via leverage score sampling", arXiv 2410.01917). Sizes of which
few coalitions exist are soon drawn completely, and then leave no error behind.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.game import Coalitions, coalition_keys

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Pairs:
    """Pairs in the order in which they are evaluated; a longer row continues a shorter one.

    Attributes:
        present: The first coalition of each, shape (n, features), never larger than the second.
        chance: The share of all pairs of its two sizes that were drawn, shape (n,).
        place: How many pairs of its two sizes were drawn before it, shape (n,).
    """

    present: Coalitions
    chance: FloatArray
    place: Places

    @property
    def signs(self) -> FloatArray:
        """+1 where the first coalition has the feature, −1 where the second has, (n, features)."""
        return np.where(self.present, 1.0, -1.0)

    def first(self, count: int) -> "Pairs":
        """Return the first pairs alone, as if no more had been drawn."""
        return draw_pairs_like(self.present[:count])

    def coalitions(self) -> Coalitions:
        """Return both coalitions of each pair, one behind the other, shape (2n, features)."""
        both = np.stack([self.present, ~self.present], axis=1)
        return both.reshape(-1, self.present.shape[1])


def number_of_pairs(features: int) -> int:
    """Return how many pairs there are, beside that of the whole and the empty coalition."""
    pairs: int = 2 ** (features - 1) - 1
    return pairs


def draw_pairs(features: int, count: int, seed: int) -> Pairs:
    """Return random pairs, at most as many as there are.

    Each size has a random order of its own, from the seed, and sizes take turns: so the first
    pairs of many are the same as few.
    """
    sizes = _turns(features, count)
    present = np.zeros((len(sizes), features), dtype=np.bool_)
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        present[rows] = _of_size(features, int(size), len(rows), seed)
    return draw_pairs_like(present)


def draw_pairs_like(present: Coalitions) -> Pairs:
    """Return drawn pairs with what follows from how many of each size there are."""
    features, sizes = present.shape[1], present.sum(axis=1)
    chance, place = np.empty(len(present)), np.empty(len(present), dtype=np.intp)
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        chance[rows] = len(rows) / _pairs_of(features, int(size))
        place[rows] = np.arange(len(rows))
    return Pairs(present, chance, place)


def _pairs_of(features: int, size: int) -> int:
    """Return how many pairs have a smaller coalition of this size."""
    return comb(features, size) // (2 if 2 * size == features else 1)


def _turns(features: int, count: int) -> Places:
    """Return the smaller size of each of the first pairs, shape (at most count,).

    A pair is one coalition of either size, or two of the middle one, which therefore comes half
    as often.
    """
    times, sizes = [], []
    for size in range(1, features // 2 + 1):
        number = min(count, _pairs_of(features, size))
        times.append((np.arange(number) + 0.5) * (2 if 2 * size == features else 1))
        sizes.append(np.full(number, size, dtype=np.intp))
    if not sizes:
        return np.zeros(0, dtype=np.intp)
    turns: Places = np.concatenate(sizes)[np.argsort(np.concatenate(times), kind="stable")]
    return turns[:count]


def _of_size(features: int, size: int, count: int, seed: int) -> Coalitions:
    """Return different random coalitions of one size, the middle one's with feature 0 in them."""
    generator = np.random.default_rng([seed, size])
    found: dict[bytes, NDArray[np.bool_]] = {}
    while len(found) < count:
        # Rows come one by one from the generator: how many at once changes none of them.
        drawn = generator.random((count + 8, features)).argsort(axis=1) < size
        if 2 * size == features:
            drawn ^= ~drawn[:, :1]
        for key, row in zip(coalition_keys(drawn), drawn, strict=True):
            found.setdefault(key, row)
    return np.stack(list(found.values())[:count])
