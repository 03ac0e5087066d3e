"""Uncertainty of sampled maps and of their differences."""

from dataclasses import dataclass

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import student_quantile


@dataclass(frozen=True)
class Estimated:
    """Numbers with what their sampling leaves open.

    Attributes:
        standard_error: Of each number, in its unit; 0 where it is exact.
        degrees_of_freedom: Behind the errors; None where all are exact.
        unseen: What a number that was not seen to vary may be off by, NaN where it was
            (`games.unseen`); None where no number has such a bound.
    """

    standard_error: FloatArray
    degrees_of_freedom: int | None
    unseen: FloatArray | None = None


def half_width(interval: FloatArray | None, unseen: FloatArray | None) -> FloatArray | None:
    """Return half the width of a 95 % interval widened by what may be unseen."""
    if interval is None or unseen is None:
        return interval
    return interval + np.nan_to_num(unseen)


def difference_error(a: Estimated, b: Estimated) -> tuple[FloatArray, FloatArray] | None:
    """Return the standard error of B − A, and half the width of its 95 % interval.

    For independent samples: the root of the sum of squares, with the degrees of freedom of Welch
    (1947) and Satterthwaite, rounded down, behind Student's t. What either may not have seen
    widens the interval by as much.

    Returns:
        Two arrays of the numbers' shape, or None where both are exact.
    """
    if a.degrees_of_freedom is None and b.degrees_of_freedom is None:
        return None
    variances = a.standard_error**2, b.standard_error**2
    total = variances[0] + variances[1]
    spread = np.zeros_like(total)
    for variance, known in zip(variances, (a, b), strict=True):
        if known.degrees_of_freedom is not None:
            spread += variance**2 / known.degrees_of_freedom
    known_spread = (spread > 0) & np.isfinite(spread)
    freedom = np.divide(total**2, spread, out=np.ones_like(total), where=known_spread)
    whole, place = np.unique(np.floor(freedom + 1e-9).astype(int), return_inverse=True)
    quantiles = np.array([student_quantile(int(degrees)) for degrees in whole])
    error = np.sqrt(total)
    margin = error * quantiles[place].reshape(error.shape)
    for known in (a, b):
        if known.unseen is not None:
            margin = margin + np.nan_to_num(known.unseen)
    return error, margin
