"""Exact methods against brute force over random games, and all against the axioms they promise."""

from importlib import import_module

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bathyscope.core.errors import InputError
from bathyscope.games.banzhaf import exact_banzhaf
from bathyscope.games.estimate import Budget
from bathyscope.games.interactions import interactions
from bathyscope.games.leave_one_out import leave_one_out
from bathyscope.games.methods import INTERACTIONS, METHODS
from bathyscope.games.shapley import exact_shapley
from bathyscope.games.surrogate import PENALTY
from tests import brute_force
from tests.games.games import game_of, log_probability_game, random_table

games = st.tuples(st.integers(1, 6), st.integers(1, 3), st.integers(0, 10**6))
ALL = Budget(4096)
unhurried = settings(deadline=None)  # the first surrogate loads its solver


@given(games)
def test_exact_values_are_means_over_all_orders_or_sets(game: tuple[int, int, int]) -> None:
    count, targets, seed = game
    table = random_table(count, targets, seed)
    for name, expected in (("shapley", brute_force.shapley), ("banzhaf", brute_force.banzhaf)):
        ours = METHODS[name].estimate(game_of(table, count), ALL)
        np.testing.assert_allclose(ours.values, expected(table, count), atol=1e-12)
        assert ours.standard_error is None and ours.margin is None and ours.halves is None


@settings(unhurried, max_examples=30)
@given(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 10**6)))
def test_interactions_follow_from_their_recursion(game: tuple[int, int, int]) -> None:
    count, targets, seed = game
    table = random_table(count, targets, seed)
    expected = brute_force.interactions(table, count)
    whole = interactions(game_of(table, count), ALL)
    np.testing.assert_allclose(whole.values, expected.sum(axis=0), atol=1e-11)
    one = interactions(game_of(table, count), ALL, target=targets - 1)
    np.testing.assert_allclose(one.values, expected[-1], atol=1e-11)


@given(games)
def test_shapley_is_efficient(game: tuple[int, int, int]) -> None:
    count, targets, seed = game
    table = random_table(count, targets, seed)
    whole = table[frozenset(range(count))] - table[frozenset()]
    np.testing.assert_allclose(exact_shapley(game_of(table, count)).sum(axis=1), whole, atol=1e-12)


@given(games)
def test_linear_methods_are_additive(game: tuple[int, int, int]) -> None:
    count, targets, seed = game
    one, two = random_table(count, targets, seed), random_table(count, targets, seed + 1)
    both = {coalition: one[coalition] + two[coalition] for coalition in one}
    for method in (METHODS["shapley"], METHODS["banzhaf"], METHODS["leave_one_out"], INTERACTIONS):
        parts = [method.estimate(game_of(table, count), ALL).values for table in (one, two)]
        whole = method.estimate(game_of(both, count), ALL).values
        np.testing.assert_allclose(whole, parts[0] + parts[1], atol=1e-11)


@unhurried
@given(st.integers(2, 6), st.integers(0, 10**6))
def test_a_feature_without_effect_gets_nothing(count: int, seed: int) -> None:
    table = random_table(count, 2, seed)
    dummy = {coalition: table[coalition - {0}] for coalition in table}
    for method in (*METHODS.values(), INTERACTIONS):
        values = method.estimate(game_of(dummy, count), ALL).values
        np.testing.assert_allclose(values[:, 0], 0, atol=1e-11)


@unhurried
@given(st.integers(2, 6), st.integers(0, 10**6))
def test_interchangeable_features_get_the_same(count: int, seed: int) -> None:
    table = random_table(count, 2, seed)

    def swapped(coalition: frozenset[int]) -> frozenset[int]:
        return frozenset({0: 1, 1: 0}.get(feature, feature) for feature in coalition)

    symmetric = {c: table[c] + table[swapped(c)] for c in table}
    for method in METHODS.values():
        values = method.estimate(game_of(symmetric, count), ALL).values
        np.testing.assert_allclose(values[:, 0], values[:, 1], atol=1e-11)
    values = INTERACTIONS.estimate(game_of(symmetric, count), ALL).values
    np.testing.assert_allclose(values[0, 2:], values[1, 2:], atol=1e-11)
    assert np.array_equal(values, values.T)


@given(games)
def test_leave_one_out_is_what_is_lost(game: tuple[int, int, int]) -> None:
    count, targets, seed = game
    table = random_table(count, targets, seed)
    everything = frozenset(range(count))
    expected = [table[everything] - table[everything - {i}] for i in range(count)]
    found = leave_one_out(game_of(table, count)).values
    np.testing.assert_array_equal(found, np.array(expected).T)


@unhurried
@given(games)
@example((1, 3, 60))  # a weight that the penalty all but takes away
def test_the_surrogate_of_all_coalitions_is_banzhaf_drawn_towards_0(
    game: tuple[int, int, int],
) -> None:
    count, targets, seed = game
    table = {c: values / 30 for c, values in random_table(count, targets, seed).items()}
    exact = exact_banzhaf(game_of(table, count))
    expected = np.sign(exact) * np.maximum(np.abs(exact) - 2 * PENALTY, 0)
    found = METHODS["surrogate"].estimate(game_of(table, count), ALL).values
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_a_target_that_nothing_changes_has_a_surrogate_of_0() -> None:
    constant = {c: np.array([-2.0]) for c in random_table(3, 1, 0)}
    found = METHODS["surrogate"].estimate(game_of(constant, 3), ALL)
    np.testing.assert_array_equal(found.values, np.zeros((1, 3)))


@pytest.mark.parametrize("name", [*METHODS, "interactions"])
@pytest.mark.parametrize("features", [1, 2, 3, 4, 5, 6, 7, 9])
def test_methods_cost_at_most_what_they_say(name: str, features: int) -> None:
    """For every budget from the fewest evaluations on, and with the ends that a run reports."""
    method = METHODS.get(name, INTERACTIONS)
    fewest = method.fewest(features)
    for evaluations in {fewest, fewest + 1, 2 * fewest, 2**features - 1, 2**features, 4096}:
        if evaluations < fewest:
            continue
        budget, game = Budget(evaluations), log_probability_game(features, 3)
        estimate = method.estimate(game, budget)
        game.all(), game.none()
        announced = method.evaluations(features, budget)
        assert game.num_evaluations <= announced <= evaluations
        assert np.isfinite(estimate.values).all()
        if estimate.standard_error is None:
            assert game.num_evaluations == announced
        else:
            assert np.isfinite(estimate.standard_error).all()


def test_a_budget_that_does_not_suffice_is_refused_before_any_work() -> None:
    METHODS["shapley"].require_affordable(12, ALL)
    METHODS["shapley"].require_affordable(300, ALL)
    with pytest.raises(InputError, match=r"40 features .* at least 470 evaluations.*budget is 39"):
        METHODS["shapley"].require_affordable(40, Budget(39))
    for method in (*METHODS.values(), INTERACTIONS):
        with pytest.raises(InputError, match="raise --budget or mark fewer"):
            method.require_affordable(40, Budget(39))
        if method.samples:
            with pytest.raises(InputError, match="too small"):
                method.estimate(log_probability_game(40, 0), Budget(39))


def test_a_missing_solver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("bathyscope.games.surrogate")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'bathyscope\[surrogate\]'"):
        METHODS["surrogate"].require_affordable(3, ALL)
    METHODS["shapley"].require_affordable(3, ALL)
