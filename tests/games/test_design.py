"""Designs: each pair is the one that brute force would choose, and all together tell more."""

from collections import Counter
from functools import partial

import numpy as np
import pytest

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.by_process import by_process
from bathyscope.games.design import CHOSEN, FADING, POOL, Draw, draw_design
from bathyscope.games.draws import draw_by_size
from bathyscope.games.game import coalition_keys
from bathyscope.games.indices import SHAPLEY
from bathyscope.games.pair_sample import see
from bathyscope.games.process import distances
from bathyscope.games.shapley import exact_shapley
from tests.games.games import log_probability_game

designed: Draw = partial(draw_design, SHAPLEY, draw_by_size)
DRAWS: tuple[Draw, Draw] = (designed, draw_by_size)


def left_open(signs: FloatArray) -> float:
    """Return the variance of all Shapley values after some pairs and the ends, from its formula."""
    features = signs.shape[1]
    seen = np.concatenate([np.ones((1, features)), signs])
    wanted = SHAPLEY.wanted(seen, FADING)
    covariance = SHAPLEY.process.covariance(distances(seen), features, FADING)
    told = wanted.effects.T @ np.linalg.solve(covariance, wanted.effects)
    return float(np.trace(wanted.prior - told))


@pytest.mark.parametrize("features", [6, 7])
def test_every_other_pair_of_a_size_is_the_one_that_leaves_least_open(features: int) -> None:
    """And those between are the first of the random ones that were not taken."""
    chosen = designed(features, 14, 1).signs
    pool = draw_by_size(features, POOL, 1).signs
    telling, met = 0, Counter[float]()
    for count in range(14):
        size = chosen[count].sum()
        taken = {row.tobytes() for row in chosen[:count]}
        others = [row for row in pool if row.sum() == size and row.tobytes() not in taken]
        met[size] += 1
        if met[size] % 2 == 0:
            np.testing.assert_array_equal(chosen[count], others[0])
            continue
        left = [left_open(np.concatenate([chosen[:count], row[None]])) for row in others]
        own = left_open(chosen[: count + 1])
        assert own == pytest.approx(min(left), rel=1e-5)
        telling += max(left) > 1.001 * own
    assert telling > 1, "it must matter which is chosen"


@pytest.mark.parametrize(("features", "count"), [(12, 66), (20, 114), (40, 234)])
def test_a_design_leaves_less_open_than_random_pairs(features: int, count: int) -> None:
    ratio = [
        left_open(designed(features, count, seed).signs)
        / left_open(draw_by_size(features, count, seed).signs)
        for seed in range(2)
    ]
    assert np.mean(ratio) < 0.95


def test_sizes_come_as_in_random_draws_and_later_pairs_are_random_again() -> None:
    count = CHOSEN + 90
    pairs, random = designed(14, count, 5), draw_by_size(14, count, 5)
    np.testing.assert_array_equal(pairs.present.sum(axis=1), random.present.sum(axis=1))
    np.testing.assert_array_equal(pairs.chance, random.chance)
    assert len(set(coalition_keys(pairs.coalitions()))) == 2 * count
    assert (pairs.present != random.present).any()


def test_shapley_values_of_a_design_are_closer() -> None:
    """Over games that the design knows nothing of."""
    squares = np.zeros(2)
    for seed in range(12):
        game = log_probability_game(10, seed)
        exact = exact_shapley(game)
        for place, draw in enumerate(DRAWS):
            found = by_process(SHAPLEY, see(game, draw(10, 59, seed)), seed)
            squares[place] += ((found.values - exact) ** 2).mean()
    assert squares[0] < 0.85 * squares[1]
