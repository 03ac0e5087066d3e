"""What drove each token: methods over a game, and the methods' names.

A method is a pure function from a game and a budget to an estimate; the game alone touches the
model. Which method when: `shapley` shares out v(all) − v(none) completely; `leave_one_out` is the
cheapest and blind to what another feature could replace; `banzhaf` ranks most steadily under
noise; `surrogate` takes hundreds of features of which few matter. `interactions` says what
features do together, as a map of its own shape.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Quantity
from bathyscope.games.banzhaf import banzhaf, fewest_for_banzhaf
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Game
from bathyscope.games.interactions import fewest_for_interactions, interactions
from bathyscope.games.leave_one_out import cost_of_leave_one_out, leave_one_out
from bathyscope.games.sampled_shapley import fewest_for_shapley
from bathyscope.games.shapley import shapley
from bathyscope.games.surrogate import fewest_for_surrogate, require_solver, surrogate


@dataclass(frozen=True)
class Method:
    """A way to share a game's value among its features.

    Attributes:
        estimate: From a game and a budget to values with their errors.
        fewest: From the number of features to the fewest evaluations it works with.
        samples: Whether it spends the whole budget on samples where it cannot be exact.
        require: Raises InputError where a package it needs is missing.
    """

    estimate: Callable[[Game, Budget], Estimate]
    fewest: Callable[[int], int]
    samples: bool = True
    require: Callable[[], None] = lambda: None

    def evaluations(self, num_features: int, budget: Budget) -> int:
        """Return the most coalitions that will be evaluated; exactly as many if exact."""
        if not self.samples:
            return self.fewest(num_features)
        return 2**num_features if budget.covers(num_features) else budget.evaluations

    def require_affordable(self, num_features: int, budget: Budget) -> None:
        """Raise InputError where the method cannot work, before any model is loaded."""
        self.require()
        fewest = self.fewest(num_features)
        if budget.evaluations < fewest:
            raise InputError(
                f"With {num_features} features this method needs at least {fewest:,} evaluations, "
                f"but the budget is {budget.evaluations:,}; raise --budget or mark fewer features."
            )


METHODS: dict[str, Method] = {
    "shapley": Method(shapley, fewest_for_shapley),
    "leave_one_out": Method(
        lambda game, budget: leave_one_out(game), cost_of_leave_one_out, samples=False
    ),
    "banzhaf": Method(banzhaf, fewest_for_banzhaf),
    "surrogate": Method(surrogate, fewest_for_surrogate, require=require_solver),
}
"""Methods whose map is targets × features."""

INTERACTIONS = Method(interactions, fewest_for_interactions)
"""The method whose map is features × features, of the whole target; of one token: `interactions`
with its position."""

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
