"""Halving of groups for the features that matter: adaptive group testing.

A group of features is added to the empty coalition and taken from the whole one. Where that changes
anything, so are its halves, down to single features: sequential bifurcation (Bettonville & Kleijnen
1997, "Searching for important factors in simulation models with many factors"), k features of F
being found with about 2k · log2(F/k) evaluations. Effects that cancel inside a group change nothing
there; random halves of all that is left tell them from no effects, and are followed down likewise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Budget
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.partition import Partition, runs_between
from bathyscope.games.unseen import STILL, Span

GROUPS = 12
"""Groups that the search begins with, each a run of neighbours."""

HALVES = 4
"""Random halves that are tried at once: a pair that cancels is together in all with p = 1/16."""

ROUNDS = 8
"""Times that random halves are tried, at most: until nothing more is found."""

COST_OF_ONE = 26
"""Evaluations kept for what a feature costs once it is found: it and the run behind it in the
sample of the quotient game, and the halving that finds it."""


@dataclass(frozen=True)
class Subsets:
    """Sets of features, each added to one coalition and taken from another.

    Attributes:
        members: The sets, shape (n, features).
        below: What each is added to, same shape.
        above: What each is taken from, same shape.
    """

    members: Coalitions
    below: Coalitions
    above: Coalitions

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.members)

    def __getitem__(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> "Subsets":
        """Return some of them."""
        return Subsets(self.members[which], self.below[which], self.above[which])

    @property
    def counts(self) -> NDArray[np.intp]:
        """Features of each, shape (n,)."""
        return np.asarray(self.members.sum(axis=1))

    @classmethod
    def at_the_ends(cls, members: Coalitions) -> "Subsets":
        """Return sets that are added to nothing and taken from everything."""
        nothing = np.zeros_like(members)
        return cls(members, nothing, ~nothing)

    def parted(self, first: Coalitions) -> "Subsets":
        """Return subsets of each and then what is left of each, (2n).

        What is left is added when the subset has been, and taken likewise: of its effects nothing
        needs evaluating that those of the subset did not.
        """
        rest = self.members & ~first
        return Subsets(
            np.concatenate([first, rest]),
            np.concatenate([self.below, self.below | first]),
            np.concatenate([self.above, self.above & ~first]),
        )

    def halved(self, generator: np.random.Generator) -> "Subsets":
        """Return the first and last halves of each, (2n); a coin says which is added first."""
        early = self.members & (2 * np.cumsum(self.members, axis=1) <= self.counts[:, None])
        late = generator.random((len(self), 1)) < 0.5
        return self.parted(np.where(late, self.members & ~early, early))


def joined(one: Subsets, other: Subsets) -> Subsets:
    """Return the sets of both."""
    return Subsets(
        np.concatenate([one.members, other.members]),
        np.concatenate([one.below, other.below]),
        np.concatenate([one.above, other.above]),
    )


class Halving:
    """A search, and what it has found.

    Attributes:
        alone: The features that were found to matter by themselves, shape (features,).
    """

    def __init__(self, game: Game, budget: Budget, reserve: Callable[[Partition], int]) -> None:
        """Begin a search.

        Args:
            game: What is searched; all it has evaluated counts as spent.
            budget: What may be spent, with all that follows. What changes no target by more than
                the tolerance, or by `STILL` of the range of its values, does not matter.
            reserve: Returns the evaluations that are to be left for a partition.
        """
        features = game.num_features
        starts = np.linspace(0, features, min(GROUPS, features), endpoint=False).astype(int)
        self._begins = np.isin(np.arange(features), starts)
        self.alone = np.zeros(features, dtype=np.bool_)
        self._size = np.zeros(features)
        self._game, self._budget, self._reserve = game, budget, reserve
        self._generator = np.random.default_rng([budget.seed, GROUPS])
        self._span = Span()

    @property
    def partition(self) -> Partition:
        """What was found, each alone, and the runs between, none across the first groups' edges."""
        return runs_between(self.alone, self._begins)

    def run(self) -> Partition:
        """Search until nothing more is found or affordable, and return the partition."""
        self._divide(Subsets.at_the_ends(runs_between(self.alone, self._begins).groups))
        for _ in range(ROUNDS):
            before = self.alone.sum()
            self._follow()
            if self.alone.sum() == before:
                break
        while self._left < 0 and self.alone.any():
            least = np.where(self.alone, self._size, np.inf).argmin()
            self.alone[least] = False
        return self.partition

    def _divide(self, parts: Subsets) -> None:
        """Halve what matters, what matters most first, down to single features."""
        while len(parts):
            sizes = self._sizes(self._effects(parts))
            self._keep(parts, sizes)
            open_ = (sizes > 1) & (parts.counts > 1)
            parts, sizes = parts[open_], sizes[open_]
            first = np.argsort(-sizes, kind="stable")[: max(self._left // COST_OF_ONE, 0)]
            first = first[sizes[first] >= sizes.max(initial=0.0) / 2]
            if not len(first):
                return
            rest = np.delete(np.arange(len(parts)), first)
            parts = joined(parts[rest], parts[first].halved(self._generator))

    def _follow(self) -> None:
        """Follow random halves of what was not found down to where they differ most."""
        rest = ~self.alone
        if rest.sum() < 2 or self._left < 4 * HALVES:
            return
        whole = Subsets.at_the_ends(np.tile(rest, (HALVES, 1)))
        effects = self._effects(whole)[0]
        finite = np.where(np.isfinite(effects).all(axis=0), effects, 0.0)
        usual = finite.mean(axis=0) / rest.sum()
        coins = self._generator.random(whole.members.shape) < 0.5
        parts = whole.parted(whole.members & coins)
        while True:
            sizes = self._sizes(self._effects(parts), parts.counts[:, None] * usual)
            self._keep(parts, sizes)
            parts = parts[(sizes > 1) & (parts.counts > 1)]
            if not len(parts) or self._left < COST_OF_ONE * len(parts):
                return
            halves = parts.halved(self._generator)
            sizes = self._sizes(self._effects(halves), halves.counts[:, None] * usual)
            larger = sizes.reshape(2, -1).argmax(axis=0)
            parts = halves[larger * len(parts) + np.arange(len(parts))]

    @property
    def _left(self) -> int:
        spent = self._game.num_evaluations + self._reserve(self.partition)
        return self._budget.evaluations - spent

    def _keep(self, parts: Subsets, sizes: FloatArray) -> None:
        """Note the single features that matter."""
        single = (parts.counts == 1) & (sizes > 1)
        places = parts.members[single].argmax(axis=1)
        self.alone[places] = True
        np.maximum.at(self._size, places, sizes[single])

    def _effects(self, parts: Subsets) -> FloatArray:
        """Return what adding and what taking away each set changes, (n, 2, targets)."""
        asked = [
            parts.below | parts.members,
            parts.below,
            parts.above,
            parts.above & ~parts.members,
        ]
        values = self._game.values(np.concatenate(asked))
        self._span.add(values)
        added, before, whole, without = values.reshape(4, len(parts), -1)
        with np.errstate(invalid="ignore"):
            return np.stack([added - before, whole - without], axis=1)

    def _sizes(self, effects: FloatArray, usual: FloatArray | None = None) -> FloatArray:
        """Return how many times what may be neglected each set changes a target by, at most, (n,).

        Targets with infinite values are left aside.

        Args:
            effects: Shape (n, 2, targets).
            usual: What is no sign of anything, shape (n, targets); None for nothing.
        """
        away = effects if usual is None else effects - usual[:, None]
        width = np.where(np.isfinite(self._span.width), self._span.width, 0.0)
        small = np.maximum(STILL * width, self._budget.tolerance or 0.0)
        known = np.where(np.isfinite(away), np.abs(away), 0.0)
        largest: FloatArray = (known / np.where(small > 0, small, np.inf)).max(axis=(1, 2))
        return largest
