"""The process against its formulas written out, and what follows from it for Shapley values."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

from bathyscope.core.heatmap import FloatArray
from bathyscope.games import sampled_pairs
from bathyscope.games.banzhaf import exact_banzhaf
from bathyscope.games.by_process import by_process
from bathyscope.games.by_regression import banzhaf_by_regression, shapley_by_regression
from bathyscope.games.draws import draw_by_size
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game, all_coalitions
from bathyscope.games.indices import BANZHAF, INTERACTION, SHAPLEY, Index
from bathyscope.games.interactions import exact_interactions
from bathyscope.games.kriging import krige
from bathyscope.games.methods import METHODS
from bathyscope.games.pair_sample import PairSample, see
from bathyscope.games.process import EVEN, FADINGS, JITTER, ODD, Process, distances
from bathyscope.games.replicates import jackknife_error
from bathyscope.games.sampled_pairs import SHAPLEY_PLAN
from bathyscope.games.shapley import exact_shapley
from tests.games.games import conjunction_game, log_probability_game, noise_game

MakeGame = Callable[[int, int], Game]
Sets = list[tuple[int, ...]]

F = 7


def parities(signs: FloatArray, fading: float, process: Process) -> tuple[Sets, FloatArray]:
    """Return the sets T of a process and η^(|T|/2) Π_T z_i of each, scaled to variance 1."""
    first = 3 if process is ODD else 2
    sets = [t for size in range(first, F + 1, 2) for t in combinations(range(F), size)]
    columns = np.stack([fading ** (len(t) / 2) * signs[:, t].prod(axis=1) for t in sets], axis=1)
    return sets, columns / np.sqrt((columns[0] ** 2).sum())


def shares_of(index: Index, sets: Sets, strength: FloatArray) -> FloatArray:
    """Return the index of each parity, (k, sets), by what it is of v = f/2 at all coalitions."""
    shares = []
    for members, size in zip(sets, strength, strict=True):

        def half(coalitions: Coalitions, members: tuple[int, ...] = members) -> FloatArray:
            signs: FloatArray = np.where(coalitions, 1.0, -1.0)
            return np.asarray(signs[:, members].prod(axis=1, keepdims=True) / 2)

        game = Game(F, half)
        if index is INTERACTION:
            found = exact_interactions(game)[np.triu_indices(F, 1)]
        else:
            found = (exact_shapley if index is SHAPLEY else exact_banzhaf)(game)[0]
        shares.append(found * size)
    return np.stack(shares, axis=1)


@pytest.mark.parametrize("fading", FADINGS)
@pytest.mark.parametrize("index", [SHAPLEY, BANZHAF, INTERACTION])
def test_the_posterior_is_that_of_a_bayesian_linear_model(index: Index, fading: float) -> None:
    """The process is a random sum of parities, the basis has coefficients without a prior."""
    signs = np.concatenate([np.ones((1, F)), draw_by_size(F, 40, seed=1).signs])
    told = np.random.default_rng(0).normal(size=(41, 2))
    process = index.process
    basis, covariance = process.basis(signs), process.covariance(distances(signs), F, fading)
    found = krige(basis, covariance, told, index.wanted(signs, fading))
    sets, columns = parities(signs, fading, process)
    shares = shares_of(index, sets, columns[0])  # at the ends every parity is 1
    wanted = np.concatenate([columns @ shares.T, index.wanted(signs, fading).of_basis])
    weights = np.linalg.solve(kriging_system(columns, basis, signs), wanted)
    np.testing.assert_allclose(found.values, (weights[:41].T @ told).T, atol=1e-5)
    expected = shares @ shares.T - wanted.T @ weights
    np.testing.assert_allclose(found.covariance, expected, atol=1e-5)
    kept = np.delete(np.arange(41), 5)
    system = kriging_system(columns[kept], basis[kept], signs[kept])
    weights = np.linalg.solve(system, np.concatenate([columns[kept] @ columns[5], basis[5]]))
    missed = told[5] - weights[:40] @ told[kept]
    np.testing.assert_allclose(found.left[5], missed, atol=1e-4 * np.abs(missed).max())
    np.testing.assert_allclose(found.influence @ told, found.values.T, atol=1e-9)
    moved = told + np.outer(np.arange(41) == 5, found.left[5])
    change = krige(basis, covariance, moved, index.wanted(signs, fading)).values - found.values
    np.testing.assert_allclose(change.T, np.outer(found.influence[:, 5], found.left[5]), atol=1e-9)


def kriging_system(columns: FloatArray, basis: FloatArray, signs: FloatArray) -> FloatArray:
    """Return the matrix of the equations of universal kriging, the ends without jitter."""
    covariance = columns @ columns.T
    rows = np.flatnonzero(np.abs(signs.sum(axis=1)) < F)
    covariance[rows, rows] += JITTER
    zero = np.zeros((basis.shape[1], basis.shape[1]))
    return np.block([[covariance, basis], [basis.T, zero]])


@pytest.mark.parametrize("process", [ODD, EVEN])
def test_the_likelihood_finds_how_fast_effects_fade(process: Process) -> None:
    signs = np.concatenate([np.ones((1, F)), draw_by_size(F, 50, seed=1).signs])
    for fading in (0.04, 0.33):
        _, columns = parities(signs, fading, process)
        told = columns @ np.random.default_rng(3).normal(size=(columns.shape[1], 30))
        found = process.fadings(signs, told)
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


def of_process(index: Index) -> Callable[[PairSample], Estimate]:
    return lambda sample: by_process(index, sample, 1)


@pytest.mark.parametrize(
    "by",
    [
        *map(of_process, (SHAPLEY, BANZHAF, INTERACTION)),
        shapley_by_regression,
        banzhaf_by_regression,
    ],
    ids=["shapley", "banzhaf", "interactions", "shapley_fit", "banzhaf_fit"],
)
@pytest.mark.parametrize("make", [log_probability_game, conjunction_game])
def test_errors_of_cells_sums_and_whole_targets_agree(
    by: Callable[[PairSample], Estimate], make: MakeGame
) -> None:
    """Replicates know the errors of single cells, too."""
    found = by(see(make(10, 1), draw_by_size(10, 150, 1)))
    assert found.replicates is not None and found.standard_error is not None
    ratio = jackknife_error(found.replicates) / found.standard_error
    assert 0.85 < np.sqrt((ratio**2).mean()) < 1.15
    assert found.whole_target_error is not None
    whole = jackknife_error(found.replicates.sum(axis=1)) / found.whole_target_error
    assert 0.7 < np.sqrt((whole**2).mean()) < 1.3


@pytest.mark.parametrize("by", [of_process(SHAPLEY), shapley_by_regression])
def test_rows_of_shapley_values_sum_to_the_ends_without_error(
    by: Callable[[PairSample], Estimate],
) -> None:
    sample = see(log_probability_game(10, 1), draw_by_size(10, 150, 1))
    found = by(sample)
    assert found.replicates is not None
    assert jackknife_error(found.replicates.sum(axis=2)).max() < 1e-6
    np.testing.assert_allclose(found.values.sum(axis=1), sample.differences[0], atol=1e-12)


def test_regression_of_all_pairs_is_exact_and_has_no_error() -> None:
    exact = exact_shapley(noise_game(9, 2))
    found = shapley_by_regression(see(noise_game(9, 2), draw_by_size(9, 10**4, 0)))
    np.testing.assert_allclose(found.values, exact, atol=1e-9)
    assert found.standard_error is not None and found.standard_error.max() == 0


@pytest.mark.parametrize("make", [noise_game, log_probability_game])
def test_the_regressions_intervals_hold_as_often_as_they_say(make: MakeGame) -> None:
    inside: list[np.bool_] = []
    for seed in range(60):
        exact = exact_shapley(make(9, seed))
        found = shapley_by_regression(see(make(9, seed), draw_by_size(9, 80, seed)))
        assert found.margin is not None
        inside.extend((np.abs(found.values - exact) <= found.margin).ravel())
    assert 0.93 <= np.mean(inside) <= 0.97


def test_more_pairs_than_a_process_takes_are_never_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    """The better of two by their errors, which are those of all pairs and of the first."""
    monkeypatch.setattr(sampled_pairs, "MOST_BY_PROCESS", 400)
    game = conjunction_game(14, 3)
    many, few = (see(game, SHAPLEY_PLAN.draw(14, count, 0)) for count in (1000, 400))
    found = SHAPLEY_PLAN.estimate(game, 1000, 0)
    both = shapley_by_regression(many), by_process(SHAPLEY, few, 0)
    errors = [float((np.asarray(one.standard_error) ** 2).sum()) for one in both]
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
