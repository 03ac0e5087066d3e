"""Deletion and insertion curves: the whole target's value as features go or come by a ranking."""

from dataclasses import dataclass

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.orders import Ranks, prefixes


@dataclass(frozen=True)
class Curves:
    """Both curves of n orders of F features, nats.

    The reverse order has the same two curves, exchanged and read backwards: what it has left
    after k deletions is what this order has after F − k insertions.

    Attributes:
        deletion: Shape (n, F + 1): v(all without the first k of the order) for k = 0..F; from
            v(all) to v(none).
        insertion: Shape (n, F + 1): v(the first k of the order alone) for k = 0..F; from v(none)
            to v(all).
    """

    deletion: FloatArray
    insertion: FloatArray


def ranks_by(attribution: FloatArray) -> Ranks:
    """Return each feature's place by its attribution to the whole target, 0 for the largest.

    Sign counts: features that oppose the target come last. Equal ones keep their positions' order.

    Args:
        attribution: Shape (targets, features).

    Returns:
        Shape (features,).

    Raises:
        InputError: There are fewer than two features, or a value is no number.
    """
    require_an_order(attribution.shape[1])
    whole_target = attribution.sum(axis=0)
    if not np.isfinite(whole_target).all():
        raise InputError("The map has cells that are no finite number, so it ranks nothing.")
    order = np.argsort(-whole_target, kind="stable")
    return np.argsort(order)


def require_an_order(features: int) -> None:
    """Raise InputError where there is nothing to rank."""
    if features < 2:
        raise InputError(
            "With one feature there is no order to evaluate; give a map of two features or more."
        )


def curves(game: Game, ranks: Ranks) -> Curves:
    """Return the curves of n orders; costs at most 2F evaluations for one, 2F − 2 for each further.

    Deletion: Samek et al. 2017, "Evaluating the visualization of what a deep neural network has
    learned", arXiv 1509.06321; insertion beside it: Petsiuk et al. 2018, "RISE", arXiv 1806.07421.
    Both measure a probability or score; here it is the log-probability of the whole target.

    Args:
        game: Features that are present or absent.
        ranks: Shape (n, F), each row the places of the features from 0.
    """
    kept = prefixes(ranks)
    insertion, deletion = whole_target_values(game, np.stack([kept, ~kept]))
    return Curves(deletion, insertion)


def whole_target_values(game: Game, coalitions: Coalitions) -> FloatArray:
    """Return Σ_t v_t of coalitions (…, features), shape (…), nats, evaluated in one go."""
    flat = coalitions.reshape(-1, game.num_features)
    values: FloatArray = game.values(flat).sum(axis=1).reshape(coalitions.shape[:-1])
    return values
