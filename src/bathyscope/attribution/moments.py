"""Mean and standard error of samples that arrive in batches."""

from dataclasses import dataclass

import numpy as np

from bathyscope.attribution.estimate import Estimate
from bathyscope.heatmap import FloatArray


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

    Samples are dealt in turn to two halves; memory does not grow with their number.
    """

    def __init__(self) -> None:
        """Begin with no sample."""
        self._halves: tuple[Moments, Moments] | None = None

    def add(self, samples: FloatArray) -> None:
        """Take in more samples, shape (n, …)."""
        one, other = Moments.of(samples[::2]), Moments.of(samples[1::2])
        if self._halves is not None:
            first, second = self._halves
            if (first.count + second.count) % 2:
                one, other = other, one
            one, other = first.with_(one), second.with_(other)
        self._halves = one, other

    def estimate(self) -> Estimate:
        """Return mean, standard error and halves; needs two samples."""
        assert self._halves is not None
        one, other = self._halves
        both = one.with_(other)
        return Estimate(
            values=both.mean,
            standard_error=both.standard_error,
            degrees_of_freedom=both.count - 1,
            halves=(one.mean, other.mean),
        )
