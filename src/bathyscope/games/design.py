"""Designs: pairs of which every other one is, of many random ones, that which tells most.

Of random pairs some repeat what others have told. A Gaussian process (`process`) says beforehand,
without any value, by how much a pair would narrow what is not known of an index yet; so pairs are
chosen one after another, of those of one size among random ones that which narrows it most (active
learning by integrated variance: Cohn, Ghahramani & Jordan 1996, "Active learning with statistical
models"). Chosen pairs lie far from each other, and how well they foretell each other says less of
those that were not drawn than random ones do: so every second pair of a size comes by chance, and
errors are honest where values know nothing of their neighbours, too. Sizes come as often as in
random draws, and no feature is treated unlike another: each coalition of a size is as likely to be
chosen as before. Values are asked of no model.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.draws import Pairs, Places
from bathyscope.games.indices import Index
from bathyscope.games.process import JITTER

Draw = Callable[[int, int, int], Pairs]
"""From features, how many and a seed to random pairs, of which few are the first of many."""

POOL = 4096
"""Random pairs of which each is chosen."""

CHOSEN = 512
"""Pairs that are chosen; further ones come as they are drawn, since choosing takes time and room
(half a second and 16 MB here)."""

FADING = 0.2
"""η of the process by which pairs are chosen."""

ALIKE = 1e-6
"""Pairs that tell as much up to this share tell the same, so that rounding chooses none."""


def draw_design(index: Index, draw: Draw, features: int, count: int, seed: int) -> Pairs:
    """Return pairs of the sizes of random ones, those that tell most about an index first.

    A larger count continues a smaller one.

    Args:
        index: What is wanted.
        draw: Gives random pairs.
        features: Number of features.
        count: How many; at most as many as there are.
        seed: Where random numbers start.
    """
    drawn, asked = draw(features, max(count, POOL), seed), draw(features, count, seed)
    if len(drawn.present) < 2:
        return asked  # there is nothing to choose
    sizes = drawn.present.sum(axis=1)
    chosen = _chosen(index, draw, features, min(count, CHOSEN), seed)
    return replace(asked, present=drawn.present[_first(chosen, sizes)[: len(asked.present)]])


@lru_cache(maxsize=32)
def _chosen(index: Index, draw: Draw, features: int, count: int, seed: int) -> tuple[int, ...]:
    """Return the places in the pool of the pairs that are chosen, one after another."""
    pool = draw(features, POOL, seed)
    sizes = pool.present.sum(axis=1)
    turns = sizes[:count]
    choice, met, places = _Choice(index, pool.signs, len(turns)), Counter[int](), []
    for size in turns.tolist():
        met[size] += 1
        among = sizes == size
        places.append(choice.best(among) if met[size] % 2 else choice.next(among))
    return tuple(places)


def _first(chosen: tuple[int, ...], sizes: NDArray[np.int_]) -> Places:
    """Return an order of pairs in which sizes come as they do, the chosen pairs of each first."""
    order = np.empty(len(sizes), dtype=np.intp)
    later = np.ones(len(sizes), dtype=np.bool_)
    later[list(chosen)] = False
    for size in np.unique(sizes):
        own = [place for place in chosen if sizes[place] == size]
        rows = sizes == size
        order[rows] = np.concatenate([np.array(own, dtype=np.intp), np.flatnonzero(rows & later)])
    return order


class _Choice:
    """Pairs of a pool, chosen one after another, the ends before all.

    Kept are the variance of each pair's difference, and its covariance with the index, after what
    was chosen: one step of a Cholesky factorisation for each.
    """

    def __init__(self, index: Index, signs: FloatArray, room: int) -> None:
        features = signs.shape[1]
        self._signs, self._features = signs, features
        self._by_distance = index.process.by_distance(features, FADING)
        self._variance = np.full(len(signs), self._by_distance[0] + JITTER)
        self._with_index = index.wanted(signs, FADING).effects.T.copy()
        self._steps, self._taken = np.empty((1 + room, len(signs))), 0
        self._open = np.ones(len(signs), dtype=np.bool_)
        ends = np.ones((1, features))
        effect = index.wanted(ends, FADING).effects[0]
        self._take(self._to(ends[0]), effect, float(self._by_distance[0]))

    def best(self, among: NDArray[np.bool_]) -> int:
        """Take the pair, of those not taken yet, that narrows the index most; return its place."""
        narrows = (self._with_index**2).sum(axis=0) / np.maximum(self._variance, JITTER)
        narrows[~(among & self._open)] = -1.0
        return self._take_place(int(np.flatnonzero(narrows >= narrows.max() * (1 - ALIKE))[0]))

    def next(self, among: NDArray[np.bool_]) -> int:
        """Take the first pair that is not taken yet; return its place."""
        return self._take_place(int(np.flatnonzero(among & self._open)[0]))

    def _take_place(self, place: int) -> int:
        steps = self._steps[: self._taken]
        covariance = self._to(self._signs[place]) - steps[:, place] @ steps
        self._open[place] = False
        self._take(
            covariance, self._with_index[:, place], max(float(self._variance[place]), JITTER)
        )
        return place

    def _to(self, signs: FloatArray) -> FloatArray:
        """Return the covariance of a pair with all of the pool before anything was taken."""
        apart = np.rint((self._features - self._signs @ signs) / 2).astype(np.intp)
        covariance: FloatArray = self._by_distance[apart]
        return covariance

    def _take(self, covariance: FloatArray, effect: FloatArray, variance: float) -> None:
        """Account for a pair: its covariance with the pool and with the index, and its variance."""
        step = covariance / np.sqrt(variance)
        self._with_index -= np.outer(effect / np.sqrt(variance), step)
        self._variance -= step**2
        self._steps[self._taken] = step
        self._taken += 1
