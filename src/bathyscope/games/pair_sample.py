"""Sample of a game in pairs of complements: what every estimator from pairs is given."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.draws import Pairs, draw_pairs
from bathyscope.games.game import Game
from bathyscope.games.unseen import Span, unseen_by_fit


@dataclass(frozen=True)
class PairSample:
    """Pairs and what they are worth.

    Attributes:
        pairs: The pairs.
        differences: Value of the first coalition minus that of the second, (n, targets).
        ends: v(all) − v(none), shape (targets,).
        span: The range of each target's values, shape (targets,).
        whole_span: The range of the sum over the targets.
    """

    pairs: Pairs
    differences: FloatArray
    ends: FloatArray
    span: FloatArray
    whole_span: FloatArray

    @cached_property
    def with_ends(self) -> tuple[FloatArray, FloatArray]:
        """Signs (1 + n, features) and differences (1 + n, targets), the ends as pair number 0."""
        signs = self.pairs.signs
        return (
            np.concatenate([np.ones((1, signs.shape[1])), signs]),
            np.concatenate([self.ends[None], self.differences]),
        )

    def first(self, count: int) -> "PairSample":
        """Return the sample of the first pairs alone."""
        pairs, differences = self.pairs.first(count), self.differences[:count]
        return PairSample(pairs, differences, self.ends, self.span, self.whole_span)

    def unseen(self, residuals: FloatArray, at_ends: FloatArray, fitted: FloatArray) -> FloatArray:
        """Return the bounds of all cells, (targets, features): pairs serve all features alike.

        Where each feature alone, and all without it, were drawn, the ends have no neighbour that
        was not seen, and how far they lie from a fit says nothing.

        Args:
            residuals: What predictions of pairs from the other pairs miss, (n, targets).
            at_ends: The same of the ends, shape (targets,).
            fitted: What was fitted, (n, targets).
        """
        bound = self._bound(residuals, at_ends, fitted, self.span)
        return np.repeat(bound[:, None], self.pairs.present.shape[1], axis=1)

    def whole_unseen(
        self, residuals: FloatArray, at_ends: FloatArray, fitted: FloatArray
    ) -> FloatArray:
        """Return the bounds of the features' sums over the targets, shape (features,)."""
        of_sum = [part.sum(axis=-1, keepdims=True) for part in (residuals, at_ends, fitted)]
        bound = self._bound(of_sum[0], of_sum[1], of_sum[2], self.whole_span)
        return np.repeat(bound, self.pairs.present.shape[1])

    def _bound(
        self, residuals: FloatArray, at_ends: FloatArray, fitted: FloatArray, span: FloatArray
    ) -> FloatArray:
        single = self.pairs.chance[self.pairs.present.sum(axis=1) == 1]
        if single.size and single[0] == 1:
            at_ends = np.zeros_like(at_ends)
        largest, reached = np.abs(residuals).max(axis=0), np.abs(fitted).max(axis=0)
        return unseen_by_fit(len(residuals), largest, np.abs(at_ends), reached, span)


def see(game: Game, count: int, seed: int) -> PairSample:
    """Evaluate the first pairs of a seed, and the ends."""
    pairs = draw_pairs(game.num_features, count, seed)
    ends = np.array([[False], [True]]).repeat(game.num_features, axis=1)
    values = game.values(np.concatenate([ends, pairs.coalitions()]))
    span, whole_span = Span(), Span()
    span.add(values)
    whole_span.add(values.sum(axis=1, keepdims=True))
    with np.errstate(invalid="ignore"):  # infinities of one target leave the others alone
        return PairSample(
            pairs,
            values[2::2] - values[3::2],
            values[1] - values[0],
            span.width,
            whole_span.width,
        )
