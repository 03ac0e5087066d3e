"""Paired comparison: one set of demonstrations against random ones, on the same questions."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import student_quantile


@dataclass(frozen=True)
class Difference:
    """A set's mean over questions minus what a random set has there on average.

    Attributes:
        mean: The set's own mean.
        random_mean: The random sets' mean.
        estimate: The difference.
        half_width: Of its 95 % interval; None where it was not seen to vary, so that nothing can
            be said of its error.
        better_than: How many random sets have a smaller mean.
        of: How many random sets there are.
    """

    mean: float
    random_mean: float
    estimate: float
    half_width: float | None
    better_than: int
    of: int

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return dict(vars(self))


def against(own: FloatArray, others: FloatArray) -> Difference:
    """Return the difference of a set from random ones, with its interval.

    Two things vary by chance: which questions were asked, and which random sets were drawn. With
    d_q the set's value at question q minus the mean of the random sets there, and m_r the mean of
    random set r over the questions, the variance is s²(d)/Q + s²(m)/R, and the quantile is
    Student's with Welch and Satterthwaite's degrees of freedom. It holds for other questions and
    other random sets of the same kinds.

    Args:
        own: Values of the set, shape (questions,), at least two.
        others: Values of the random sets, shape (sets, questions), at least two sets.
    """
    sets, questions = others.shape
    paired = own - others.mean(axis=0)
    means = others.mean(axis=1)
    by_question = float(paired.var(ddof=1)) / questions
    by_set = float(means.var(ddof=1)) / sets
    half = half_width(by_question, questions - 1, by_set, sets - 1)
    return Difference(
        float(own.mean()),
        float(means.mean()),
        float(paired.mean()),
        half,
        int((means < own.mean()).sum()),
        sets,
    )


def half_width(
    one: float, freedom: int, other: float = 0.0, other_freedom: int = 1
) -> float | None:
    """Return half a 95 % interval from one or two variances of a mean; None where both are 0.

    Args:
        one: A variance of the mean.
        freedom: Its degrees of freedom.
        other: Another one, independent of it.
        other_freedom: Its degrees of freedom.
    """
    total = one + other
    if total <= 0:
        return None
    degrees = total**2 / (one**2 / freedom + other**2 / other_freedom)
    return student_quantile(max(1, math.floor(degrees))) * math.sqrt(total)


def of_mean(values: FloatArray) -> tuple[float, float | None]:
    """Return the mean of values, shape (n,), and half its 95 % interval; None where unknown."""
    if len(values) < 2:
        return float(values.mean()), None
    variance = float(np.var(values, ddof=1)) / len(values)
    return float(values.mean()), half_width(variance, len(values) - 1)
