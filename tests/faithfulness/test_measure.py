"""Curves and scores against brute force over small games."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import spearmanr

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.faithfulness.agreement import agreement_of_halves
from bathyscope.faithfulness.curves import curves, ranks_by
from bathyscope.faithfulness.measure import Candidate, measure
from bathyscope.faithfulness.random_orders import PAIRS, fewest_for_curves, random_orders
from bathyscope.faithfulness.scores import area, comprehensiveness, sufficiency
from bathyscope.games.estimate import Budget
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.shapley import exact_shapley
from tests.games.games import game_of, log_probability_game, random_table


def additive_game(weights: FloatArray) -> Game:
    """Return a game of two targets worth −3 in all with nothing, and `weights` (2, F) more."""
    return Game(weights.shape[1], lambda coalitions: coalitions @ weights.T - 1.5)


def whole(table: dict[frozenset[int], FloatArray], present: set[int]) -> float:
    return float(table[frozenset(present)].sum())


def test_an_additive_game_has_cumulative_sums() -> None:
    weights = np.random.default_rng(1).normal(size=(2, 6))
    both = curves(additive_game(weights), ranks_by(weights)[None])
    sizes = np.sort(weights.sum(axis=0))[::-1]
    steps = np.concatenate([[0], np.cumsum(sizes)])
    np.testing.assert_allclose(both.insertion[0], -3 + steps)
    np.testing.assert_allclose(both.deletion[0], -3 + sizes.sum() - steps)
    # Feature of rank r (from 1) is lost in F + 1 − r of the F + 1 terms, lacking in the other r.
    ranks = np.arange(1, 7)
    assert comprehensiveness(both.deletion)[0] == pytest.approx((7 - ranks) @ sizes / 7)
    assert sufficiency(both.insertion)[0] == pytest.approx(ranks @ sizes / 7)
    assert area(both)[0] == pytest.approx((7 - 2 * ranks) @ sizes / 7)


def test_no_order_beats_the_own_one_of_an_additive_game() -> None:
    weights = np.random.default_rng(2).normal(size=(2, 5))
    game = additive_game(weights)
    every = curves(game, np.array(list(permutations(range(5)))))
    own = curves(game, ranks_by(weights)[None])
    assert comprehensiveness(own.deletion)[0] == pytest.approx(
        comprehensiveness(every.deletion).max()
    )
    assert sufficiency(own.insertion)[0] == pytest.approx(sufficiency(every.insertion).min())
    assert area(own)[0] == pytest.approx(area(every).max())


@pytest.mark.parametrize("seed", range(5))
def test_interacting_games_by_definition(seed: int) -> None:
    count = 5
    table = random_table(count, 3, seed)
    game = game_of(table, count)
    attribution = exact_shapley(game)
    order = sorted(range(count), key=lambda i: -attribution[:, i].sum())
    both = curves(game, ranks_by(attribution)[None])
    everything = set(range(count))
    deleted = [whole(table, everything - set(order[:k])) for k in range(count + 1)]
    inserted = [whole(table, set(order[:k])) for k in range(count + 1)]
    np.testing.assert_allclose(both.deletion[0], deleted)
    np.testing.assert_allclose(both.insertion[0], inserted)
    losses = [deleted[0] - value for value in deleted]
    lacks = [inserted[-1] - value for value in inserted]
    assert comprehensiveness(both.deletion)[0] == pytest.approx(sum(losses) / (count + 1))
    assert sufficiency(both.insertion)[0] == pytest.approx(sum(lacks) / (count + 1))


def test_curves_begin_and_end_with_all_and_none() -> None:
    game = log_probability_game(7, 3)
    both = curves(game, np.random.default_rng(0).random((4, 7)).argsort(axis=1))
    for first, last, curve in (
        (game.all(), game.none(), both.deletion),
        (game.none(), game.all(), both.insertion),
    ):
        np.testing.assert_allclose(curve[:, 0], first.sum())
        np.testing.assert_allclose(curve[:, -1], last.sum())


def test_the_reverse_order_exchanges_the_curves() -> None:
    ranks = np.random.default_rng(0).random((3, 6)).argsort(axis=1)
    game = log_probability_game(6, 4)
    there, back = curves(game, ranks), curves(game, 5 - ranks)
    np.testing.assert_array_equal(back.deletion, there.insertion[:, ::-1])
    np.testing.assert_allclose(area(back), -area(there))
    np.testing.assert_allclose(comprehensiveness(back.deletion), sufficiency(there.insertion))


def test_few_features_are_counted_over_all_orders() -> None:
    game = log_probability_game(5, 5)
    found = random_orders(game, Budget())
    every = curves(game, np.array(list(permutations(range(5)))))
    np.testing.assert_allclose(found.insertion, every.insertion.mean(axis=0))
    np.testing.assert_allclose(found.insertion[::-1], every.deletion.mean(axis=0))
    assert found.reference.comprehensiveness == pytest.approx(
        comprehensiveness(every.deletion).mean()
    )
    assert found.reference.comprehensiveness == pytest.approx(sufficiency(every.insertion).mean())
    assert found.reference.pairs is None
    assert found.reference.standard_error is None


def test_sampled_means_scatter_by_their_standard_error() -> None:
    """Over many seeds: no bias, and errors of the size that the samples claim."""
    game = log_probability_game(10, 6)
    sizes = np.array([bin(number).count("1") for number in range(1024)])
    every: Coalitions = (np.arange(1024)[:, None] >> np.arange(10) & 1).astype(np.bool_)
    values = game.values(every).sum(axis=1)
    exact = np.array([values[sizes == k].mean() for k in range(11)])
    score = (exact[-1] - exact).mean()
    found = [random_orders(game, Budget(seed=seed)) for seed in range(300)]
    z = np.array(
        [
            (one.reference.comprehensiveness - score) / one.reference.comprehensiveness_error
            for one in found
            if one.reference.comprehensiveness_error is not None
        ]
    )
    assert len(z) == 300
    assert abs(z.mean()) < 0.2 and 0.85 < z.std() < 1.2
    errors = [one.reference.standard_error for one in found]
    inner = np.array([e[1:-1] for e in errors if e is not None])
    apart = np.array([one.insertion[1:-1] for one in found]) - exact[1:-1]
    assert np.abs((apart / inner).mean(axis=0)).max() < 0.25
    assert found[0].reference.pairs == PAIRS


def test_seeds_and_budgets() -> None:
    def sampled(seed: int, evaluations: int = 4096) -> FloatArray:
        game = log_probability_game(12, 7)
        found = random_orders(game, Budget(evaluations, seed=seed))
        assert game.num_evaluations <= evaluations
        return found.insertion

    np.testing.assert_array_equal(sampled(1), sampled(1))
    assert (sampled(1) != sampled(2)).any()
    few = fewest_for_curves(12)
    assert (sampled(1, few) != sampled(1)).any()
    with pytest.raises(InputError, match=f"at least {few}"):
        sampled(1, few - 1)


def test_maps_are_ranked_and_nothing_is_evaluated_twice() -> None:
    game = log_probability_game(6, 8)
    values = exact_shapley(game)
    known = game.num_evaluations
    found = measure(game, [Candidate("worst", -values), Candidate("best", values)], Budget())
    assert [ranked.name for ranked in found.maps] == ["best", "worst"]
    assert game.num_evaluations == known == 64
    best, worst = found.maps
    assert best.area == pytest.approx(-worst.area)
    assert best.order == worst.order[::-1]
    np.testing.assert_allclose(found.curves.deletion[0], found.curves.insertion[1, ::-1])
    assert best.comprehensiveness - best.sufficiency == pytest.approx(best.area)


@pytest.mark.parametrize("seed", range(5))
def test_halves_agree_as_scipy_says(seed: int) -> None:
    halves = np.random.default_rng(seed).integers(0, 4, size=(2, 2, 9)).astype(np.float64)
    expected = spearmanr(halves[0].sum(axis=0), halves[1].sum(axis=0)).statistic
    assert agreement_of_halves(halves) == pytest.approx(expected)


def test_halves_that_rank_alike_reversed_and_not_at_all() -> None:
    one = np.array([[3.0, 1.0, 2.0]])
    assert agreement_of_halves(np.stack([one, one * 7])) == pytest.approx(1)
    assert agreement_of_halves(np.stack([one, -one])) == pytest.approx(-1)
    assert agreement_of_halves(np.stack([one, np.zeros((1, 3))])) is None


def test_ties_keep_the_order_of_positions() -> None:
    np.testing.assert_array_equal(ranks_by(np.array([[1.0, 2.0, 1.0, 2.0]])), [2, 0, 3, 1])


def test_maps_that_rank_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="one feature"):
        ranks_by(np.zeros((3, 1)))
    with pytest.raises(InputError, match="no finite number"):
        ranks_by(np.array([[1.0, np.nan]]))
