"""The methods by name, and what their maps measure.

Which method when: `shapley` shares out v(all) − v(none) completely; `leave_one_out` is the
cheapest and blind to what another feature could replace; `banzhaf` ranks most steadily under
noise; of hundreds of features `owen` halves groups where they matter, and `surrogate` fits a sparse
linear model. `interactions` says what
features do together, as a map of its own shape.
"""

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Quantity
from bathyscope.core.registry import Registry, working
from bathyscope.games.banzhaf import Banzhaf
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Game
from bathyscope.games.interactions import Interactions
from bathyscope.games.leave_one_out import LeaveOneOut
from bathyscope.games.method import Method
from bathyscope.games.owen import Owen
from bathyscope.games.shapley import Shapley
from bathyscope.games.surrogate import Surrogate

METHODS: Registry[Method] = Registry(
    "method", "bathyscope.methods", (Shapley(), LeaveOneOut(), Banzhaf(), Surrogate(), Owen())
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


def every_method() -> dict[str, Method]:
    """Return the methods by name, that of interactions among them."""
    return {**METHODS, INTERACTIONS.name: INTERACTIONS}


def require_resolving(name: str, what: str) -> None:
    """Raise InputError where a method may have features share the value of a group.

    Args:
        name: Of the method; one that is none of a game resolves.
        what: What is to be told apart, as the sentence begins.
    """
    method = METHODS.get(name)
    if method is not None and not method.resolves:
        raise InputError(
            f"{what} each need a value of their own, and {name} has many share that of their "
            "group; choose another method, such as shapley or leave_one_out."
        )


ATTRIBUTION = Quantity(
    name="attribution",
    unit="nats",
    bounds=None,
    neutral=0.0,
    legend="nats of log-probability: + supports, − opposes",
)
"""Cell (t, i): by how many nats feature i raised ln p of target token t.

Natural logarithm, no bounds, 0 = no effect. What "raised" compares is the method's definition:
`leave_one_out.leave_one_out`, `shapley.exact_shapley`, `banzhaf.banzhaf`, `surrogate.surrogate`,
`owen.owen`.
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
