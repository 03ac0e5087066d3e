"""A game: features that are present or absent, and what that is worth to each target token."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray

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
        self._place: dict[bytes, int] = {}
        self._found: FloatArray | None = None

    @property
    def num_evaluations(self) -> int:
        """Coalitions evaluated so far."""
        return len(self._place)

    def values(self, coalitions: Coalitions) -> FloatArray:
        """Return the values of coalitions, evaluating those not yet known in one go.

        Args:
            coalitions: Bool array (n, features), n at least 1, True where the feature is present.

        Returns:
            Float64 array (n, targets).
        """
        keys = coalition_keys(coalitions)
        missing = {
            key: row for row, key in reversed(list(enumerate(keys))) if key not in self._place
        }
        known = self._found
        if missing or known is None:
            rows = sorted(missing.values())
            found = np.asarray(self._evaluate(coalitions[rows]), dtype=np.float64)
            first = len(self._place)
            known = self._found = found if known is None else np.concatenate([known, found])
            self._place.update((keys[row], first + new) for new, row in enumerate(rows))
        values: FloatArray = known[[self._place[key] for key in keys]]
        return values

    def all(self) -> FloatArray:
        """Return the value with every feature present, shape (targets,)."""
        everything: FloatArray = self.values(np.ones((1, self.num_features), dtype=np.bool_))[0]
        return everything

    def none(self) -> FloatArray:
        """Return the value with every feature absent, shape (targets,)."""
        nothing: FloatArray = self.values(np.zeros((1, self.num_features), dtype=np.bool_))[0]
        return nothing


def coalition_keys(coalitions: Coalitions) -> list[bytes]:
    """Return for each coalition (n, features) what tells it from every other one."""
    packed = np.packbits(coalitions, axis=1)
    keys: list[bytes] = packed.view(f"V{packed.shape[1]}").ravel().tolist()
    return keys


def all_coalitions(count: int) -> Coalitions:
    """Return every coalition of `count` features, shape (2^count, count).

    Feature i is present in row r where bit i of r is set, so that row r | 1 << i is row r with
    feature i added.
    """
    numbers = np.arange(2**count)
    present: Coalitions = (numbers[:, None] >> np.arange(count) & 1).astype(np.bool_)
    return present
