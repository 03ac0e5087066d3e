"""Shapley values: each feature's average effect over all orders in which features can arrive."""

from math import factorial

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Game, all_coalitions
from bathyscope.games.method import Method
from bathyscope.games.sampled_pairs import SHAPLEY_PLAN, fewest_by_pairs, sampled


def shapley(game: Game, budget: Budget) -> Estimate:
    """Return Shapley values: exact where the budget covers all coalitions, else sampled."""
    if budget.covers(game.num_features):
        return Estimate(exact_shapley(game))
    return sampled(game, budget, SHAPLEY_PLAN)


def exact_shapley(game: Game) -> FloatArray:
    """Return exact Shapley values for every target and feature.

    φ_i = Σ_S |S|! (F − |S| − 1)! / F! · (v(S ∪ {i}) − v(S)) over all coalitions S without i
    (Shapley 1953, "A value for n-person games"). The values of a target sum to v(all) − v(none).
    Costs 2^F evaluations for F features.

    Returns:
        Float64 array (targets, features) in the game's unit.
    """
    count = game.num_features
    coalitions = all_coalitions(count)
    values = game.values(coalitions)
    sizes = coalitions.sum(axis=1)
    weights = np.array(
        [factorial(size) * factorial(count - size - 1) / factorial(count) for size in range(count)]
    )
    attribution = np.empty((values.shape[1], count))
    for feature in range(count):
        without = np.flatnonzero(~coalitions[:, feature])
        effect = values[without | 1 << feature] - values[without]
        attribution[:, feature] = weights[sizes[without]] @ effect
    return attribution


class Shapley(Method):
    """Shapley values; see `shapley`."""

    name = "shapley"
    summary = "shares out all − none completely; exact up to 12 features, else sampled"
    definition = (
        "its {exact} Shapley value, the effect of adding it averaged over all orders in which "
        "features can be added"
    )
    draws = "designed pairs"

    def fewest(self, num_features: int) -> int:
        """Return the fewest evaluations it works with."""
        return fewest_by_pairs(num_features)

    def estimate(self, game: Game, budget: Budget) -> Estimate:
        """Return Shapley values, exact where the budget allows."""
        return shapley(game, budget)
