"""Shapley values from random coalitions, where there are too many features for all."""

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.games.draws import number_of_pairs
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Game
from bathyscope.games.pair_sample import PairSample, see
from bathyscope.games.sampling import next_round
from bathyscope.games.shapley_by_process import shapley_by_process
from bathyscope.games.shapley_by_regression import shapley_by_regression

PAIRS_PER_FEATURE = 6
"""Fewest pairs for each value but one: an error from fewer would claim too much."""

MOST_BY_PROCESS = 2048
"""Pairs that the process is fitted to: its time grows with their cube, its memory with the square
(about 0.2 GB here)."""


def sampled_shapley(game: Game, budget: Budget) -> Estimate:
    """Return Shapley values from random pairs of a coalition and its complement, none twice.

    Drawn by `draws`: equally many of each size, a larger budget continuing a smaller one. What a
    linear model leaves of them is described by a Gaussian process (`process`), and the estimate is
    the exact Shapley value of what linear model and process expect of all coalitions, those
    evaluated at their values. Rows sum to v(all) − v(none). The error is the process's, scaled by
    how well it predicts each pair from the others: it covers what coalitions not seen may hold as
    far as they are like those seen; else see `unseen`.

    Of more than `MOST_BY_PROCESS` pairs a weighted linear regression takes all, and the process
    those many; the one of the smaller mean square error is returned.

    Costs 2 evaluations a pair and 2 for the ends, up to the budget; at least `fewest_for_shapley`.

    Raises:
        InputError: The budget is smaller than that.
    """
    features = game.num_features
    fewest = fewest_for_shapley(features)
    if budget.evaluations < fewest:
        raise InputError(
            f"A budget of {budget.evaluations:,} evaluations is too small to sample "
            f"{features} features; give at least {fewest:,}."
        )
    most = min(number_of_pairs(features), (budget.evaluations - 2) // 2)
    if budget.tolerance is None:
        return estimated(see(game, most, budget.seed), budget.seed)
    taken = min(most, (fewest - 2) // 2)
    while True:
        estimate = estimated(see(game, taken, budget.seed), budget.seed)
        more = next_round(taken, estimate, budget.tolerance)
        if more == 0 or taken == most:
            return estimate
        taken = min(most, taken + more)


def fewest_for_shapley(features: int) -> int:
    """Return the evaluations without which there is no standard error."""
    return min(1 << features, 2 * PAIRS_PER_FEATURE * (features - 1) + 2)


def estimated(sample: PairSample, seed: int) -> Estimate:
    """Return the better estimate of those that the number of pairs allows."""
    features, pairs = sample.pairs.present.shape[1], len(sample.differences)
    with np.errstate(invalid="ignore"):  # infinities make their own target unknown
        if pairs <= MOST_BY_PROCESS:
            return shapley_by_process(sample, seed)
        by_regression = shapley_by_regression(sample)
        if features * PAIRS_PER_FEATURE > MOST_BY_PROCESS:
            return by_regression
        by_process = shapley_by_process(sample.first(MOST_BY_PROCESS), seed)
        return min(by_process, by_regression, key=_mean_square_error)


def _mean_square_error(estimate: Estimate) -> float:
    assert estimate.standard_error is not None
    known = estimate.standard_error[np.isfinite(estimate.standard_error)]
    return float((known**2).sum())
