"""The methods by name, and what their maps measure.

Which method when: `shapley` shares out v(all) − v(none) completely; `leave_one_out` is the
cheapest and blind to what another feature could replace; `banzhaf` ranks most steadily under
noise; `surrogate` takes hundreds of features of which few matter. `interactions` says what
features do together, as a map of its own shape.
"""

import numpy as np

from bathyscope.core.heatmap import Quantity
from bathyscope.core.registry import Registry, working
from bathyscope.games.banzhaf import Banzhaf
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Game
from bathyscope.games.interactions import Interactions
from bathyscope.games.leave_one_out import LeaveOneOut
from bathyscope.games.method import Method
from bathyscope.games.shapley import Shapley
from bathyscope.games.surrogate import Surrogate

METHODS: Registry[Method] = Registry(
    "method", "bathyscope.methods", (Shapley(), LeaveOneOut(), Banzhaf(), Surrogate())
)
"""Every method whose map is targets × features."""

INTERACTIONS = Interactions()
"""The method whose map is features × features, of the whole target; of one token: `interactions`
with its position."""


def estimated(method: Method, game: Game, budget: Budget) -> Estimate:
    """Return what a method makes of a game, whoever wrote it.

    Raises:
        InputError: A method of another package fails, or gives values of another shape than
            (targets, features).
    """
    with working("method", method):
        estimate = method.estimate(game, budget)
        expected = (len(game.all()), game.num_features)
        if np.shape(estimate.values) != expected:
            raise ValueError(
                f"its values have the shape {np.shape(estimate.values)}, not {expected}"
            )
    return estimate


ATTRIBUTION = Quantity(
    name="attribution",
    unit="nats",
    bounds=None,
    neutral=0.0,
    legend="nats of log-probability: + supports, − opposes",
)
"""Cell (t, i): by how many nats feature i raised ln p of target token t.

Natural logarithm, no bounds, 0 = no effect. What "raised" compares is the method's definition:
`leave_one_out.leave_one_out`, `shapley.exact_shapley`, `banzhaf.banzhaf`, `surrogate.surrogate`.
"""

INTERACTION = Quantity(
    name="interaction",
    unit="nats",
    bounds=None,
    neutral=0.0,
    legend="nats of log-probability: + complement each other, − replace each other",
)
"""Cell (i, j): by how many nats features i and j do more together than each alone; on the diagonal
the Shapley value of i. Natural logarithm, no bounds, 0 = independent: `interactions.interactions`.
"""
