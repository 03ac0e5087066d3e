"""Owen values of hundreds of features: groups, halved where they matter."""

from dataclasses import replace

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.disagreement import DEALS, cost_of_deals, disagreement
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Game
from bathyscope.games.halving import GROUPS, Halving
from bathyscope.games.method import Method
from bathyscope.games.partition import Partition
from bathyscope.games.sampled_pairs import fewest_by_pairs
from bathyscope.games.shapley import shapley

MOST_ALONE = 2 * GROUPS
"""So many features need no groups."""


def owen(game: Game, budget: Budget) -> Estimate:
    """Return Owen values of a partition that the game was searched for.

    An Owen value is the Shapley value where features arrive group by group, all members of a group
    one after another (Owen 1977, "Values of games with a priori unions"). That of a feature alone
    in its group is its Shapley value in the quotient game, in which each group is one player; those
    of a group's members sum to the group's there. The partition: features that matter by
    themselves, each alone (`halving.Halving`; of images, by Shapley values at each level, Teneggi
    et al. 2022, "Fast hierarchical games for image explanations", arXiv 2104.06164), and the runs
    of neighbours between them.

    Shapley values of the groups are exact where the budget covers all their coalitions, else
    `sampled`; rows sum to v(all) − v(none). A group of several is **not resolved**: its value is
    divided evenly among its members (`Estimate.group_of`), and how far a member may be from its
    share is bounded (`disagreement`) and stands in `unseen`. Where effects add up, the bound holds
    for a member with a probability of 98 %, whether or not effects cancel inside the group; it is
    the larger, the more the members of a group disagree in all.

    Where the budget covers all coalitions, or features are at most `MOST_ALONE`: `shapley`.

    Costs 2 evaluations for each halving, then what `sampled` takes of so many groups, and
    `cost_of_deals`; up to the budget, at least `fewest_for_owen`.
    """
    if budget.covers(game.num_features) or game.num_features <= MOST_ALONE:
        return shapley(game, budget)
    own = Game(game.num_features, game.values)  # counts what is asked for, known or not
    own.all(), own.none()
    partition = Halving(own, budget, _cost).run()
    return estimate_of_groups(own, partition, budget)


def fewest_for_owen(features: int) -> int:
    """Return the evaluations without which there is no error."""
    if features <= MOST_ALONE:
        return fewest_by_pairs(features)
    return 2 * GROUPS + fewest_by_pairs(GROUPS) + cost_of_deals(1)


def estimate_of_groups(game: Game, partition: Partition, budget: Budget) -> Estimate:
    """Return the Owen values of a partition, as far as it resolves them.

    Args:
        game: The game of single features; all it has evaluated counts as spent.
        partition: The groups.
        budget: What may be spent in all.
    """
    shared = partition.shared
    left = budget.evaluations - game.num_evaluations + 2  # the ends are known
    several = partition.groups[partition.sizes > 1]
    together = cost_of_deals(1) if shared.any() else 0
    each = cost_of_deals(len(several))
    apart = left - together - each >= fewest_by_pairs(len(partition.sizes))
    sampled = replace(budget, evaluations=left - together - (each if apart else 0))
    found = shapley(partition.quotient(game), sampled)
    if not shared.any():
        return found
    values = partition.divided(found.values)
    generator = np.random.default_rng([budget.seed, len(shared)])
    bounds, of_sum = disagreement(game, partition, shared[None], values, generator)
    if apart and np.nanmax(bounds) > (budget.tolerance or 0.0):
        bounds, of_sum = disagreement(game, partition, several, values, generator)
    certain = _certain(found) if found.standard_error is None else found
    return _of_features(certain, partition, bounds, of_sum)


def _certain(found: Estimate) -> Estimate:
    """Return an exact estimate as one whose errors are 0, of `DEALS` − 1 degrees of freedom."""
    return replace(
        found,
        standard_error=np.zeros_like(found.values),
        degrees_of_freedom=DEALS - 1,
        whole_target_error=np.zeros(found.values.shape[1]),
        replicates=np.stack([found.values] * DEALS),
    )


def _of_features(
    found: Estimate, partition: Partition, bounds: FloatArray, of_sum: FloatArray
) -> Estimate:
    """Return an estimate of groups as one of features, whose shares are bounded."""

    def divided(numbers: FloatArray | None) -> FloatArray | None:
        return None if numbers is None else partition.divided(numbers)

    def widened(bound: FloatArray, unseen: FloatArray | None) -> FloatArray:
        if unseen is None:
            return bound
        own = partition.divided(unseen)
        return np.where(np.isnan(bound), own, bound + np.nan_to_num(own))

    halves = None
    if found.halves is not None:
        halves = partition.divided(found.halves[0]), partition.divided(found.halves[1])
    return Estimate(
        values=partition.divided(found.values),
        standard_error=divided(found.standard_error),
        degrees_of_freedom=found.degrees_of_freedom,
        halves=halves,
        whole_target_error=divided(found.whole_target_error),
        replicates=divided(found.replicates),
        unseen=widened(bounds, found.unseen),
        whole_target_unseen=widened(of_sum, found.whole_target_unseen),
        foretold=found.foretold,
        group_of=partition.group,
    )


def _cost(partition: Partition) -> int:
    """Return what is to be left for a partition: the fewest of its sample, and one set dealt."""
    return fewest_by_pairs(len(partition.sizes)) - 2 + cost_of_deals(1)


class Owen(Method):
    """Owen values of groups that are halved where they matter; see `owen`."""

    name = "owen"
    summary = "groups of hundreds of features, halved where they matter"
    definition = (
        "its {exact} Owen value, the effect of adding it averaged over all orders of groups, where "
        "it is alone in its group; else an even share of its group's"
    )
    resolves = False
    draws = "groups and pairs"

    def fewest(self, num_features: int) -> int:
        """Return the fewest evaluations it works with."""
        return fewest_for_owen(num_features)

    def estimate(self, game: Game, budget: Budget) -> Estimate:
        """Return Owen values, Shapley values where groups are not needed."""
        return owen(game, budget)
