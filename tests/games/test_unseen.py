"""Cells that were not seen to vary: flagged, bounded, and never said to be certain."""

from collections.abc import Callable

import numpy as np
import pytest

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.by_regression import banzhaf_by_regression
from bathyscope.games.draws import draw_alike
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.foretold import ENOUGH, MOST_MISSED, may_be_blind, share_foretold
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.methods import INTERACTIONS, METHODS
from bathyscope.games.pair_sample import see
from bathyscope.games.unseen import Span, missed_share, unseen_by_fit, unseen_effect
from tests.games.games import conjunction_game, log_probability_game, noise_game, rare_game

SAMPLED = {"interactions": INTERACTIONS} | {
    name: method for name, method in METHODS.items() if method.samples
}
EVERYTHING = Budget(2**16)


def test_the_share_missed_is_the_rule_of_three_and_exact() -> None:
    for samples in (1, 6, 30, 1000):
        assert (1 - missed_share(samples)) ** samples == pytest.approx(0.05)
    assert missed_share(1000) == pytest.approx(3 / 1000, rel=5e-3)


def test_a_mean_that_varies_has_no_bound_and_one_that_does_not_has_one() -> None:
    mean, deviation = np.array([1.0, -2.0, 0.5]), np.array([0.0, 0.09, 0.2])
    found = unseen_effect(10, mean, deviation, np.array([10.0]), np.array([20.0]))
    assert found[:2] == pytest.approx(missed_share(10) * np.array([21.0, 22.0]))
    assert np.isnan(found[2])


def test_a_fit_that_misses_the_ends_by_more_than_any_sample_has_a_bound() -> None:
    residuals, ends = np.array([1.0, 1.0, 0.0]), np.array([1.9, 2.1, 0.0])
    found = unseen_by_fit(10, residuals, ends, np.full(3, 4.0), np.full(3, 6.0))
    assert np.isnan(found[0]) and found[1:] == pytest.approx(missed_share(10) * 10)


def test_the_span_is_that_of_all_values() -> None:
    span = Span()
    span.add(np.array([[[1.0, 2.0], [3.0, -1.0]]]))
    span.add(np.array([[2.0, 5.0]]))
    assert span.width.tolist() == [2.0, 6.0]


def off_and_found(name: str, seed: int, saturating: bool) -> tuple[FloatArray, Estimate]:
    budget = Budget(500 if name == "interactions" else 150, seed=seed)
    exact = SAMPLED[name].estimate(rare_game(12, seed, saturating), EVERYTHING).values
    found = SAMPLED[name].estimate(rare_game(12, seed, saturating), budget)
    return np.abs(found.values - exact), found


@pytest.mark.parametrize("saturating", [False, True])
@pytest.mark.parametrize("name", SAMPLED)
def test_an_effect_that_few_coalitions_have_makes_no_cell_certain(
    name: str, saturating: bool
) -> None:
    """Without the bounds the intervals of Banzhaf values and of the surrogate hold fewer of them.

    Shapley values and interactions are drawn from every size alike, of which the large ones have
    the effect; so are Owen values of few features, which are Shapley values.
    """
    inside: list[bool] = []
    bare: list[bool] = []
    flagged: list[bool] = []
    for seed in range(12):
        off, found = off_and_found(name, seed, saturating)
        assert found.margin is not None and found.unseen is not None
        inside.extend((off <= found.margin + 1e-9).ravel())
        bare.extend((off <= found.margin - np.nan_to_num(found.unseen) + 1e-9).ravel())
        flagged.extend(np.isfinite(found.unseen).ravel())
    assert np.mean(inside) >= 0.93
    if name in ("shapley", "owen", "interactions"):
        assert np.mean(bare) >= 0.93
        return
    assert np.mean(bare) < np.mean(inside) and 0.02 < np.mean(flagged) < 0.9
    if name == "banzhaf":
        assert np.mean(bare) < 0.9, "the games are such that errors alone claim too much"


