"""Mean and standard error of samples that arrive in batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Estimate
from bathyscope.games.replicates import SHARES
from bathyscope.games.unseen import unseen_effect


@dataclass(frozen=True)
class Moments:
    """Count, mean and sum of squared deviations of samples of one shape."""

    count: int
    mean: FloatArray
    squares: FloatArray

    @classmethod
    def of(cls, samples: FloatArray) -> "Moments":
        """Return the moments of samples (n, …)."""
        if len(samples) == 0:
            return cls(0, np.zeros(samples.shape[1:]), np.zeros(samples.shape[1:]))
        mean = samples.mean(axis=0)
        return cls(len(samples), mean, ((samples - mean) ** 2).sum(axis=0))

    def with_(self, other: "Moments") -> "Moments":
        """Return the moments of both sets of samples together (Chan, Golub & LeVeque 1983)."""
        count = self.count + other.count
        if count == 0:
            return self
        apart = other.mean - self.mean
        return Moments(
            count,
            self.mean + apart * (other.count / count),
            self.squares + other.squares + apart**2 * (self.count * other.count / count),
        )

    @property
    def standard_error(self) -> FloatArray:
        """Standard error of the mean, s/√n; needs two samples."""
        error: FloatArray = np.sqrt(self.squares / ((self.count - 1) * self.count))
        return error


class MeanOfSamples:
    """The mean of independent, unbiased samples of one shape, with what it is uncertain by.

    Samples are dealt in turn to `SHARES` shares; memory does not grow with their number.
    """

    def __init__(self) -> None:
        """Begin with no sample."""
        self._shares: list[Moments] = []
        self._count = 0
        self._lowest: FloatArray | None = None
        self._highest: FloatArray | None = None

    def add(self, samples: FloatArray) -> None:
        """Take in more samples, shape (n, …)."""
        shares = self._shares or [Moments.of(samples[:0])] * SHARES
        # Sample number i belongs to share i modulo SHARES, whatever came together.
        self._shares = [
            share.with_(Moments.of(samples[(place - self._count) % SHARES :: SHARES]))
            for place, share in enumerate(shares)
        ]
        self._count += len(samples)
        if len(samples):
            low, high = samples.min(axis=0), samples.max(axis=0)
            self._lowest = low if self._lowest is None else np.minimum(self._lowest, low)
            self._highest = high if self._highest is None else np.maximum(self._highest, high)

    def estimate(self, span: FloatArray, reach: FloatArray | None = None) -> Estimate:
        """Return mean, standard error, halves, replicates and bounds; needs two samples.

        Args:
            span: The range of the values behind the samples, as `unseen.unseen_effect` takes it.
            reach: The largest size that one sample can have; the span unless told otherwise.
        """
        both = _merged(self._shares)
        assert self._lowest is not None and self._highest is not None
        deviation = np.maximum(self._highest - both.mean, both.mean - self._lowest)
        return Estimate(
            values=both.mean,
            standard_error=both.standard_error,
            degrees_of_freedom=both.count - 1,
            unseen=unseen_effect(
                both.count, both.mean, deviation, span, span if reach is None else reach
            ),
            halves=(_merged(self._shares[::2]).mean, _merged(self._shares[1::2]).mean),
            replicates=np.stack(
                [
                    (both.count * both.mean - share.count * share.mean) / (both.count - share.count)
                    for share in self._shares
                    if share.count
                ]
            ),
        )


def _merged(parts: Sequence[Moments]) -> Moments:
    return reduce(Moments.with_, parts)
