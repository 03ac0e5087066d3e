"""Spending a budget on random coalitions: draw, count what is new, evaluate, stop in time."""

from collections.abc import Callable
from math import ceil
from typing import Protocol

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game, coalition_keys

Draw = Callable[[np.random.Generator, int], Coalitions]
"""From a generator and n to n samples, shape (n, coalitions per sample, features).

It uses only `Generator.random`, row by row, so that 3 samples and then 5 are the same as 8.
"""

FEWEST = 6
"""Samples without which no standard error is given: two or three may agree by chance, as orders do
that begin with the same feature, and would then claim an error of 0."""

FIRST = 16
"""Samples before a tolerance may end the sampling: an error from fewer is itself too uncertain."""

MOST_PER_ROUND = 8192
"""Coalitions asked for at once: many, since they share work, but bounded, since they take room."""

MOST_REPEATS = 8
"""Coalitions drawn for each evaluation of the budget before sampling ends anyway."""


class Tally(Protocol):
    """Turns evaluated samples into an estimate."""

    def add(self, drawn: Coalitions, values: FloatArray) -> None:
        """Take in samples (n, m, features) and their values (n, m, targets)."""

    def estimate(self) -> Estimate:
        """Return what the samples so far say."""


def sample(
    game: Game, budget: Budget, draw: Draw, per_sample: int, tally: Tally, fewest: int = FEWEST
) -> Estimate:
    """Draw samples until the budget is spent or the largest standard error within tolerance.

    The whole and the empty coalition are always evaluated and counted: every run reports them.
    What counts is the coalitions that differ from each other, not whether the game already knew
    them: so a run continued from remembered values gives the same bits as one that was never
    interrupted.

    Sampling ends before the first sample that would exceed the budget. Where there are few
    features, samples repeat each other's coalitions and cost little; they are worth taking, but
    not without end: `MOST_REPEATS`.

    Args:
        game: What is sampled.
        budget: What may be spent.
        draw: Where samples come from.
        per_sample: Coalitions of one sample.
        tally: Where samples go.
        fewest: Samples without which the tally has no estimate.

    Raises:
        InputError: The budget ended before `fewest` samples.
    """
    generator = np.random.default_rng(budget.seed)
    purse = _Purse(game, budget.evaluations)
    taken, wanted = 0, max(FIRST, fewest)
    while taken * per_sample < MOST_REPEATS * budget.evaluations:
        if budget.tolerance is None:
            wanted = FIRST + purse.left // per_sample
        wanted = max(fewest, min(wanted, MOST_PER_ROUND // per_sample))
        drawn = draw(generator, wanted)
        affordable = purse.spend(drawn)
        if affordable:
            tally.add(drawn[:affordable], purse.values(drawn[:affordable]))
            taken += affordable
        if affordable < wanted:
            break
        if budget.tolerance is not None:
            wanted = next_round(taken, tally.estimate(), budget.tolerance)
            if wanted == 0:
                break
    if taken < fewest:
        raise InputError(
            f"A budget of {budget.evaluations:,} evaluations is too small to sample "
            f"{game.num_features} features; give more."
        )
    return tally.estimate()


def next_round(taken: int, estimate: Estimate, tolerance: float) -> int:
    """Return how many samples more to draw: 0 when within tolerance, at most doubling them.

    The error falls with the root of the number of samples, which says about how many are needed.
    Targets with infinite values have no error that could ever be within it, and are left aside.
    """
    assert estimate.standard_error is not None
    known = estimate.standard_error[np.isfinite(estimate.standard_error)]
    error = float(known.max(initial=0.0))
    if error <= tolerance:
        return 0
    needed = ceil(taken * min((error / tolerance) ** 2, 2.0))
    return max(needed - taken, 1)


class _Purse:
    """Counts the different coalitions that an estimate asks for."""

    def __init__(self, game: Game, evaluations: int) -> None:
        self._game = game
        self._limit = evaluations
        self._ends = np.stack([np.zeros(game.num_features, np.bool_)] * 2)
        self._ends[1] = True
        self._seen = set(coalition_keys(self._ends))

    @property
    def left(self) -> int:
        return self._limit - len(self._seen)

    def spend(self, drawn: Coalitions) -> int:
        """Return how many of the samples, from the first on, are affordable, and pay for them."""
        per_sample, features = drawn.shape[1:]
        keys = coalition_keys(drawn.reshape(-1, features))
        for index in range(len(drawn)):
            new = set(keys[index * per_sample : (index + 1) * per_sample]) - self._seen
            if len(new) > self.left:
                return index
            self._seen |= new
        return len(drawn)

    def values(self, drawn: Coalitions) -> FloatArray:
        """Return the values (n, m, targets) of samples that were paid for."""
        count, per_sample, features = drawn.shape
        values = self._game.values(np.concatenate([self._ends, drawn.reshape(-1, features)]))
        return values[2:].reshape(count, per_sample, -1)
