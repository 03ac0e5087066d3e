"""Methods against brute force over random games, and against the axioms they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bathyscope.attribution import METHODS
from bathyscope.attribution.game import Coalitions, Game
from bathyscope.attribution.leave_one_out import leave_one_out
from bathyscope.attribution.shapley import shapley
from bathyscope.errors import InputError
from bathyscope.heatmap import FloatArray
from tests import brute_force

Table = dict[frozenset[int], FloatArray]


def random_table(count: int, targets: int, seed: int) -> Table:
    values = np.random.default_rng(seed).normal(size=(2**count, targets)) * 3
    return {
        frozenset(i for i in range(count) if number >> i & 1): values[number]
        for number in range(2**count)
    }


def game_of(table: Table, count: int) -> Game:
    def evaluate(coalitions: Coalitions) -> FloatArray:
        return np.array([table[frozenset(np.flatnonzero(row).tolist())] for row in coalitions])

    return Game(count, evaluate)


games = st.tuples(st.integers(1, 6), st.integers(1, 3), st.integers(0, 10**6))


@given(games)
def test_shapley_is_the_mean_over_all_orders(game: tuple[int, int, int]) -> None:
    count, targets, seed = game
    table = random_table(count, targets, seed)
    ours = shapley(game_of(table, count))
    np.testing.assert_allclose(ours, brute_force.shapley(table, count), atol=1e-12)


@given(games)
def test_shapley_is_efficient(game: tuple[int, int, int]) -> None:
    count, targets, seed = game
    table = random_table(count, targets, seed)
    whole = table[frozenset(range(count))] - table[frozenset()]
    np.testing.assert_allclose(shapley(game_of(table, count)).sum(axis=1), whole, atol=1e-12)


@given(games)
def test_shapley_is_additive(game: tuple[int, int, int]) -> None:
    count, targets, seed = game
    one, two = random_table(count, targets, seed), random_table(count, targets, seed + 1)
    both = {coalition: one[coalition] + two[coalition] for coalition in one}
    parts = shapley(game_of(one, count)) + shapley(game_of(two, count))
    np.testing.assert_allclose(shapley(game_of(both, count)), parts, atol=1e-12)


@given(st.integers(2, 6), st.integers(0, 10**6))
def test_a_feature_without_effect_gets_nothing(count: int, seed: int) -> None:
    table = random_table(count, 2, seed)
    dummy = {coalition: table[coalition - {0}] for coalition in table}
    for method in METHODS.values():
        np.testing.assert_allclose(method.estimate(game_of(dummy, count))[:, 0], 0, atol=1e-12)


@given(st.integers(2, 6), st.integers(0, 10**6))
def test_interchangeable_features_get_the_same(count: int, seed: int) -> None:
    table = random_table(count, 2, seed)

    def swapped(coalition: frozenset[int]) -> frozenset[int]:
        return frozenset({0: 1, 1: 0}.get(feature, feature) for feature in coalition)

    symmetric = {c: table[c] + table[swapped(c)] for c in table}
    for method in METHODS.values():
        values = method.estimate(game_of(symmetric, count))
        np.testing.assert_allclose(values[:, 0], values[:, 1], atol=1e-12)


@given(games)
def test_leave_one_out_is_what_is_lost(game: tuple[int, int, int]) -> None:
    count, targets, seed = game
    table = random_table(count, targets, seed)
    everything = frozenset(range(count))
    expected = [table[everything] - table[everything - {i}] for i in range(count)]
    np.testing.assert_array_equal(leave_one_out(game_of(table, count)), np.array(expected).T)


def test_methods_cost_what_they_say() -> None:
    for method in METHODS.values():
        game = game_of(random_table(5, 1, 3), 5)
        method.estimate(game)
        assert game.num_evaluations == method.evaluations(5)


def test_too_many_features_are_refused() -> None:
    METHODS["shapley"].require_affordable(12)
    METHODS["leave_one_out"].require_affordable(400)
    with pytest.raises(InputError, match=r"13 features.*8,192 evaluations.*12"):
        METHODS["shapley"].require_affordable(13)
