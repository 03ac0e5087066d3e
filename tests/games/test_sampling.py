"""Sampled methods: errors that hold, budgets that are kept, bits that come back."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import student_quantile
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.interaction_blocks import _zigzags
from bathyscope.games.methods import INTERACTIONS, METHODS
from bathyscope.games.replicates import jackknife_error
from bathyscope.games.shapley import exact_shapley
from tests.games.games import conjunction_game, log_probability_game, noise_game

SAMPLED = {"interactions": INTERACTIONS} | {
    name: method for name, method in METHODS.items() if method.samples
}
EVERYTHING = Budget(2**16)
MakeGame = Callable[[int, int], Game]
LONG = pytest.mark.statistical  # of each kind of case one stays with the short tests

# The hardest to describe always, the others with the long ones.
MANY_AT_ONCE_FIRST = [
    conjunction_game,
    *(pytest.param(make, marks=LONG) for make in (noise_game, log_probability_game)),
]


@cache
def exact_and_found(
    name: str, make: MakeGame, features: int, budget: int, seed: int
) -> tuple[FloatArray, Estimate]:
    """Return what all coalitions of a game give, and what a sample of them does."""
    exact = SAMPLED[name].estimate(make(features, seed), EVERYTHING).values
    return exact, SAMPLED[name].estimate(make(features, seed), Budget(budget, seed=seed))


def coverage(name: str, make: MakeGame, features: int, budget: int, games: int) -> float:
    """Return the share of cells whose 95 % interval holds the value of all coalitions.

    Cells that are right without any error, of features that interact with none, prove nothing
    about intervals, nor do cells that were not seen to vary: they are left out, so that they
    cannot raise the share.
    """
    inside: list[np.bool_] = []
    for seed in range(games):
        exact, found = exact_and_found(name, make, features, budget, seed)
        assert found.margin is not None and found.unseen is not None
        off = np.abs(found.values - exact)
        telling = ((off > 1e-9) | (found.margin > 1e-9)) & np.isnan(found.unseen)
        inside.extend(off[telling] <= found.margin[telling])
    return float(np.mean(inside))


@pytest.mark.parametrize("make", [noise_game, log_probability_game, conjunction_game])
@pytest.mark.parametrize(
    ("features", "budget"),
    [(8, 120), *(pytest.param(*case, marks=LONG) for case in [(10, 150), (10, 400), (12, 600)])],
)
def test_shapley_intervals_hold_as_often_as_they_say(
    make: MakeGame, features: int, budget: int
) -> None:
    """From 59 pairs on, of games that a Gaussian process describes well and of ones it does not."""
    assert 0.93 <= coverage("shapley", make, features, budget, games=200) <= 0.97


@pytest.mark.parametrize("make", [noise_game, log_probability_game, conjunction_game])
@pytest.mark.parametrize(
    ("name", "features", "budget", "games"),
    [("banzhaf", 8, 120, 200), pytest.param("banzhaf", 10, 400, 200, marks=LONG)],
)
def test_other_intervals_hold_as_often_as_they_say(
    name: str, make: MakeGame, features: int, budget: int, games: int
) -> None:
    assert 0.93 <= coverage(name, make, features, budget, games) <= 0.97


@pytest.mark.parametrize("make", MANY_AT_ONCE_FIRST)
def test_intervals_of_interactions_hold_at_least_as_often(make: MakeGame) -> None:
    """Their errors are widened where some features are harder to foretell than others."""
    assert 0.94 <= coverage("interactions", make, 10, 300, games=30) <= 0.99


@pytest.mark.parametrize("make", [noise_game, log_probability_game, conjunction_game])
def test_the_surrogates_intervals_hold_the_fit_to_all_coalitions(make: MakeGame) -> None:
    """Not the effects themselves: the weights are drawn towards 0."""
    assert 0.93 <= coverage("surrogate", make, 7, 100, games=60) <= 0.97


@pytest.mark.parametrize("name", ["shapley", "banzhaf", "surrogate"])
def test_the_whole_targets_error_is_its_own(name: str) -> None:
    """Cells of one feature move together, so their errors do not simply add up."""
    inside = []
    for seed in range(40):
        exact = SAMPLED[name].estimate(noise_game(9, seed), EVERYTHING).values.sum(axis=0)
        found = SAMPLED[name].estimate(noise_game(9, seed), Budget(300, seed=seed))
        assert found.margin is not None and found.standard_error is not None
        assert found.whole_target_error is not None
        quantile = float((found.margin / found.standard_error).max())
        error = found.values.sum(axis=0) - exact
        inside.append(np.abs(error) <= quantile * found.whole_target_error)
    assert 0.92 <= np.mean(inside) <= 0.98


@pytest.mark.parametrize("make", [noise_game, log_probability_game, conjunction_game])
@pytest.mark.parametrize(
    ("name", "features", "budget", "games"),
    [
        ("shapley", 8, 120, 200),
        pytest.param("shapley", 12, 600, 200, marks=LONG),
        pytest.param("banzhaf", 10, 400, 200, marks=LONG),
        ("surrogate", 7, 100, 60),
    ],
)
def test_replicates_know_the_error_of_sums(
    name: str, make: MakeGame, features: int, budget: int, games: int
) -> None:
    """Cells err together: neither their errors' sum nor the root of summed squares would do.

    Pairs that are chosen do better on conjunctions than a process tells, so that sums of those are
    held a little oftener than they need to be.
    """
    inside: list[np.bool_] = []
    for seed in range(games):
        parent = np.random.default_rng(seed).integers(0, 3, features)
        sums = np.eye(3)[parent]
        exact, found = exact_and_found(name, make, features, budget, seed)
        assert found.replicates is not None
        error = jackknife_error(found.replicates @ sums)
        margin = error * student_quantile(len(found.replicates) - 1)
        off = np.abs((found.values - exact) @ sums)
        telling = (off > 1e-9) | (margin > 1e-9)
        inside.extend(off[telling] <= margin[telling])
    assert 0.93 <= float(np.mean(inside)) <= (0.975 if make is conjunction_game else 0.97)


def test_more_evaluations_come_closer() -> None:
    exact = exact_shapley(conjunction_game(12, 5))
    errors = [
        np.abs(METHODS["shapley"].estimate(conjunction_game(12, 5), Budget(b)).values - exact).max()
        for b in (140, 1000, 4095)
    ]
    assert errors[0] > 2 * errors[1] > 4 * errors[2] > 0


def test_sampled_shapley_is_efficient_and_finds_the_dummy() -> None:
    """A feature without effect gets 0 within its error: it is in half of the coalitions."""
    game = log_probability_game(30, 1)
    blind = Game(31, lambda coalitions: game.values(coalitions[:, :30]))
    for evaluations in (500, 2000):
        found = METHODS["shapley"].estimate(blind, Budget(evaluations))
        whole = blind.all() - blind.none()
        np.testing.assert_allclose(found.values.sum(axis=1), whole, atol=1e-12)
        assert found.standard_error is not None and found.margin is not None
        assert (np.abs(found.values[:, 30]) <= found.margin[:, 30]).all()
        assert (found.margin[:, 30] < 0.1 * np.abs(found.values).max(axis=1)).all()
        assert (found.standard_error > 0).all() and found.halves is not None
        for half in found.halves:
            np.testing.assert_allclose(half.sum(axis=1), whole, atol=1e-12)


def test_a_sum_of_single_effects_is_found_without_error() -> None:
    weights = np.random.default_rng(0).normal(size=(20, 3))
    for name in ("shapley", "banzhaf"):
        game = Game(20, lambda coalitions: coalitions @ weights)
        found = METHODS[name].estimate(game, Budget(300))
        np.testing.assert_allclose(found.values, weights.T, atol=1e-12)
        assert found.standard_error is not None and found.standard_error.max() < 1e-12
        assert found.unseen is not None and np.isfinite(found.unseen).all()


def test_the_surrogate_finds_the_few_features_that_matter() -> None:
    """With as few coalitions as features, which no other method here could do."""

    def evaluate(coalitions: Coalitions) -> FloatArray:
        one, two, three = coalitions[:, 7], coalitions[:, 90], coalitions[:, 200]
        return np.asarray(2.0 * one - 1.5 * two + 0.5 * (one & three))[:, None]

    found = METHODS["surrogate"].estimate(Game(250, evaluate), Budget(252)).values[0]
    assert set(np.argsort(-np.abs(found))[:3]) == {7, 90, 200}
    assert found[7] == pytest.approx(2.25, abs=0.1) and found[90] == pytest.approx(-1.5, abs=0.1)
    assert np.median(np.abs(found)) < 0.01


@pytest.mark.parametrize("features", range(1, 12))
def test_in_a_block_all_pairs_are_neighbours_equally_often(features: int) -> None:
    met = np.zeros((features, features), dtype=int)
    for order in _zigzags(features).argsort(axis=1):
        np.add.at(met, (order[:-1], order[1:]), 1)
    met += met.T
    assert set(met[~np.eye(features, dtype=bool)]) <= {1 + features % 2}


@pytest.mark.parametrize("name", SAMPLED)
def test_a_seed_gives_the_same_bits_whatever_the_game_remembers(name: str) -> None:
    budget = Budget(500, seed=4)
    fresh = SAMPLED[name].estimate(conjunction_game(12, 0), budget)
    game = conjunction_game(12, 0)
    SAMPLED[name].estimate(game, Budget(400, seed=4))
    before = game.num_evaluations
    continued = SAMPLED[name].estimate(game, budget)
    assert _bits(fresh) == _bits(continued)
    assert _bits(fresh) != _bits(SAMPLED[name].estimate(conjunction_game(12, 0), Budget(500)))
    assert game.num_evaluations <= 500, "the first run's coalitions come first in the second"
    assert 200 < before <= 400


@pytest.mark.parametrize("name", SAMPLED)
def test_a_tolerance_stops_early(name: str) -> None:
    spent = []
    coarse, fine = {"surrogate": (0.2, 0.1), "interactions": (0.2, 0.05)}.get(name, (0.03, 0.015))
    for tolerance in (None, coarse, fine, 1e-9):
        game = log_probability_game(12, 2)
        found = SAMPLED[name].estimate(game, Budget(1300, tolerance))
        assert found.standard_error is not None
        if tolerance in (coarse, fine):
            assert found.standard_error.max() <= tolerance
        spent.append(game.num_evaluations)
    unlimited, little, more, unreachable = spent
    assert little < more < unlimited
    assert unreachable == pytest.approx(unlimited, rel=0.05)


def test_coalitions_are_asked_for_many_at_once() -> None:
    """So that prompts share their beginnings, and progress can say how much is left."""
    sizes: list[int] = []

    def evaluate(coalitions: Coalitions) -> FloatArray:
        sizes.append(len(coalitions))
        return np.random.default_rng(len(sizes)).normal(size=(len(coalitions), 1))

    METHODS["shapley"].estimate(Game(40, evaluate), Budget(2000))
    assert sizes == [2000], "999 pairs beside both ends"


def _bits(estimate: Estimate) -> list[bytes]:
    assert estimate.standard_error is not None and estimate.halves is not None
    return [a.tobytes() for a in (estimate.values, estimate.standard_error, *estimate.halves)]
