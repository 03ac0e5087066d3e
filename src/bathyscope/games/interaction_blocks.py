"""Interactions of two features as means over blocks of random orders of arrival."""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.moments import MeanOfSamples
from bathyscope.games.orders import Ranks, by_feature, prefixes, random_ranks, ranks_of
from bathyscope.games.sampling import FEWEST, sample
from bathyscope.games.unseen import Span


def by_blocks(game: Game, budget: Budget) -> Estimate:
    """Return the map of a game of one target as a mean over random blocks of orders.

    In an order of arrival, S, i, j, …, the excess of i and j over S is a sample of I_ij. A block is
    a set of orders in which each two features are neighbours equally often (the zigzags by which
    Walecki cut the complete graph into paths), its features shuffled at random: one unbiased
    sample of the whole map, whose diagonal sums to v(all) − v(none) exactly. Standard error: s/√n
    over n blocks, n − 1 degrees of freedom; n is small where features are many, and the interval
    accordingly wide. Of a cell that no block shows to vary, the bound of `unseen`.

    Costs at most `cost_of_block` evaluations a block and 2 for the ends, up to the budget; at
    least `fewest_for_blocks`.
    """
    features = game.num_features
    zigzags = _zigzags(features)

    def draw(generator: np.random.Generator, blocks: int) -> Coalitions:
        names = random_ranks(generator, blocks, features)
        first = prefixes(zigzags[:, names].swapaxes(0, 1).reshape(-1, features))
        # S with j but without i, its forerunner: the one coalition no prefix of the order shows.
        skipping = first[:, :-2] | (first[:, 2:] & ~first[:, 1:-1])
        return np.concatenate([first, skipping], axis=1).reshape(blocks, -1, features)

    return sample(game, budget, draw, 2 * features * len(zigzags), _Blocks())


def cost_of_block(features: int) -> int:
    """Return the most evaluations of one block, beside the two ends."""
    return len(_zigzags(features)) * (2 * features - 2)


def fewest_for_blocks(features: int) -> int:
    """Return the evaluations an error takes: `FEWEST` blocks of orders."""
    return min(1 << features, FEWEST * cost_of_block(features) + 2)


class _Blocks:
    def __init__(self) -> None:
        self._mean, self._span, self._features = MeanOfSamples(), Span(), 0

    def add(self, drawn: Coalitions, values: FloatArray) -> None:
        blocks, _, features = drawn.shape
        per_order = drawn.reshape(-1, 2 * features, features)
        first, skipping = np.split(values.reshape(len(per_order), -1), [features + 1], axis=1)
        ranks = ranks_of(per_order[:, : features + 1])
        effects = by_feature(np.diff(first, axis=1)[:, :, None], ranks)[:, 0]
        excess = first[:, 2:] - first[:, 1:-1] - skipping + first[:, :-2]
        arrivals = ranks.argsort(axis=1)
        found = np.zeros((len(per_order), features, features))
        rows = np.arange(len(per_order))[:, None]
        found[rows, arrivals[:, :-1], arrivals[:, 1:]] = excess
        # Each two features are neighbours in 2/features of a block's orders.
        found = (found + found.swapaxes(1, 2)) * (features / 2)
        diagonal = np.arange(features)
        found[:, diagonal, diagonal] = effects
        self._mean.add(found.reshape(blocks, -1, features, features).mean(axis=1))
        self._features = features
        self._span.add(values)

    def estimate(self) -> Estimate:
        span = self._span.width
        # A pair's excess is a sum of two effects, each at most the span; the diagonal's is one.
        return self._mean.estimate(span, span * (2 - np.eye(self._features)))


def _zigzags(features: int) -> Ranks:
    """Return orders (as ranks) in which each two features are neighbours equally often.

    k, k + 1, k − 1, k + 2, … modulo F: half of the k suffice where F is even, since the other
    half runs through the same orders backwards.
    """
    steps = np.arange(features)
    zigzag = np.where(steps % 2, (steps + 1) // 2, -(steps // 2))
    starts = np.arange(features // 2 if features % 2 == 0 else features)
    return ((starts[:, None] + zigzag) % features).argsort(axis=1)
