"""The process against its formulas written out, and what follows from it for Shapley values."""

from itertools import combinations

import numpy as np
import pytest

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.draws import draw_pairs
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game, all_coalitions
from bathyscope.games.methods import METHODS
from bathyscope.games.pair_sample import see
from bathyscope.games.process import FADINGS, JITTER, fadings, posterior
from bathyscope.games.replicates import jackknife_error
from bathyscope.games.sampled_shapley import MOST_BY_PROCESS, estimated
from bathyscope.games.shapley import exact_shapley
from bathyscope.games.shapley_by_process import shapley_by_process
from bathyscope.games.shapley_by_regression import shapley_by_regression
from tests.games.games import conjunction_game, log_probability_game, noise_game

F = 7


def parity_features(signs: FloatArray, fading: float) -> tuple[FloatArray, FloatArray]:
    """Return η^(|T|/2) Π_T z_i of all T of 3, 5, … features, and the Shapley values of each."""
    sets = [t for size in range(3, F + 1, 2) for t in combinations(range(F), size)]
    columns = np.stack([fading ** (len(t) / 2) * signs[:, t].prod(axis=1) for t in sets], axis=1)
    shares = np.zeros((F, len(sets)))
    for place, members in enumerate(sets):
        shares[list(members), place] = fading ** (len(members) / 2) / len(members)
    scale = np.sqrt((columns[0] ** 2).sum())
    return columns / scale, shares / scale


@pytest.mark.parametrize("fading", FADINGS)
def test_the_posterior_is_that_of_a_bayesian_linear_model(fading: float) -> None:
    """The process is a random sum of parities, the linear part has coefficients without a prior."""
    signs = np.concatenate([np.ones((1, F)), draw_pairs(F, 40, seed=1).signs])
    differences = np.random.default_rng(0).normal(size=(41, 2))
    found = posterior(signs, differences, fading)
    values, covariance = kriged(signs, differences, fading)
    np.testing.assert_allclose(found.values, values, atol=1e-5)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-5)
    kept = np.delete(np.arange(41), 5)
    columns, _ = parity_features(signs, fading)
    system, told = kriging_system(columns[kept], signs[kept]), differences[kept]
    weights = np.linalg.solve(system, np.concatenate([columns[kept] @ columns[5], signs[5]]))
    guess = weights[:40] @ told
    scale = np.abs(differences[5] - guess).max()
    np.testing.assert_allclose(found.left[5], differences[5] - guess, atol=1e-4 * scale)


def kriging_system(columns: FloatArray, signs: FloatArray) -> FloatArray:
    """Return the matrix of the equations of universal kriging, the ends without jitter."""
    covariance = columns @ columns.T
    rows = np.flatnonzero(np.abs(signs.sum(axis=1)) < F)
    covariance[rows, rows] += JITTER
    zero = np.zeros((F, F))
    return np.block([[covariance, signs], [signs.T, zero]])


def kriged(
    signs: FloatArray, differences: FloatArray, fading: float
) -> tuple[FloatArray, FloatArray]:
    """Return Shapley values and their covariance by the equations of universal kriging."""
    columns, shares = parity_features(signs, fading)
    wanted = np.concatenate([columns @ shares.T, np.eye(F)])
    weights = np.linalg.solve(kriging_system(columns, signs), wanted)
    values = (weights[: len(signs)].T @ differences).T
    return values, shares @ shares.T - wanted.T @ weights


def test_the_likelihood_finds_how_fast_effects_fade() -> None:
    signs = np.concatenate([np.ones((1, F)), draw_pairs(F, 50, seed=1).signs])
    for fading in (0.04, 0.33):
        columns, _ = parity_features(signs, fading)
        told = columns @ np.random.default_rng(3).normal(size=(columns.shape[1], 30))
        found = fadings(signs, told)
        assert FADINGS.index(fading) in range(
            FADINGS.index(found[0][0]) - 1, FADINGS.index(found[0][0]) + 2
        )
        assert sum(share for _, share in found) == pytest.approx(1)


def test_with_all_pairs_but_one_little_is_left_open() -> None:
    game = noise_game(8, 1)
    exact = exact_shapley(game)
    found = METHODS["shapley"].estimate(noise_game(8, 1), Budget(255))
    off = np.abs(found.values - exact).max()
    assert 0 < off < 0.05 and found.standard_error is not None
    assert found.standard_error.max() < 0.05


