"""Owen values of groups: against brute force, what a search finds, what bounds hold."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.games.disagreement import DEALS, disagreement
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.halving import Halving, Subsets
from bathyscope.games.methods import METHODS
from bathyscope.games.owen import MOST_ALONE, estimate_of_groups, fewest_for_owen, owen
from bathyscope.games.partition import Partition, runs_between
from bathyscope.games.shapley import exact_shapley
from tests.games.games import Table, game_of, random_table

FEATURES = 120


def owen_by_orders(table: Table, group: list[int]) -> FloatArray:
    """Return the mean marginal effect over all orders in which groups stay together."""
    count = len(group)
    total, orders = np.zeros((len(table[frozenset()]), count)), 0
    for order in permutations(range(count)):
        places = [group[feature] for feature in order]
        if sum(a != b for a, b in pairwise(places)) > len(set(group)) - 1:
            continue
        present: frozenset[int] = frozenset()
        for feature in order:
            total[:, feature] += table[present | {feature}] - table[present]
            present |= {feature}
        orders += 1
    return total / orders


def additive(effects: FloatArray) -> Game:
    """Return the game in which effects (features, targets) add up."""
    return Game(len(effects), lambda coalitions: coalitions @ effects)


def effects_at(places: dict[int, float], features: int = FEATURES) -> FloatArray:
    """Return effects on two targets, the second's half as large and its last one of its own."""
    effects = np.zeros((features, 2))
    for place, size in places.items():
        effects[place] = size, size / 2
    return effects


def alone(found: Estimate) -> list[int]:
    assert found.group_of is not None
    return np.flatnonzero(np.bincount(found.group_of)[found.group_of] == 1).tolist()


@pytest.mark.parametrize("group", [[0, 1, 1, 2, 3, 3, 3], [0, 0, 0, 0, 1, 2, 2], [0] * 7])
@pytest.mark.parametrize("seed", [0, 1])
def test_groups_get_the_sums_of_the_owen_values_of_their_members(
    group: list[int], seed: int
) -> None:
    """Interactions of every order; enough evaluations for every coalition of groups."""
    table = random_table(7, 3, seed)
    expected = owen_by_orders(table, group)
    game, partition = game_of(table, 7), Partition(np.array(group))
    found = estimate_of_groups(game, partition, Budget(127, seed=seed))
    for one in set(group):
        members = np.flatnonzero(np.array(group) == one)
        sums = expected[:, members].sum(axis=1)
        np.testing.assert_allclose(found.values[:, members].sum(axis=1), sums, atol=1e-12)
        assert np.ptp(found.values[:, members], axis=1).max() < 1e-12
    assert found.standard_error is not None and not found.standard_error.any()
    assert found.unseen is not None
    np.testing.assert_array_equal(np.isnan(found.unseen).all(axis=0), ~partition.shared)
    np.testing.assert_array_equal(found.group_of, group)


def test_groups_of_one_are_features() -> None:
    table = random_table(6, 2, 3)
    found = estimate_of_groups(game_of(table, 6), Partition(np.arange(6)), Budget(64))
    np.testing.assert_allclose(found.values, exact_shapley(game_of(table, 6)), atol=1e-12)
    assert found.group_of is None and found.standard_error is None


def test_few_features_play_by_themselves() -> None:
    effects = np.random.default_rng(0).normal(size=(MOST_ALONE, 2))
    budget = Budget(300, seed=2)
    found = owen(additive(effects), budget)
    same = METHODS["shapley"].estimate(additive(effects), budget)
    np.testing.assert_array_equal(found.values, same.values)
    assert found.group_of is None


@pytest.mark.parametrize("seed", range(3))
def test_single_effects_are_found_and_exact(seed: int) -> None:
    places = {3: 1.0, 4: 0.8, 31: -0.7, 77: 0.5, 119: -1.2}
    effects = effects_at(places)
    game = additive(effects)
    found = owen(game, Budget(seed=seed, tolerance=0.05))
    assert set(places) <= set(alone(found)) and len(alone(found)) < 12
    np.testing.assert_allclose(found.values, effects.T, atol=1e-9)
    np.testing.assert_allclose(found.values.sum(axis=1), effects.sum(axis=0), atol=1e-12)
    assert game.num_evaluations < 400, "a sample of single features takes 1,430"


@pytest.mark.parametrize("seed", range(5))
def test_neighbours_that_cancel_are_found(seed: int) -> None:
    """Each group's value is 0, and so is what leaving it out changes."""
    places = {20: 1.0, 21: -1.0, 90: -0.6, 95: 0.6}
    found = owen(additive(effects_at(places)), Budget(seed=seed, tolerance=0.05))
    assert set(places) <= set(alone(found))


def test_what_is_in_one_pair_only_is_found() -> None:
    """AND within a group, AND across groups, OR within, OR across."""
    pairs = [(5, 6), (30, 100), (61, 62), (15, 81)]

    def evaluate(coalitions: Coalitions) -> FloatArray:
        held = [coalitions[:, list(pair)] for pair in pairs]
        worth = [one.all(axis=1) for one in held[:2]] + [one.any(axis=1) for one in held[2:]]
        sizes = np.array([[1.0, 0.2], [1.5, 0], [1, 1], [-2.0, 1]])
        return np.asarray(np.stack(worth, axis=1) @ sizes)

    found = owen(Game(FEATURES, evaluate), Budget(tolerance=0.05))
    assert {one for pair in pairs for one in pair} <= set(alone(found))
    wanted = [0.5, 0.75, 0.5, -1.0]
    for pair, size in zip(pairs, wanted, strict=True):
        np.testing.assert_allclose(found.values[0, list(pair)], size, atol=0.05)


