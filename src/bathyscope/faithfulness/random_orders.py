"""Random orders, the reference of a ranking: the mean curve of all, exact or sampled."""

from dataclasses import dataclass

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.faithfulness.curves import curves, require_an_order, whole_target_values
from bathyscope.faithfulness.scores import comprehensiveness
from bathyscope.games.estimate import Budget
from bathyscope.games.game import Game, all_coalitions
from bathyscope.games.moments import Moments
from bathyscope.games.orders import random_ranks
from bathyscope.runs.faithfulness import RandomReference

PAIRS = 20
"""Pairs of an order and its reverse that are drawn where the budget allows."""

FEWEST_PAIRS = 6
"""Pairs without which no standard error is given: a few may agree by chance."""


@dataclass(frozen=True)
class RandomOrders:
    """The mean over all orders of arrival.

    Attributes:
        insertion: Shape (F + 1,): the mean of v(S) over all S of k features, k = 0..F, nats. The
            mean deletion curve is the same read backwards.
        reference: Its scores, and the errors where it was sampled: s/√n over the pairs of orders,
            n − 1 degrees of freedom.
    """

    insertion: FloatArray
    reference: RandomReference


def random_orders(game: Game, budget: Budget) -> RandomOrders:
    """Return the mean curve of all orders: counted where that costs no more than sampling it.

    Sampled, it is the mean over random orders, each with its reverse. They are the orders with
    which sampled Shapley values of the same seed begin, so that after those nothing is new.

    Costs 2^F evaluations where exact, else at most 2 + 2F − 2 for each of up to `PAIRS` pairs.

    Raises:
        InputError: There are fewer than two features, or the budget is below `fewest_for_curves`.
    """
    features = game.num_features
    require_curves(features, budget)
    if budget.covers(features) and 1 << features <= _cost(features, PAIRS):
        return _counted(game)
    pairs = min(PAIRS, (budget.evaluations - _cost(features, 0)) // (2 * features - 2))
    drawn = curves(game, random_ranks(np.random.default_rng(budget.seed), pairs, features))
    samples = Moments.of((drawn.insertion + drawn.deletion[:, ::-1]) / 2)
    scores = Moments.of(comprehensiveness((drawn.insertion[:, ::-1] + drawn.deletion) / 2))
    return RandomOrders(
        samples.mean,
        RandomReference(
            float(scores.mean), pairs, float(scores.standard_error), samples.standard_error
        ),
    )


def require_curves(features: int, budget: Budget) -> None:
    """Raise InputError where there is no order, or the budget is too small for the curves."""
    require_an_order(features)
    fewest = fewest_for_curves(features)
    if budget.evaluations < fewest:
        raise InputError(
            f"With {features} features the curves need at least {fewest:,} evaluations, but the "
            f"budget is {budget.evaluations:,}; raise --budget."
        )


def fewest_for_curves(features: int) -> int:
    """Return the evaluations for one ranking's curves and the fewest random orders."""
    return min(1 << features, _cost(features, FEWEST_PAIRS))


def _cost(features: int, pairs: int) -> int:
    """Return the most coalitions of one ranking's curves and of pairs of orders."""
    return 2 * features + pairs * (2 * features - 2)


def _counted(game: Game) -> RandomOrders:
    coalitions = all_coalitions(game.num_features)
    values, sizes = whole_target_values(game, coalitions), coalitions.sum(axis=1)
    mean = np.array([values[sizes == size].mean() for size in range(game.num_features + 1)])
    return RandomOrders(
        mean, RandomReference(float(comprehensiveness(mean[::-1])), None, None, None)
    )