@pytest.mark.parametrize("by", [shapley_by_process, shapley_by_regression])
@pytest.mark.parametrize("make", [log_probability_game, conjunction_game])
def test_errors_of_cells_sums_and_whole_targets_agree(by: object, make: object) -> None:
    """Replicates know the errors of single cells, too, and a whole row's is 0."""
    sample = see(make(10, 1), 150, 1)  # type: ignore[operator]
    found: Estimate = by(sample, 1) if by is shapley_by_process else by(sample)  # type: ignore[operator]
    assert found.replicates is not None and found.standard_error is not None
    ratio = jackknife_error(found.replicates) / found.standard_error
    assert 0.85 < np.sqrt((ratio**2).mean()) < 1.15
    assert found.whole_target_error is not None
    whole = jackknife_error(found.replicates.sum(axis=1)) / found.whole_target_error
    assert 0.7 < np.sqrt((whole**2).mean()) < 1.3
    assert jackknife_error(found.replicates.sum(axis=2)).max() < 1e-12
    np.testing.assert_allclose(found.values.sum(axis=1), sample.ends, atol=1e-12)


def test_regression_of_all_pairs_is_exact_and_has_no_error() -> None:
    exact = exact_shapley(noise_game(9, 2))
    found = shapley_by_regression(see(noise_game(9, 2), 10**4, 0))
    np.testing.assert_allclose(found.values, exact, atol=1e-9)
    assert found.standard_error is not None and found.standard_error.max() == 0


@pytest.mark.parametrize("make", [noise_game, log_probability_game])
def test_the_regressions_intervals_hold_as_often_as_they_say(make: object) -> None:
    inside: list[np.bool_] = []
    for seed in range(60):
        exact = exact_shapley(make(9, seed))  # type: ignore[operator]
        found = shapley_by_regression(see(make(9, seed), 80, seed))  # type: ignore[operator]
        assert found.margin is not None
        inside.extend((np.abs(found.values - exact) <= found.margin).ravel())
    assert 0.93 <= np.mean(inside) <= 0.97


def test_more_pairs_than_a_process_takes_are_never_worse() -> None:
    """The better of two by their errors, which are those of all pairs and of the first."""
    game = conjunction_game(14, 3)
    sample = see(game, MOST_BY_PROCESS + 600, 0)
    found = estimated(sample, 0)
    both = shapley_by_regression(sample), shapley_by_process(sample.first(MOST_BY_PROCESS), 0)
    errors = [float((one.standard_error**2).sum()) for one in both]  # type: ignore[operator]
    chosen = both[int(np.argmin(errors))]
    np.testing.assert_array_equal(found.values, chosen.values)
    assert errors[0] != errors[1]


def test_an_infinity_leaves_the_other_targets_alone() -> None:
    usual = log_probability_game(10, 1)

    def evaluate(coalitions: Coalitions) -> FloatArray:
        values = usual.values(coalitions).copy()
        values[coalitions[:, :3].all(axis=1), 1] = -np.inf
        return values

    expected = METHODS["shapley"].estimate(
        Game(10, lambda coalitions: usual.values(coalitions)[:, :1]), Budget(300)
    )
    found = METHODS["shapley"].estimate(Game(10, evaluate), Budget(300))
    assert found.standard_error is not None and expected.standard_error is not None
    np.testing.assert_allclose(found.values[0], expected.values[0], rtol=1e-9)
    np.testing.assert_allclose(found.standard_error[0], expected.standard_error[0], rtol=1e-9)
    assert np.isnan(found.values[1]).all() and found.replicates is not None
    assert np.isfinite(found.replicates[:, 0]).all()


def test_ties_constants_and_a_few_features() -> None:
    for features in (6, 7, 8):
        everything = all_coalitions(features)
        tied = Game(features, lambda c: (c.sum(axis=1, keepdims=True) >= 3) * 1.0)
        exact = exact_shapley(tied)
        budget = Budget(2**features - 1)
        found = METHODS["shapley"].estimate(tied, budget)
        assert len(everything) > budget.evaluations and found.margin is not None
        assert (np.abs(found.values - exact) <= found.margin + 1e-9).all()
        flat = METHODS["shapley"].estimate(Game(features, lambda c: np.zeros((len(c), 2))), budget)
        assert not flat.values.any() and flat.standard_error is not None
        assert not flat.standard_error.any()


def test_a_tolerance_ends_it_whatever_else_is_infinite() -> None:
    usual = log_probability_game(12, 1)

    def evaluate(coalitions: Coalitions) -> FloatArray:
        values = usual.values(coalitions).copy()
        values[coalitions[:, 0], 1] = -np.inf
        return values

    game = Game(12, evaluate)
    found = METHODS["shapley"].estimate(game, Budget(4000, tolerance=0.05))
    assert found.standard_error is not None and 0 < found.standard_error[0].max() <= 0.05
    assert np.isnan(found.values[1]).all() and game.num_evaluations < 3000
