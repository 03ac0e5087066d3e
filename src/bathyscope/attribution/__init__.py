"""What drove each token: methods over a game, and the methods' names.

A method is a pure function from a game to an attribution array (targets, features); the game alone
touches the model.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bathyscope.attribution.game import Game
from bathyscope.attribution.leave_one_out import leave_one_out
from bathyscope.attribution.shapley import shapley
from bathyscope.errors import InputError
from bathyscope.heatmap import FloatArray, Quantity


@dataclass(frozen=True)
class Method:
    """A way to share a game's value among its features.

    Attributes:
        estimate: From a game to an attribution array (targets, features).
        evaluations: From the number of features to the coalitions that will be evaluated.
        max_features: The most features it takes, or None.
    """

    estimate: Callable[[Game], FloatArray]
    evaluations: Callable[[int], int]
    max_features: int | None = None

    def require_affordable(self, num_features: int) -> None:
        """Raise InputError where there are more features than the method takes."""
        if self.max_features is not None and num_features > self.max_features:
            raise InputError(
                f"The prompt has {num_features} features, which would need "
                f"{self.evaluations(num_features):,} evaluations; the limit is "
                f"{self.max_features} features. Mark fewer, or use --method leave_one_out."
            )


METHODS: dict[str, Method] = {
    "shapley": Method(shapley, evaluations=lambda count: 2**count, max_features=12),
    "leave_one_out": Method(leave_one_out, evaluations=lambda count: count + 1),
}

ATTRIBUTION = Quantity(
    name="attribution",
    unit="nats",
    bounds=None,
    neutral=0.0,
    legend="nats of log-probability: + supports, − opposes",
)
"""Cell (t, i): by how many nats feature i raised ln p of target token t.

Natural logarithm, no bounds, 0 = no effect. What "raised" compares is the method's definition:
`leave_one_out.leave_one_out`, `shapley.shapley`.
"""
