"""Leave-one-out: what is lost when one feature is taken from the whole."""

import numpy as np

from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Game
from bathyscope.games.method import Method


def leave_one_out(game: Game) -> Estimate:
    """Return v(all) − v(all without i) for every target and feature i, exactly.

    Also known as feature ablation or occlusion. Costs features + 2 evaluations, the empty
    coalition included, which every run reports. The values do not sum to v(all) − v(none): what
    two features do only together counts for both or for neither.
    """
    ends = np.ones((2, game.num_features), dtype=np.bool_)
    ends[1] = False
    values = game.values(np.vstack([ends, ~np.eye(game.num_features, dtype=np.bool_)]))
    with np.errstate(invalid="ignore"):  # infinities make their own target unknown
        return Estimate((values[0] - values[2:]).T)


def cost_of_leave_one_out(features: int) -> int:
    """Return the coalitions it evaluates; of one feature, taking it out leaves the empty one."""
    return features + 2 if features > 1 else 2


class LeaveOneOut(Method):
    """Leave-one-out, also known as feature ablation or occlusion; see `leave_one_out`."""

    name = "leave_one_out"
    summary = "cheapest; blind to what another feature could replace"
    definition = "what is lost when it alone is taken out of the whole prompt"
    samples = False

    def fewest(self, num_features: int) -> int:
        """Return the evaluations it takes."""
        return cost_of_leave_one_out(num_features)

    def estimate(self, game: Game, budget: Budget) -> Estimate:
        """Return what is lost without each feature, exactly."""
        return leave_one_out(game)
