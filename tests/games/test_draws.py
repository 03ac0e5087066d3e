"""Pairs of complements: different, equally many of each size, few of them the first of many."""

from itertools import combinations

import numpy as np
import pytest

from bathyscope.games.draws import draw_pairs, number_of_pairs
from bathyscope.games.game import coalition_keys


@pytest.mark.parametrize("features", [2, 3, 4, 5, 6, 7, 9])
def test_all_pairs_are_all_coalitions_but_the_ends(features: int) -> None:
    pairs = draw_pairs(features, 10**4, seed=1)
    assert len(pairs.present) == number_of_pairs(features)
    keys = set(coalition_keys(pairs.coalitions()))
    assert len(keys) == 2**features - 2
    assert (pairs.chance == 1).all()


@pytest.mark.parametrize("features", [6, 13, 40, 300])
def test_sizes_take_turns_and_no_coalition_comes_twice(features: int) -> None:
    pairs = draw_pairs(features, 12 * features, seed=2)
    coalitions = pairs.coalitions()
    assert len(set(coalition_keys(coalitions))) == len(coalitions)
    drawn = np.bincount(coalitions.sum(axis=1), minlength=features + 1)
    open_ = np.unique(pairs.present[pairs.chance < 1].sum(axis=1))
    if len(open_):
        assert np.ptp(drawn[open_]) <= 2, "a pair of the middle size is two of one size"
    for size in range(1, features // 2 + 1):
        rows = np.flatnonzero(pairs.present.sum(axis=1) == size)
        assert pairs.place[rows].tolist() == list(range(len(rows)))


@pytest.mark.parametrize("features", [7, 12, 40])
def test_few_pairs_are_the_first_of_many(features: int) -> None:
    many = draw_pairs(features, 60, seed=3)
    for count in (1, 17, 59):
        few = draw_pairs(features, count, seed=3)
        np.testing.assert_array_equal(few.present, many.present[:count])
        np.testing.assert_array_equal(few.chance, many.first(count).chance)
    assert (draw_pairs(features, 60, seed=4).present != many.present).any()


def test_every_coalition_of_a_size_is_drawn_equally_often() -> None:
    met = {frozenset(pair): 0 for size in (2, 3) for pair in combinations(range(6), size)}
    for seed in range(400):
        for row in draw_pairs(6, 12, seed).coalitions():
            key = frozenset(np.flatnonzero(row).tolist())
            if key in met:
                met[key] += 1
    for size in (2, 3):
        counts = np.array([n for key, n in met.items() if len(key) == size])
        expected = counts.mean()
        assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all() and expected > 50
