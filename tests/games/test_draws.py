"""Pairs of complements: different, equally many of each size, few of them the first of many."""

from collections.abc import Callable
from functools import partial
from itertools import combinations
from math import comb

import numpy as np
import pytest

from bathyscope.games.design import draw_design
from bathyscope.games.draws import Pairs, draw_alike, draw_by_size, number_of_pairs
from bathyscope.games.game import coalition_keys
from bathyscope.games.indices import BANZHAF, SHAPLEY

Draw = Callable[[int, int, int], Pairs]
DRAWS = [
    draw_by_size,
    draw_alike,
    partial(draw_design, SHAPLEY, draw_by_size),
    partial(draw_design, BANZHAF, draw_alike),
]


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("features", [1, 2, 3, 4, 5, 6, 7, 9])
def test_all_pairs_are_all_coalitions_but_the_ends(features: int, draw: Draw) -> None:
    pairs = draw(features, 10**4, 1)
    assert len(pairs.present) == number_of_pairs(features)
    keys = set(coalition_keys(pairs.coalitions())) if len(pairs.present) else set()
    assert len(keys) == 2**features - 2
    assert (pairs.chance == 1).all()


@pytest.mark.parametrize("features", [6, 13, 40, 300])
def test_sizes_take_turns_and_no_coalition_comes_twice(features: int) -> None:
    pairs = draw_by_size(features, 12 * features, seed=2)
    coalitions = pairs.coalitions()
    assert len(set(coalition_keys(coalitions))) == len(coalitions)
    drawn = np.bincount(coalitions.sum(axis=1), minlength=features + 1)
    open_ = np.unique(pairs.present[pairs.chance < 1].sum(axis=1))
    if len(open_):
        assert np.ptp(drawn[open_]) <= 2, "a pair of the middle size is two of one size"
    for size in range(1, features // 2 + 1):
        rows = np.flatnonzero(pairs.present.sum(axis=1) == size)
        assert pairs.place[rows].tolist() == list(range(len(rows)))


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("features", [7, 12, 40])
def test_few_pairs_are_the_first_of_many(features: int, draw: Draw) -> None:
    many = draw(features, 60, 3)
    for count in (1, 17, 59):
        few = draw(features, count, 3)
        np.testing.assert_array_equal(few.present, many.present[:count])
        assert (few.chance <= many.chance[:count]).all()
    assert (draw(features, 60, 4).present != many.present).any()


@pytest.mark.parametrize("features", [5, 6, 300])
def test_pairs_that_are_drawn_alike_are_smaller_halves_each_as_often(features: int) -> None:
    pairs = [draw_alike(features, 12, seed) for seed in range(300)]
    present = np.concatenate([one.present for one in pairs])
    sizes = present.sum(axis=1)
    assert (2 * sizes <= features).all() and present[2 * sizes == features, 0].all()
    chosen = [1.0 * (comb(features, s) if s else 0) for s in range(features // 2 + 1)]
    if features % 2 == 0:
        chosen[-1] /= 2
    expected = np.array(chosen) / sum(chosen) * len(sizes)
    counts = np.bincount(sizes, minlength=len(chosen))
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected + 1)).all()


@pytest.mark.parametrize("draw", [draw_by_size, partial(draw_design, SHAPLEY, draw_by_size)])
def test_every_coalition_of_a_size_is_drawn_equally_often(draw: Draw) -> None:
    met = {frozenset(pair): 0 for size in (2, 3) for pair in combinations(range(6), size)}
    for seed in range(400):
        for row in draw(6, 12, seed).coalitions():
            key = frozenset(np.flatnonzero(row).tolist())
            if key in met:
                met[key] += 1
    for size in (2, 3):
        counts = np.array([n for key, n in met.items() if len(key) == size])
        expected = counts.mean()
        assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all() and expected > 50
