"""Shapley values: each feature's average effect over all orders in which features can arrive."""

from math import factorial

import numpy as np

from bathyscope.attribution.game import Game
from bathyscope.heatmap import FloatArray


def shapley(game: Game) -> FloatArray:
    """Return exact Shapley values for every target and feature.

    φ_i = Σ_S |S|! (F − |S| − 1)! / F! · (v(S ∪ {i}) − v(S)) over all coalitions S without i
    (Shapley 1953, "A value for n-person games"). The values of a target sum to v(all) − v(none).
    Costs 2^F evaluations for F features.

    Returns:
        Float64 array (targets, features) in the game's unit.
    """
    count = game.num_features
    numbers = np.arange(2**count)
    coalitions = (numbers[:, None] >> np.arange(count) & 1).astype(np.bool_)
    values = game.values(coalitions)
    sizes = coalitions.sum(axis=1)
    weights = np.array(
        [factorial(size) * factorial(count - size - 1) / factorial(count) for size in range(count)]
    )
    attribution = np.empty((values.shape[1], count))
    for feature in range(count):
        without = numbers[~coalitions[:, feature]]
        effect = values[without | 1 << feature] - values[without]
        attribution[:, feature] = weights[sizes[without]] @ effect
    return attribution
