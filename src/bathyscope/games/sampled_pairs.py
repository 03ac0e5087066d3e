"""Indices from random pairs of complements, where there are too many features for all."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.games.by_process import by_process
from bathyscope.games.by_regression import banzhaf_by_regression, shapley_by_regression
from bathyscope.games.design import draw_design
from bathyscope.games.draws import Pairs, draw_alike, draw_by_size, number_of_pairs
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Game
from bathyscope.games.indices import BANZHAF, SHAPLEY, Index
from bathyscope.games.pair_sample import PairSample, see
from bathyscope.games.sampling import next_round

PAIRS_PER_FEATURE = 6
"""Fewest pairs for each value but one: an error from fewer would claim too much."""

MOST_BY_PROCESS = 2048
"""Pairs that the process is fitted to: its time grows with their cube, its memory with the square
(about 0.2 GB here)."""


class Plan(Protocol):
    """Plan of an estimate from pairs."""

    @property
    def most(self) -> int | None:
        """Pairs of which more are of no use; None where all are."""

    def estimate(self, game: Game, pairs: int, seed: int) -> Estimate:
        """Return what so many pairs say."""


@dataclass(frozen=True)
class ValuePlan:
    """Plan of one number for each feature: by a process, or by regression of many pairs.

    Attributes:
        index: What is wanted.
        draw: From features, how many and a seed to pairs.
        by_regression: Takes all pairs where they are more than `MOST_BY_PROCESS`.
    """

    index: Index
    draw: Callable[[int, int, int], Pairs]
    by_regression: Callable[[PairSample], Estimate]
    most: ClassVar[int | None] = None

    def estimate(self, game: Game, pairs: int, seed: int) -> Estimate:
        """Return the better estimate of those that so many pairs allow."""
        features = game.num_features
        with np.errstate(invalid="ignore"):  # infinities make their own target unknown
            if pairs <= MOST_BY_PROCESS:
                return by_process(self.index, see(game, self.draw(features, pairs, seed)), seed)
            by_regression = self.by_regression(see(game, self.draw(features, pairs, seed)))
            if features * PAIRS_PER_FEATURE > MOST_BY_PROCESS:
                return by_regression
            few = see(game, self.draw(features, MOST_BY_PROCESS, seed))
            return better(by_process(self.index, few, seed), by_regression)


SHAPLEY_PLAN = ValuePlan(
    SHAPLEY, partial(draw_design, SHAPLEY, draw_by_size), shapley_by_regression
)
BANZHAF_PLAN = ValuePlan(BANZHAF, partial(draw_design, BANZHAF, draw_alike), banzhaf_by_regression)


def sampled(game: Game, budget: Budget, plan: Plan) -> Estimate:
    """Return an index from pairs of a coalition and its complement, none twice.

    Every other one is chosen from random ones by what it tells (`design`), and a larger budget
    continues a smaller one. What a few functions without a prior leave of the pairs is described by
    a Gaussian process (`process`), and the estimate is the exact index of what both expect of all
    coalitions, those evaluated at their values. The error is the process's, scaled by how well it
    predicts each pair from the others: it covers what coalitions not seen may hold as far as they
    are like those seen; else see `unseen`.

    Of more than `MOST_BY_PROCESS` pairs a linear regression takes all, and the process those many;
    the one of the smaller mean square error is returned.

    Costs 2 evaluations a pair and 2 for the ends, up to the budget; at least `fewest_by_pairs`.

    Raises:
        InputError: The budget is smaller than that.
    """
    fewest = fewest_by_pairs(game.num_features)
    if budget.evaluations < fewest:
        raise InputError(
            f"A budget of {budget.evaluations:,} evaluations is too small to sample "
            f"{game.num_features} features; give at least {fewest:,}."
        )
    most = min(number_of_pairs(game.num_features), (budget.evaluations - 2) // 2)
    most = most if plan.most is None else min(most, plan.most)
    if budget.tolerance is None:
        return plan.estimate(game, most, budget.seed)
    taken = min(most, (fewest - 2) // 2)
    while True:
        estimate = plan.estimate(game, taken, budget.seed)
        more = next_round(taken, estimate, budget.tolerance)
        if more == 0 or taken == most:
            return estimate
        taken = min(most, taken + more)


def fewest_by_pairs(features: int) -> int:
    """Return the evaluations without which there is no standard error."""
    return min(1 << features, 2 * PAIRS_PER_FEATURE * (features - 1) + 2)


def better(one: Estimate, other: Estimate) -> Estimate:
    """Return the estimate of the smaller mean square error."""
    return min(one, other, key=_mean_square_error)


def _mean_square_error(estimate: Estimate) -> float:
    assert estimate.standard_error is not None
    known = estimate.standard_error[np.isfinite(estimate.standard_error)]
    return float((known**2).sum())
