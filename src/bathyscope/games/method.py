"""Method: a way to share a game's value among its features."""

from abc import ABC, abstractmethod
from typing import ClassVar

from bathyscope.core.errors import InputError
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Game

MOST_EXACT = 22
"""Of so many features every coalition can still be held at once."""


class Method(ABC):
    """A pure function from a game and a budget to an estimate; one small class each.

    Attributes:
        name: What it is asked for by.
        summary: One line for lists and `--help`.
        definition: Completes "A cell says how much …:" in descriptions; `{exact}` becomes "exact"
            or "sampled".
        samples: Whether it spends the whole budget on samples where it cannot be exact.
        resolves: Whether it always gives each feature a value of its own; else it may put features
            into groups that share one (`Estimate.group_of`).
        draws: What a sampled map is recorded to come from; another word wherever the same seed no
            longer gives the same samples, so that no map of before is taken for one of today.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    definition: ClassVar[str]
    samples: ClassVar[bool] = True
    resolves: ClassVar[bool] = True
    draws: ClassVar[str | None] = None

    @abstractmethod
    def fewest(self, num_features: int) -> int:
        """Return the fewest evaluations it works with, the two ends included."""

    @abstractmethod
    def estimate(self, game: Game, budget: Budget) -> Estimate:
        """Return values (targets, features) in the game's unit, with their errors if sampled."""

    def require(self) -> None:  # noqa: B027 - most methods need no package
        """Raise InputError where a package it needs is missing."""

    def evaluations(self, num_features: int, budget: Budget) -> int:
        """Return the most coalitions that will be evaluated; exactly as many if exact."""
        if not self.samples:
            return self.fewest(num_features)
        return 2**num_features if budget.covers(num_features) else budget.evaluations

    def require_affordable(self, num_features: int, budget: Budget) -> None:
        """Raise InputError where the method cannot work, before any model is loaded."""
        self.require()
        fewest = self.fewest(num_features)
        if budget.evaluations < fewest:
            raise InputError(
                f"With {num_features} features this method needs at least {fewest:,} evaluations, "
                f"but the budget is {budget.evaluations:,}; raise --budget or mark fewer features."
            )
        if self.samples and num_features > MOST_EXACT and budget.covers(num_features):
            raise InputError(
                f"The budget covers all 2^{num_features} coalitions of {num_features} features, "
                "which are too many to be held at once; lower --budget, so that they are sampled, "
                "or mark fewer features."
            )