@pytest.mark.parametrize("name", ["shapley", "banzhaf", "surrogate"])
def test_the_whole_target_is_no_more_certain(name: str) -> None:
    inside: list[bool] = []
    flagged: list[bool] = []
    for seed in range(12):
        exact = SAMPLED[name].estimate(rare_game(12, seed, False), EVERYTHING).values.sum(axis=0)
        found = SAMPLED[name].estimate(rare_game(12, seed, False), Budget(150, seed=seed))
        assert found.whole_target_error is not None and found.whole_target_unseen is not None
        margin = 2.6 * found.whole_target_error + np.nan_to_num(found.whole_target_unseen)
        inside.extend(np.abs(found.values.sum(axis=0) - exact) <= margin + 1e-9)
        flagged.extend(np.isfinite(found.whole_target_unseen))
    assert np.mean(inside) >= 0.9 and (name == "shapley" or np.mean(flagged) > 0.02)


@pytest.mark.parametrize("name", SAMPLED)
def test_where_all_varies_no_interval_is_widened(name: str) -> None:
    budget = Budget(900)
    found = SAMPLED[name].estimate(noise_game(10, 1), budget)
    assert found.unseen is not None and np.isnan(found.unseen).all()
    usual = SAMPLED[name].estimate(log_probability_game(12, 3), budget).unseen
    assert usual is not None and np.isfinite(usual).mean() < 0.1


@pytest.mark.parametrize("name", SAMPLED)
def test_a_feature_without_effect_is_not_certain(name: str) -> None:
    inner = log_probability_game(11, 1)

    def evaluate(coalitions: Coalitions) -> FloatArray:
        return inner.values(coalitions[:, :11])

    found = SAMPLED[name].estimate(Game(12, evaluate), Budget(900))
    assert found.unseen is not None and found.margin is not None
    assert found.margin[0, 11] > 0


@pytest.mark.parametrize("name", SAMPLED)
def test_a_target_that_nothing_changes_was_not_seen_to_vary(name: str) -> None:
    found = SAMPLED[name].estimate(Game(12, lambda c: np.full((len(c), 1), -2.0)), Budget(900))
    assert found.unseen is not None and np.isfinite(found.unseen).all()


@pytest.mark.parametrize("needed", [8, 20, 39])
def test_what_only_coalitions_near_the_ends_have_is_held_or_said_to_be_unseen(needed: int) -> None:
    """An AND and an OR of some of 40 features, each worth 12, over small single effects."""
    weights = np.random.default_rng(needed).normal(size=40) * 0.1

    def evaluate(coalitions: Coalitions) -> FloatArray:
        alike = coalitions @ weights
        met, any_ = coalitions[:, :needed].all(axis=1), coalitions[:, :needed].any(axis=1)
        return np.stack([alike + 12 * met, alike + 12 * any_], axis=1)

    exact = weights + np.where(np.arange(40) < needed, 12 / needed, 0.0)
    inside, said = [], []
    for seed in range(6):
        found = METHODS["shapley"].estimate(Game(40, evaluate), Budget(470, seed=seed))
        assert found.margin is not None
        inside.append(np.abs(found.values - exact) <= found.margin)
        assert found.unseen is not None
        said.append(bool(may_be_blind(found, 470)) or bool(np.isfinite(found.unseen).all()))
    assert np.mean(inside) >= 0.9 and np.mean(said) >= 5 / 6
    assert exact[:needed].sum() > 9, "of 12, what is needed together is worth"


@pytest.mark.parametrize(("evaluations", "complete"), [(300, False), (400, True)])
def test_where_only_the_ends_differ_the_unknown_neighbours_of_the_ends_are_said_to_be_unseen(
    evaluations: int, complete: bool
) -> None:
    game = Game(20, lambda c: np.where(c.any(axis=1), -0.001, -9.0)[:, None])
    found = METHODS["shapley"].estimate(game, Budget(evaluations))
    assert found.unseen is not None and found.margin is not None
    assert np.isfinite(found.unseen).all() != complete
    assert (np.abs(found.values - 8.999 / 20) <= found.margin).all()


def test_the_share_foretold_is_that_of_leave_one_out() -> None:
    """By fitting without each pair in turn, as the regression's leverages say at once."""
    game = conjunction_game(9, 1)
    pairs = draw_alike(9, 60, 1)
    found = banzhaf_by_regression(see(game, pairs)).foretold
    signs, values = pairs.signs, game.values(pairs.present) - game.values(~pairs.present)
    missed = np.empty_like(values)
    for out in range(60):
        kept = np.delete(np.arange(60), out)
        fit = np.linalg.lstsq(signs[kept], values[kept], rcond=None)[0]
        missed[out] = values[out] - signs[out] @ fit
    expected = 1 - (missed**2).sum(axis=0) / (values**2).sum(axis=0)
    assert found is not None
    np.testing.assert_allclose(found, expected, atol=1e-9)
    zeros = np.zeros((3, 1))
    assert share_foretold(zeros, zeros, np.full(3, 0.5)) == 1


