"""Maps of one game side by side: their curves, their scores, and the ranking of the maps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.faithfulness.agreement import agreement_of_halves
from bathyscope.faithfulness.curves import Curves, curves, ranks_by
from bathyscope.faithfulness.random_orders import RandomOrders, random_orders
from bathyscope.faithfulness.scores import area, comprehensiveness, sufficiency
from bathyscope.games.estimate import Budget
from bathyscope.games.game import Game
from bathyscope.runs.faithfulness import RankedMap


@dataclass(frozen=True)
class Candidate:
    """A map to evaluate.

    Attributes:
        name: The method that made it.
        attribution: Shape (targets, features).
        halves: The same from two halves of the samples, shape (2, targets, features), or None.
    """

    name: str
    attribution: FloatArray
    halves: FloatArray | None = None


@dataclass(frozen=True)
class Measured:
    """Candidates with their scores, the largest area first.

    Attributes:
        maps: Rankings and scores.
        curves: Their curves, in the same order.
        random: What they are compared with.
    """

    maps: tuple[RankedMap, ...]
    curves: Curves
    random: RandomOrders


def measure(game: Game, candidates: Sequence[Candidate], budget: Budget) -> Measured:
    """Evaluate maps by one game; what their curves and random orders share is evaluated once.

    Args:
        game: Values of coalitions, nats, one for each target token.
        candidates: The maps; at least one.
        budget: Bounds the random orders and seeds them.

    Raises:
        InputError: A map ranks nothing, or the budget is too small.
    """
    ranks = np.stack([ranks_by(candidate.attribution) for candidate in candidates])
    random = random_orders(game, budget)
    both = curves(game, ranks)
    removed, kept, between = (
        comprehensiveness(both.deletion),
        sufficiency(both.insertion),
        area(both),
    )
    best_first = np.argsort(-between, kind="stable")
    maps = tuple(
        RankedMap(
            candidates[i].name,
            tuple(np.argsort(ranks[i]).tolist()),
            float(removed[i]),
            float(kept[i]),
            float(between[i]),
            _agreement(candidates[i].halves),
        )
        for i in best_first
    )
    return Measured(maps, Curves(both.deletion[best_first], both.insertion[best_first]), random)


def _agreement(halves: FloatArray | None) -> float | None:
    return None if halves is None else agreement_of_halves(halves)
