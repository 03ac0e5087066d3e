"""Disagreement inside groups: how far a member's own effect may be from its share of the group's.

The members of a group are dealt to two sides by coins, and the sides are compared: one present,
then the other. What shares alone would make of that is known; what it is away from that is, as
effects add up, D = Σ ± (what a member does beyond its share), and whatever the others do, a member
that does δ beyond has |D| ≥ |δ| on at least one side of its coin. So δ is larger than each of n |D|
with a probability of at most 2^−n, 1.6 % of six, whatever the effects are and whether or not they
cancel in the group. Effects that depend on what else is present are bounded as far as they show in
the coalitions that were drawn.
"""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.partition import Partition

DEALS = 6
"""Times that members are dealt to two sides."""


def cost_of_deals(sets: int) -> int:
    """Return the most evaluations that the disagreement inside of so many sets takes."""
    return 2 * DEALS * sets


def disagreement(
    game: Game,
    partition: Partition,
    sets: Coalitions,
    values: FloatArray,
    generator: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return by how much members of sets may be off their shares, at 95 % or more each.

    Args:
        game: The game of single features.
        partition: Its groups; around a set they are present as wholes, by chance.
        sets: Unions of groups, each dealt by itself, shape (n, features).
        values: What each feature is held to do, shape (targets, features).
        generator: Where coins come from.

    Returns:
        The bounds of each target and feature (targets, features), and of the sum over the targets
        (features,); NaN for features in no set.
    """
    count, features = sets.shape
    sides = np.where(generator.random((DEALS, count, features)) < 0.5, 1, -1) * sets
    chance = generator.random((DEALS, count, 1))
    drawn = generator.random((DEALS, count, len(partition.sizes))) < chance
    around = drawn[..., partition.group] & ~sets
    asked = np.stack([around | (sides > 0), around | (sides < 0)]).reshape(-1, features)
    one, other = game.values(asked).reshape(2, DEALS, count, -1)
    with np.errstate(invalid="ignore"):
        away = one - other - sides @ values.T
        largest = np.abs(away).max(axis=0), np.abs(away.sum(axis=-1)).max(axis=0)
    place, dealt = sets.argmax(axis=0), sets.any(axis=0)
    bounds, of_sum = (np.where(dealt, found[place].T, np.nan) for found in largest)
    return bounds, of_sum
