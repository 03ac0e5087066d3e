"""Contrast of two targets: their difference, token by token where they align."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from bathyscope.core.heatmap import Axis, FloatArray
from bathyscope.games.game import Coalitions, Game

WHOLE = "whole continuation"


@dataclass(frozen=True)
class Contrast:
    """Pairs of tokens of two targets that are compared.

    Attributes:
        pairs: Positions in the target and in what it is compared with.
        size: Number of tokens of the target.
    """

    pairs: tuple[tuple[int, int], ...]
    size: int

    def values(self, both: FloatArray) -> FloatArray:
        """Return differences from the values of both targets side by side.

        Args:
            both: Shape (…, tokens of the target + tokens of the other).

        Returns:
            Shape (…, pairs + 1): for each pair the value of the target's token minus that of the
            other's; last the whole target minus the whole other.
        """
        this, other = both[..., : self.size], both[..., self.size :]
        of_pairs = [this[..., a] - other[..., b] for a, b in self.pairs]
        return np.stack([*of_pairs, this.sum(axis=-1) - other.sum(axis=-1)], axis=-1)

    def game(self, both: Game) -> Game:
        """Return the game of the differences; evaluations stay in the game of both."""

        def evaluate(coalitions: Coalitions) -> FloatArray:
            return self.values(both.values(coalitions))

        return Game(both.num_features, evaluate)

    def axis(self, target: Axis, other: Axis) -> Axis:
        """Return the rows: `▁=` where both have the same token, `▁/ | ▁x` where not, the whole."""
        labels = [
            target.labels[a]
            if target.labels[a] == other.labels[b]
            else f"{target.labels[a]} | {other.labels[b]}"
            for a, b in self.pairs
        ]
        return Axis("target token", (*labels, WHOLE))


def align(target: Sequence[int], other: Sequence[int]) -> Contrast:
    """Align two targets: equal runs of tokens, and runs of equal length between them.

    Where one has tokens more than the other, which of them correspond cannot be known: they have
    no row of their own and count in the whole only.
    """
    pairs: list[tuple[int, int]] = []
    matcher = SequenceMatcher(None, list(target), list(other), autojunk=False)
    for kind, begin, end, other_begin, other_end in matcher.get_opcodes():
        if kind in ("equal", "replace") and end - begin == other_end - other_begin:
            pairs += zip(range(begin, end), range(other_begin, other_end), strict=True)
    return Contrast(tuple(pairs), len(target))
