"""Shapley values from random orders of arrival: what bathyscope sampled them from at first."""

from dataclasses import replace

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.moments import MeanOfSamples
from bathyscope.games.orders import by_feature, prefixes, random_ranks, ranks_of
from bathyscope.games.sampling import sample
from bathyscope.games.unseen import Span


def shapley_by_orders(game: Game, budget: Budget) -> Estimate:
    """Return Shapley values as means over random pairs of an order and its reverse.

    A feature's Shapley value is its mean effect v(S ∪ {i}) − v(S) on those before it, S, over all
    orders of arrival (Castro, Gómez & Tejada 2009, "Polynomial calculation of the Shapley value
    based on sampling"). Each random order is used with its reverse, so that where a feature comes
    late in one it comes early in the other, which cancels much of the variance (antithetic
    pairs: Mitchell et al. 2022, "Sampling permutations for Shapley value estimation").

    Every pair is one unbiased sample of the whole map whose rows sum to v(all) − v(none); so the
    mean does too, up to rounding. Standard error: s/√n over the n pairs, n − 1 degrees of freedom;
    of a cell that no pair shows to vary, the bound of `unseen`.

    Costs at most 2F − 2 evaluations a pair and 2 for the ends, up to the budget; at least 6 pairs.
    """
    return sample(
        game,
        budget,
        draw=lambda generator, pairs: _coalitions(generator, pairs, game.num_features),
        per_sample=2 * game.num_features,
        tally=_Pairs(),
    )


def _coalitions(generator: np.random.Generator, pairs: int, features: int) -> Coalitions:
    """Return what pairs pass through: an order's F + 1 prefixes, its reverse's between the ends.

    The reverse's first k features are those that the order's first F − k leave out.
    """
    there = prefixes(random_ranks(generator, pairs, features))
    back = ~there[:, features - 1 : 0 : -1]
    return np.concatenate([there, back], axis=1)


class _Pairs:
    def __init__(self) -> None:
        self._cells, self._whole_target = MeanOfSamples(), MeanOfSamples()
        self._span, self._whole_span = Span(), Span()

    def add(self, drawn: Coalitions, values: FloatArray) -> None:
        features = drawn.shape[-1]
        there = values[:, : features + 1]
        back = np.concatenate([there[:, :1], values[:, features + 1 :], there[:, -1:]], axis=1)
        # The feature of rank k arrives after k others on the way there, after F − 1 − k back.
        by_rank = (np.diff(there, axis=1) + np.diff(back, axis=1)[:, ::-1]) / 2
        effects = by_feature(by_rank, ranks_of(drawn[:, : features + 1]))
        self._cells.add(effects)
        self._whole_target.add(effects.sum(axis=1))
        self._span.add(values)
        self._whole_span.add(values.sum(axis=-1, keepdims=True))

    def estimate(self) -> Estimate:
        whole_target = self._whole_target.estimate(self._whole_span.width)
        return replace(
            self._cells.estimate(self._span.width[:, None]),
            whole_target_error=whole_target.standard_error,
            whole_target_unseen=whole_target.unseen,
        )