@pytest.mark.parametrize("name", ["shapley", "banzhaf", "interactions"])
def test_a_map_says_where_it_may_be_blind_and_only_there(name: str) -> None:
    clear = SAMPLED[name].estimate(log_probability_game(14, 1), Budget(600))
    assert may_be_blind(clear, 600) == () and clear.foretold is not None
    assert (clear.foretold > 0.8).all()
    exact = SAMPLED[name].estimate(log_probability_game(8, 1), Budget(256))
    assert may_be_blind(exact, 256) == ()
    noise = SAMPLED[name].estimate(noise_game(12, 1), Budget(300))
    (sentence,) = may_be_blind(noise, 300)
    which = "The map" if name == "interactions" else "2 of 2 rows"
    assert sentence.startswith(f"{which} may be blind to what needs many features at once: of what")
    assert "the 300 evaluated coalitions differ by, only 0% is foretold" in sentence


@pytest.mark.parametrize("features", [20, 30])
def test_values_that_are_all_or_nothing_by_many_features_are_said_to_be_hard(features: int) -> None:
    """Thresholds on sums: single features foretell most of what differs, and miss it by far."""
    weights = np.random.default_rng(features).normal(size=features)

    def evaluate(coalitions: Coalitions) -> FloatArray:
        enough = coalitions[:, :10].sum(axis=1) >= 8
        return np.stack([-9.0 * ~enough, -9.0 * (coalitions @ weights < 0)], axis=1)

    evaluations = 12 * features - 10
    found = METHODS["shapley"].estimate(Game(features, evaluate), Budget(evaluations))
    assert found.foretold is not None and found.missed is not None
    assert (found.foretold > ENOUGH).all(), "they are not told by what is foretold"
    assert found.missed.max() > MOST_MISSED
    (sentence,) = may_be_blind(found, evaluations)
    assert "may be blind to what needs many features at once: what the" in sentence
    assert "of the range of all values. More" in sentence


@pytest.mark.parametrize("needed", [7, 8, 10])
@pytest.mark.parametrize("any_", [False, True])
@pytest.mark.parametrize("scale", [0.1, 10.0])
def test_an_and_or_an_or_of_many_features_is_said_to_be_hard(
    needed: int, any_: bool, scale: float
) -> None:
    """Over small single effects, in any unit, with noise."""
    weights = np.random.default_rng(needed).normal(size=20) * 0.1

    def evaluate(coalitions: Coalitions) -> FloatArray:
        some = coalitions[:, :needed]
        met = some.any(axis=1) if any_ else some.all(axis=1)
        noise = 0.01 * np.sin(1e4 * (coalitions @ np.arange(1, 21) ** 1.7))
        return scale * (coalitions @ weights + 12 * met + noise)[:, None]

    found = METHODS["shapley"].estimate(Game(20, evaluate), Budget(230))
    (sentence,) = may_be_blind(found, 230)
    assert sentence.startswith("The map may be blind")


@pytest.mark.parametrize(
    "value",
    [
        lambda c: c @ np.arange(1.0, 21) + 0.01 * np.sin(1e4 * (c @ np.arange(1, 21) ** 1.7)),
        lambda c: -9.0 * ~(c[:, 0] & c[:, 1]),
        lambda c: -9.0 * ~(c[:, 0] | c[:, 1] | c[:, 2]),
        lambda c: -np.logaddexp(0, -(c @ np.linspace(-3, 3, 20))),
    ],
    ids=["sums with noise", "and of 2", "or of 3", "saturating"],
)
def test_what_needs_few_features_raises_no_alarm(value: Callable[[Coalitions], FloatArray]) -> None:
    game = Game(20, lambda coalitions: np.asarray(value(coalitions), dtype=np.float64)[:, None])
    found = METHODS["shapley"].estimate(game, Budget(230))
    assert found.foretold is not None and may_be_blind(found, 230) == ()
