"""Leave-one-out: what is lost when one feature is taken from the whole."""

import numpy as np

from bathyscope.attribution.game import Game
from bathyscope.heatmap import FloatArray


def leave_one_out(game: Game) -> FloatArray:
    """Return v(all) − v(all without i) for every target and feature i.

    Also known as feature ablation or occlusion. Costs features + 1 evaluations. The values do not
    sum to v(all) − v(none): what two features do only together counts for both or for neither.

    Returns:
        Float64 array (targets, features) in the game's unit.
    """
    count = game.num_features
    coalitions = np.vstack([np.ones((1, count), dtype=np.bool_), ~np.eye(count, dtype=np.bool_)])
    values = game.values(coalitions)
    attribution: FloatArray = (values[0] - values[1:]).T
    return attribution
