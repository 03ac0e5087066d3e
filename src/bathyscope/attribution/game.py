"""A game: features that are present or absent, and what that is worth to each target token."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bathyscope.heatmap import FloatArray

Coalitions = NDArray[np.bool_]


class Game:
    """Values of coalitions, each evaluated at most once.

    Attributes:
        num_features: Number of features.
        num_evaluations: Coalitions evaluated so far.
    """

    def __init__(self, num_features: int, evaluate: Callable[[Coalitions], FloatArray]) -> None:
        """Create a game from the function that evaluates coalitions.

        Args:
            num_features: Number of features.
            evaluate: Takes coalitions (n, features), True where present, and returns their
                values (n, targets). It is asked for many at once, never twice for the same.
        """
        self.num_features = num_features
        self._evaluate = evaluate
        self._known: dict[bytes, FloatArray] = {}

    @property
    def num_evaluations(self) -> int:
        """Coalitions evaluated so far."""
        return len(self._known)

    def values(self, coalitions: Coalitions) -> FloatArray:
        """Return the values of coalitions, evaluating those not yet known in one go.

        Args:
            coalitions: Bool array (n, features), True where the feature is present.

        Returns:
            Float64 array (n, targets).
        """
        keys = [row.tobytes() for row in np.ascontiguousarray(coalitions, dtype=np.bool_)]
        missing = {
            key: row for key, row in zip(keys, coalitions, strict=True) if key not in self._known
        }
        if missing:
            found = self._evaluate(np.array(list(missing.values()), dtype=np.bool_))
            self._known.update(zip(missing, found, strict=True))
        return np.array([self._known[key] for key in keys])

    def all(self) -> FloatArray:
        """Return the value with every feature present, shape (targets,)."""
        everything: FloatArray = self.values(np.ones((1, self.num_features), dtype=np.bool_))[0]
        return everything

    def none(self) -> FloatArray:
        """Return the value with every feature absent, shape (targets,)."""
        nothing: FloatArray = self.values(np.zeros((1, self.num_features), dtype=np.bool_))[0]
        return nothing
