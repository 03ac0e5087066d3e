"""Banzhaf values: each feature's average effect over all sets of other features."""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Game, all_coalitions
from bathyscope.games.method import Method
from bathyscope.games.sampled_pairs import BANZHAF_PLAN, fewest_by_pairs, sampled


def banzhaf(game: Game, budget: Budget) -> Estimate:
    """Return Banzhaf values: exact where the budget covers all coalitions, else sampled.

    β_i = 2^(1 − F) Σ_S (v(S ∪ {i}) − v(S)) over all coalitions S without i (Banzhaf 1965; for
    models Wang & Jia 2023, "Data Banzhaf", arXiv 2205.15466: of all such averages the one whose
    ranking noise disturbs least). The values of a target do not sum to v(all) − v(none).
    Exact: 2^F evaluations.
    """
    if budget.covers(game.num_features):
        return Estimate(exact_banzhaf(game))
    return sampled(game, budget, BANZHAF_PLAN)


def exact_banzhaf(game: Game) -> FloatArray:
    """Return exact Banzhaf values (targets, features) from all coalitions."""
    coalitions = all_coalitions(game.num_features)
    values = game.values(coalitions)
    attribution = np.empty((values.shape[1], game.num_features))
    for feature in range(game.num_features):
        without = np.flatnonzero(~coalitions[:, feature])
        attribution[:, feature] = (values[without | 1 << feature] - values[without]).mean(axis=0)
    return attribution


class Banzhaf(Method):
    """Banzhaf values; see `banzhaf`."""

    name = "banzhaf"
    summary = "ranks most steadily under noise; exact up to 12 features, else sampled"
    definition = (
        "its {exact} Banzhaf value, the effect of adding it averaged over all sets of other "
        "features"
    )
    draws = "designed pairs"

    def fewest(self, num_features: int) -> int:
        """Return the fewest evaluations it works with."""
        return fewest_by_pairs(num_features)

    def estimate(self, game: Game, budget: Budget) -> Estimate:
        """Return Banzhaf values, exact where the budget allows."""
        return banzhaf(game, budget)
