"""Two conditions of the same records: paired differences, and McNemar's test of right and wrong."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.study.statistics.clustered import clustered_mean
from bathyscope.study.statistics.estimate import Interval

EXACT = 25
"""Up to so many records on which the two differ, McNemar's test is the exact one."""


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of two conditions that are each right or wrong about the same records.

    Attributes:
        first_only: Records that the first alone is right about.
        second_only: Records that the second alone is right about.
        p: Two-sided p of "both are right equally often".
        exact: Whether p is that of the binomial distribution; else of χ² with Edwards' correction.
    """

    first_only: int
    second_only: int
    p: float
    exact: bool

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dict(vars(self))


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """McNemar's test (1947), exact where few records differ.

    Args:
        first: Whether the first condition is right about each record, shape (n,).
        second: The same of the second.
    """
    one, other = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    differ = one + other
    if differ <= EXACT:
        tail = sum(math.comb(differ, k) for k in range(min(one, other) + 1))
        return McNemar(one, other, min(1.0, 2 * tail / 2**differ), True)
    statistic = (abs(one - other) - 1) ** 2 / differ
    return McNemar(one, other, math.erfc(math.sqrt(statistic / 2)), False)


def paired_difference(first: FloatArray, second: FloatArray, clusters: Sequence[int]) -> Interval:
    """Mean of second minus first over pairs, with an interval clustered as in `clustered_mean`.

    Args:
        first: Shape (n,).
        second: Of the same records, shape (n,).
        clusters: Which cluster each belongs to, shape (n,).
    """
    return clustered_mean(np.asarray(second) - np.asarray(first), clusters)
