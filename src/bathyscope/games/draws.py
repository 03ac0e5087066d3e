"""Pairs of a coalition and its complement, none twice; a larger number continues a smaller one.

Of a set function only the odd part, v(S) − v(complement of S), has Shapley and Banzhaf values, so
pairs are what they are estimated from. A Shapley value gives every size of coalition the same
weight: `draw_by_size` draws every size equally often (the leverage scores of Musco & Witter 2024,
"Provably accurate Shapley value estimation via leverage score sampling", arXiv 2410.01917). Sizes
of which few coalitions exist are soon drawn completely, and then leave no error behind. A Banzhaf
value gives every coalition the same weight: `draw_alike`.
"""

from collections.abc import Callable
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
        chance: The share of all pairs like it (by size: of its two sizes) that were drawn, (n,).
        place: How many pairs like it were drawn before it, shape (n,).
    """

    present: Coalitions
    chance: FloatArray
    place: Places

    @property
    def signs(self) -> FloatArray:
        """+1 where the first coalition has the feature, −1 where the second has, (n, features)."""
        return np.where(self.present, 1.0, -1.0)

    def coalitions(self) -> Coalitions:
        """Return both coalitions of each pair, one behind the other, shape (2n, features)."""
        both = np.stack([self.present, ~self.present], axis=1)
        return both.reshape(-1, self.present.shape[1])


def number_of_pairs(features: int) -> int:
    """Return how many pairs there are, beside that of the whole and the empty coalition."""
    pairs: int = 2 ** (features - 1) - 1
    return pairs


def draw_by_size(features: int, count: int, seed: int) -> Pairs:
    """Return random pairs, every size of coalition equally often; at most as many as there are.

    Each size has a random order of its own, from the seed, and sizes take turns: so the first
    pairs of many are the same as few.
    """
    sizes = _turns(features, count)
    present = np.zeros((len(sizes), features), dtype=np.bool_)
    chance, place = np.empty(len(present)), np.empty(len(present), dtype=np.intp)
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        present[rows] = _of_size(features, int(size), len(rows), seed)
        chance[rows] = len(rows) / _pairs_of(features, int(size))
        place[rows] = np.arange(len(rows))
    return Pairs(present, chance, place)


def draw_alike(features: int, count: int, seed: int) -> Pairs:
    """Return random pairs, every pair as likely as another; at most as many as there are."""
    count = min(count, number_of_pairs(features))
    generator = np.random.default_rng(seed)

    def some(rows: int) -> Coalitions:
        drawn = generator.random((rows, features)) < 0.5
        drawn = drawn ^ (2 * drawn.sum(axis=1) > features)[:, None]
        drawn ^= ((2 * drawn.sum(axis=1) == features) & ~drawn[:, 0])[:, None]
        smaller: Coalitions = drawn[drawn.any(axis=1)]
        return smaller

    present = _different(some, count, features)
    share = count / max(number_of_pairs(features), 1)
    return Pairs(present, np.full(count, share), np.arange(count))


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

    def some(rows: int) -> Coalitions:
        drawn: Coalitions = generator.random((rows, features)).argsort(axis=1) < size
        return drawn ^ ~drawn[:, :1] if 2 * size == features else drawn

    return _different(some, count, features)


def _different(some: Callable[[int], Coalitions], count: int, features: int) -> Coalitions:
    """Return the first different ones of those that come, shape (count, features)."""
    found: dict[bytes, NDArray[np.bool_]] = {}
    while len(found) < count:
        # Rows come one by one from a generator: how many at once changes none of them.
        drawn = some(count + 8)
        for key, row in zip(coalition_keys(drawn), drawn, strict=True):
            found.setdefault(key, row)
    return np.array(list(found.values())[:count], dtype=np.bool_).reshape(count, features)
