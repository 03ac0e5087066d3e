"""Unseen variation: what samples may have missed of a cell that was not seen to vary.

A standard error is computed from what the samples show. An effect that needs many features at
once may be in none of them: then nothing varies, the error reads 0, and 0 is wrong. What no sample
shows can still be bounded. In n independent samples a kind of sample with probability p stays
unseen with probability (1 − p)^n; where p is larger than 1 − 0.05^(1/n), that is less than 5 %. So,
at 95 %, at most that share of all samples (about 3/n, the "rule of three": Hanley &
Lippman-Hand 1983) is unlike all that were seen. A mean over all samples is then off by at most that
share times the most by which one sample can differ from what was seen. How far that is the range of
the values tells: of all coalitions that were evaluated, the whole and the empty one included. The
bound thus rests on one assumption: no coalition is worth more, or less, than all that were seen.
"""

import numpy as np

from bathyscope.core.heatmap import FloatArray

STILL = 0.01
"""A cell was not seen to vary where no sample differs from the others by more than this share of
the range of its target's values."""

SURPRISE = 2.0
"""Nor was a fitted target, where the whole or the empty coalition, which no fit was made to, lies
so many times as far from the fit as any sample: the samples miss what the ends show."""


def missed_share(samples: int) -> float:
    """Return the largest share of all samples that so many may have missed, at 95 %."""
    return float(1 - 0.05 ** (1 / samples))


def unseen_effect(
    samples: int, mean: FloatArray, deviation: FloatArray, span: FloatArray, reach: FloatArray
) -> FloatArray:
    """Return by how much a mean may be off where it was not seen to vary; NaN where it was.

    Args:
        samples: How many.
        mean: Their mean.
        deviation: The largest distance of one of them from it, same shape.
        span: The range of the values behind them.
        reach: The largest size that one sample can have.
    """
    bound = missed_share(samples) * (reach + np.abs(mean))
    still: FloatArray = np.where(deviation <= STILL * span, bound, np.nan)
    return still


def unseen_by_fit(
    samples: int, residuals: FloatArray, ends: FloatArray, fitted: FloatArray, span: FloatArray
) -> FloatArray:
    """Return by how much a fit's coefficients may be off, per target; NaN where it varies.

    A coefficient is the mean over all samples of ± what is fitted, so that the bound of a mean
    holds for it too.

    Args:
        samples: How many.
        residuals: The largest residual of a sample, shape (targets,).
        ends: The largest residual at the whole and the empty coalition, same shape.
        fitted: The largest fitted value, same shape.
        span: The largest size of what is fitted, same shape.
    """
    bound = missed_share(samples) * (span + fitted)
    missed = residuals * SURPRISE <= ends
    still: FloatArray = np.where(missed | (residuals <= STILL * span), bound, np.nan)
    return still


class Span:
    """The range of the values of each target, over all coalitions that were evaluated."""

    def __init__(self) -> None:
        """Begin with no value."""
        self._lowest: FloatArray | None = None
        self._highest: FloatArray | None = None

    def add(self, values: FloatArray) -> None:
        """Take in values, shape (…, targets)."""
        rows = values.reshape(-1, values.shape[-1])
        low, high = rows.min(axis=0), rows.max(axis=0)
        self._lowest = low if self._lowest is None else np.minimum(self._lowest, low)
        self._highest = high if self._highest is None else np.maximum(self._highest, high)

    @property
    def width(self) -> FloatArray:
        """Highest minus lowest, shape (targets,)."""
        assert self._lowest is not None and self._highest is not None
        with np.errstate(invalid="ignore"):
            width: FloatArray = self._highest - self._lowest
        return width
