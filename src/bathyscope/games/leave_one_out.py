"""Leave-one-out: what is lost when one feature is taken from the whole."""

import numpy as np

from bathyscope.games.estimate import Estimate
from bathyscope.games.game import Game


def leave_one_out(game: Game) -> Estimate:
    """Return v(all) − v(all without i) for every target and feature i, exactly.

    Also known as feature ablation or occlusion. Costs features + 2 evaluations, the empty
    coalition included, which every run reports. The values do not sum to v(all) − v(none): what
    two features do only together counts for both or for neither.
    """
    ends = np.ones((2, game.num_features), dtype=np.bool_)
    ends[1] = False
    values = game.values(np.vstack([ends, ~np.eye(game.num_features, dtype=np.bool_)]))
    return Estimate((values[0] - values[2:]).T)


def cost_of_leave_one_out(features: int) -> int:
    """Return the coalitions it evaluates; of one feature, taking it out leaves the empty one."""
    return features + 2 if features > 1 else 2
