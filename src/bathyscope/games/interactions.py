"""Second-order Shapley interaction index: what features do together."""

from dataclasses import replace
from math import comb, factorial

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.by_process import by_process
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game, all_coalitions
from bathyscope.games.indices import INTERACTION, SHAPLEY
from bathyscope.games.interaction_blocks import by_blocks, fewest_for_blocks
from bathyscope.games.method import Method
from bathyscope.games.pair_sample import see
from bathyscope.games.sampled_pairs import (
    MOST_BY_PROCESS,
    SHAPLEY_PLAN,
    better,
    fewest_by_pairs,
    sampled,
)
from bathyscope.games.shapley import exact_shapley

MOST_CELLS = 2048
"""Interactions that a process is asked for: memory grows with their square (about 0.4 GB here)."""


def interactions(game: Game, budget: Budget, target: int | None = None) -> Estimate:
    """Return how much more, or less, each two features do together than each does alone.

    I_ij = Σ_S |S|! (F − |S| − 2)! / (F − 1)! · (v(S ∪ {i, j}) − v(S ∪ {i}) − v(S ∪ {j}) + v(S))
    over all coalitions S without i and j (Grabisch & Roubens 1999): above 0 the two complement
    each other, below 0 one makes the other superfluous. On the diagonal stands I_i, the feature's
    Shapley value, of which the sum is v(all) − v(none). Exact where the budget covers all
    coalitions (2^F evaluations), else sampled: `sampled_interactions`.

    Args:
        game: The game.
        budget: What may be spent.
        target: Position of one target token; None takes the whole target, the sum over its tokens.

    Returns:
        A symmetric map (features, features) in the game's unit.
    """
    of_one = _one_target(game, target)
    if budget.covers(game.num_features):
        return Estimate(exact_interactions(of_one))
    return sampled_interactions(of_one, budget)


def exact_interactions(game: Game) -> FloatArray:
    """Return the exact map (features, features) of a game of one target, from all coalitions."""
    count = game.num_features
    coalitions = all_coalitions(count)
    values = game.values(coalitions)[:, 0]
    sizes = coalitions.sum(axis=1)
    weights = np.array(
        [factorial(s) * factorial(count - s - 2) / factorial(count - 1) for s in range(count - 1)]
    )
    found = np.diag(exact_shapley(game)[0])
    for i in range(count):
        for j in range(i):
            without = np.flatnonzero(~(coalitions[:, i] | coalitions[:, j]))
            with_i, with_j = without | 1 << i, without | 1 << j
            excess = values[with_i | with_j] - values[with_i] - values[with_j] + values[without]
            found[i, j] = found[j, i] = weights[sizes[without]] @ excess
    return found


def sampled_interactions(game: Game, budget: Budget) -> Estimate:
    """Return the map of a game of one target from pairs of a coalition and its complement.

    Interactions of two features belong to v(S) + v(complement of S), which is described by a
    Gaussian process as Shapley values' half is (`sampled_pairs.sampled`); the diagonal is that of
    sampled Shapley values of the same pairs, and sums to v(all) − v(none). No more than
    `MOST_BY_PROCESS` pairs are of use to it: of a larger budget the rest goes into blocks of orders
    (`interaction_blocks`), and the one of the smaller error is returned. More than `MOST_CELLS`
    interactions are beyond it, and only blocks are drawn.
    """
    cells = comb(game.num_features, 2)
    if cells > MOST_CELLS:
        return by_blocks(game, budget)
    found = sampled(game, budget, _ByPairs())
    assert found.standard_error is not None
    spent = 2 * MOST_BY_PROCESS + 2
    within = budget.tolerance is not None and found.standard_error.max() <= budget.tolerance
    rest = replace(budget, evaluations=max(budget.evaluations - spent, 1))
    if within or rest.evaluations < fewest_for_blocks(game.num_features):
        return found
    return better(found, by_blocks(game, rest))


class _ByPairs:
    """Plan of the map of a game of one target."""

    most = MOST_BY_PROCESS

    def estimate(self, game: Game, pairs: int, seed: int) -> Estimate:
        """Return what so many pairs say of interactions, and on the diagonal of the values."""
        sample = see(game, SHAPLEY_PLAN.draw(game.num_features, pairs, seed))
        with np.errstate(invalid="ignore"):  # infinities make all unknown
            return _together(
                by_process(INTERACTION, sample, seed), by_process(SHAPLEY, sample, seed)
            )


def _together(above: Estimate, diagonal: Estimate) -> Estimate:
    """Return the map of (1, cells) above the diagonal and (1, features) on it."""
    features = diagonal.values.shape[1]
    first, second = np.triu_indices(features, 1)

    def square(cells: FloatArray | None, values: FloatArray | None) -> FloatArray:
        """Return (…, features, features) from (…, 1, cells) and (…, 1, features)."""
        assert cells is not None and values is not None
        found = np.zeros((*values.shape[:-2], features, features))
        found[..., first, second] = found[..., second, first] = cells[..., 0, :]
        found[..., np.arange(features), np.arange(features)] = values[..., 0, :]
        return found

    assert above.halves is not None and diagonal.halves is not None and above.unseen is not None
    assert above.degrees_of_freedom is not None and diagonal.degrees_of_freedom is not None
    assert above.foretold is not None and diagonal.foretold is not None
    halves = [square(*half) for half in zip(above.halves, diagonal.halves, strict=True)]
    return Estimate(
        values=square(above.values, diagonal.values),
        standard_error=square(above.standard_error, diagonal.standard_error),
        degrees_of_freedom=min(above.degrees_of_freedom, diagonal.degrees_of_freedom),
        halves=(halves[0], halves[1]),
        replicates=square(above.replicates, diagonal.replicates),
        # An interaction is the difference of two effects: twice what one may be off by.
        unseen=square(2 * above.unseen, diagonal.unseen),
        foretold=np.minimum(above.foretold, diagonal.foretold),
        missed=diagonal.missed,
    )


def fewest_for_interactions(features: int) -> int:
    """Return the evaluations an error takes: a pair for each interaction, or six for each value."""
    cells = comb(features, 2)
    if cells > MOST_CELLS:
        return fewest_for_blocks(features)
    return min(1 << features, max(fewest_by_pairs(features), 2 * cells + 2))


def _one_target(game: Game, target: int | None) -> Game:
    """Return the game of one target token, or of the sum over all."""

    def evaluate(coalitions: Coalitions) -> FloatArray:
        values = game.values(coalitions)
        one: FloatArray = values.sum(axis=1) if target is None else values[:, target]
        return one[:, None]

    return Game(game.num_features, evaluate)


class Interactions(Method):
    """Second-order Shapley interactions of the whole target; see `interactions`.

    Its map is features × features, so it is a verb of its own (`bathyscope.interact`) and stands
    in no registry of methods whose maps are targets × features.
    """

    name = "interactions"
    summary = "what each two features do together, a map of features × features"
    definition = "its {exact} Shapley interaction"
    draws = "designed pairs"

    def fewest(self, num_features: int) -> int:
        """Return the fewest evaluations it works with."""
        return fewest_for_interactions(num_features)

    def estimate(self, game: Game, budget: Budget) -> Estimate:
        """Return the map (features, features) of the sum over all targets."""
        return interactions(game, budget)