@pytest.mark.parametrize("kind", ["hidden pair", "dense", "one"])
def test_bounds_hold_the_effects_of_members(kind: str) -> None:
    """Of groups that nothing was found in: 95 % at least, where effects add up."""
    inside, cells = 0, 0
    for seed in range(40):
        generator = np.random.default_rng([seed, 5])
        effects = np.zeros((40, 2))
        if kind == "dense":
            effects = generator.normal(size=(40, 2))
        at = generator.choice(40, 2, replace=False)
        effects[at[0]] += 1.0
        effects[at[1]] -= kind == "hidden pair"
        partition = Partition(np.arange(40) // 10)
        game = additive(effects)
        found = estimate_of_groups(game, partition, Budget(40 + 10, seed=seed))
        assert found.margin is not None and np.isfinite(found.margin).all()
        off = np.abs(found.values - effects.T)
        # Of zeros beside them nothing can go wrong: what is judged is where there is an effect.
        judged = off > 0.2
        inside += int((off <= found.margin + 1e-9)[judged].sum())
        cells += int(judged.sum())
    assert cells >= 80 and inside / cells >= 0.95


def test_a_bound_is_the_largest_disagreement() -> None:
    effects = np.array([[2.0], [-1.0], [0.5], [4.0], [1.0]])
    partition = Partition(np.array([0, 0, 0, 1, 1]))
    sets = partition.groups
    shares = partition.divided(np.array([[1.5, 5.0]]))
    bounds, of_sum = disagreement(
        additive(effects), partition, sets, shares, np.random.default_rng(1)
    )
    own = effects[:, 0] - shares[0]
    sums = {
        abs(a * own[0] + b * own[1] + c * own[2]) for a in (1, -1) for b in (1, -1) for c in (1, -1)
    }
    assert any(abs(bounds[0, 0] - one) < 1e-12 for one in sums)
    assert bounds[0, 3] in (0.0, 3.0) and bounds[0, 3] == bounds[0, 4]
    np.testing.assert_allclose(of_sum, bounds[0])
    assert DEALS == 6


def test_parts_are_taken_from_both_ends_without_further_evaluations() -> None:
    asked: list[int] = []

    def evaluate(coalitions: Coalitions) -> FloatArray:
        asked.append(len(coalitions))
        return np.asarray(coalitions.sum(axis=1, keepdims=True), dtype=np.float64)

    game = Game(9, evaluate)
    whole = Subsets.at_the_ends(np.array([[False] * 2 + [True] * 5 + [False] * 2]))
    halves = whole.halved(np.random.default_rng(0))
    assert sorted(halves.counts) == [2, 3]
    np.testing.assert_array_equal(halves.members.sum(axis=0), whole.members[0])
    for parts, new in ((whole, 4), (halves, 2)):
        before = game.num_evaluations
        game.values(np.concatenate([parts.below | parts.members, parts.below]))
        game.values(np.concatenate([parts.above, parts.above & ~parts.members]))
        assert game.num_evaluations - before == new


def test_runs_end_at_what_is_alone_and_where_groups_begin() -> None:
    lone, begins = np.zeros((2, 9), dtype=np.bool_)
    lone[[2, 3, 8]], begins[[0, 5]] = True, True
    assert runs_between(lone, begins).group.tolist() == [0, 0, 1, 2, 3, 4, 4, 4, 5]


@pytest.mark.parametrize("evaluations", [170, 250, 400])
def test_a_budget_is_never_exceeded(evaluations: int) -> None:
    effects = np.random.default_rng(3).normal(size=(300, 2))
    game = additive(effects)
    found = owen(game, Budget(evaluations))
    assert game.num_evaluations <= evaluations
    np.testing.assert_allclose(found.values.sum(axis=1), effects.sum(axis=0), atol=1e-10)
    assert found.margin is not None
    assert (np.abs(found.values - effects.T) <= found.margin).mean() > 0.95


def test_the_same_seed_gives_the_same_bits_however_much_is_known() -> None:
    effects = np.random.default_rng(4).normal(size=(60, 1)) ** 3
    known = additive(effects)
    known.values(np.random.default_rng(5).random((500, 60)) < 0.5)
    one = owen(additive(effects), Budget(500, seed=7))
    other = owen(known, Budget(500, seed=7))
    np.testing.assert_array_equal(one.values, other.values)
    np.testing.assert_array_equal(one.margin, other.margin)


def test_a_constant_game_is_left_in_groups() -> None:
    found = owen(Game(50, lambda coalitions: np.full((len(coalitions), 2), -3.0)), Budget(400))
    assert not found.values.any() and alone(found) == []


def test_infinite_values_of_one_target_leave_the_other_alone() -> None:
    effects = effects_at({40: 1.0})

    def evaluate(coalitions: Coalitions) -> FloatArray:
        values = coalitions @ effects
        values[~coalitions[:, 7], 0] = -np.inf
        return values

    found = owen(Game(FEATURES, evaluate), Budget(600))
    assert 40 in alone(found)
    np.testing.assert_allclose(found.values[1], effects[:, 1], atol=1e-9)


def test_too_small_a_budget_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(InputError, match="at least 170 evaluations"):
        METHODS["owen"].require_affordable(300, Budget(169))
    METHODS["owen"].require_affordable(300, Budget(fewest_for_owen(300)))


def test_what_is_found_last_is_given_up_first_where_the_budget_is_short() -> None:
    effects = effects_at(dict.fromkeys(range(0, FEATURES, 5), 0.5) | {50: 3.0})
    search = Halving(additive(effects), Budget(200), lambda partition: 10 * len(partition.sizes))
    partition = search.run()
    assert len(partition.sizes) <= 20 and search.alone[50]
