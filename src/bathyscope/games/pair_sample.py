"""Sample of a game in pairs of complements: what every estimator from pairs is given."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.draws import Pairs
from bathyscope.games.game import Game
from bathyscope.games.unseen import unseen_by_fit


@dataclass(frozen=True)
class PairSample:
    """Pairs and what they are worth.

    Attributes:
        pairs: The n pairs.
        values: Of the whole and the empty coalition, and of both of each pair, shape
            (1 + n, 2, targets).
    """

    pairs: Pairs
    values: FloatArray

    @cached_property
    def signs(self) -> FloatArray:
        """Signs of the first coalition of each, the whole one before all, (1 + n, features)."""
        signs = self.pairs.signs
        return np.concatenate([np.ones((1, signs.shape[1])), signs])

    @cached_property
    def differences(self) -> FloatArray:
        """First minus second, (1 + n, targets): the half of the game that has Shapley values."""
        with np.errstate(invalid="ignore"):  # infinities of one target leave the others alone
            return np.asarray(self.values[:, 0] - self.values[:, 1])

    @cached_property
    def sums(self) -> FloatArray:
        """First plus second, (1 + n, targets): the half that has interactions of two features."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.values[:, 0] + self.values[:, 1])

    @cached_property
    def span(self) -> FloatArray:
        """Range of each target's values, shape (targets,)."""
        return _span(self.values)

    def unseen(self, left: FloatArray, expected: FloatArray, times: int) -> FloatArray:
        """Return the bounds of all cells, (targets, times): pairs serve all of them alike.

        Where each feature alone, and all without it, were drawn, the ends have no neighbour that
        was not seen, and how far they lie from a fit says nothing.

        Args:
            left: What predictions from the other pairs miss, the ends first, (1 + n, targets).
            expected: Those predictions, same shape.
            times: How often a target's bound is repeated.
        """
        bound = self._bound(left, expected, self.span)
        return np.repeat(bound[:, None], times, axis=1)

    def whole_unseen(self, left: FloatArray, expected: FloatArray, times: int) -> FloatArray:
        """Return the bounds of the sums over the targets, shape (times,)."""
        lefts, expecteds, values = (
            part.sum(axis=-1, keepdims=True) for part in (left, expected, self.values)
        )
        return np.repeat(self._bound(lefts, expecteds, _span(values)), times)

    def _bound(self, left: FloatArray, expected: FloatArray, span: FloatArray) -> FloatArray:
        single = self.pairs.chance[self.pairs.present.sum(axis=1) == 1]
        known = single.size and single[0] == 1
        at_ends = np.zeros_like(left[0]) if known else np.abs(left[0])
        largest, reached = np.abs(left[1:]).max(axis=0), np.abs(expected[1:]).max(axis=0)
        return unseen_by_fit(len(left) - 1, largest, at_ends, reached, span)


def _span(values: FloatArray) -> FloatArray:
    """Return the range of each target's values, (…, 2, targets), shape (targets,)."""
    with np.errstate(invalid="ignore"):
        width: FloatArray = np.ptp(values, axis=(0, 1))
    return width


def see(game: Game, pairs: Pairs) -> PairSample:
    """Evaluate the ends and some pairs."""
    ends = np.array([[True], [False]]).repeat(game.num_features, axis=1)
    values = game.values(np.concatenate([ends, pairs.coalitions()]))
    return PairSample(pairs, values.reshape(1 + len(pairs.present), 2, -1))
