"""Partition of features into groups: the quotient game, in which each group plays as one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.game import Coalitions, Game


@dataclass(frozen=True)
class Partition:
    """Partition of features into groups.

    Attributes:
        group: Of each feature the number of its group, from 0, shape (features,).
    """

    group: NDArray[np.intp]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Features of each group, shape (groups,)."""
        return np.bincount(self.group)

    @property
    def shared(self) -> NDArray[np.bool_]:
        """Whether each feature's group has other members, shape (features,)."""
        return np.asarray(self.sizes[self.group] > 1)

    @property
    def groups(self) -> Coalitions:
        """The members of each group, shape (groups, features)."""
        return np.asarray(self.group == np.arange(len(self.sizes))[:, None])

    def quotient(self, game: Game) -> Game:
        """Return the game of the groups: all members of a group are present, or none."""
        return Game(
            len(self.sizes), lambda groups: game.values(np.take(groups, self.group, axis=1))
        )

    def divided(self, values: FloatArray) -> FloatArray:
        """Return numbers of groups (…, groups) as numbers of features, evenly among members."""
        return np.asarray(values[..., self.group] / self.sizes[self.group])


def runs_between(alone: NDArray[np.bool_], begins: NDArray[np.bool_]) -> Partition:
    """Return some features as groups of one, and the runs between them as groups.

    Args:
        alone: Which features have a group of their own, shape (features,).
        begins: Where a group begins anyway, same shape.
    """
    first = begins | alone
    first[1:] |= alone[:-1]
    first[0] = True
    return Partition(np.cumsum(first) - 1)
