"""Gaussian processes over the coalitions of a game: what is expected of those not evaluated.

With signs z_i = ±1 of presence every game is a sum over sets T of features, Σ c_T Π_{i in T} z_i,
and falls into two halves: v(S) − v(complement of S) holds the sets of an odd number of features,
v(S) + v(complement of S) those of an even one. Either is a few functions on which nothing is
presumed, linear ones or a constant, and a Gaussian process of covariance

    k(z, y) = Σ_T η^|T| Π_{i in T} z_i y_i  over the other sets T of its half,

half of the product kernel Π ρ^[z_i ≠ y_i], ρ = (1 − η)/(1 + η). It depends on the number of
features in which two coalitions differ only. η says how fast effects fade with the number of
features they need; how likely each η of `FADINGS` is the restricted likelihood says, by the mean
of its logarithm over the targets, halved: no game is such a process exactly, and a likelihood
taken at its word would be too sure of one η (Grünwald & van Ommen 2017, "Inconsistency of Bayesian
inference for misspecified linear models").
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.kriging import log_likelihood, varies

FADINGS = (0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.33, 0.5, 0.7, 0.9)
"""η that are tried: from hardly any interaction to values that know nothing of their neighbours."""

JUDGED_BY = 400
"""Pairs by which the likelihood of each η is judged."""

CAUTION = 0.75
"""Power of the likelihood by which each η counts."""

NEGLIGIBLE = 0.01
"""An η less likely than this is left out."""

JITTER = 1e-9
"""Added to the variance of a pair, for the sake of rounding; the ends get none."""

Distances = NDArray[np.int32]


class Process(ABC):
    """One half of a game, scaled to variance 1."""

    @abstractmethod
    def basis(self, signs: FloatArray) -> FloatArray:
        """Return the functions on which nothing is presumed at signs (n, features), (n, p)."""

    @abstractmethod
    def variance(self, features: int, fading: float) -> float:
        """Return Σ η^|T| over the sets of the process, divided by (1 + η)^F."""

    @abstractmethod
    def by_distance(self, features: int, fading: float) -> FloatArray:
        """Return the covariance at each distance 0 … F, that of the basis included.

        Nothing is presumed on the basis, so that more variance there changes no result. Without
        any the covariance is singular where most coalitions are seen.
        """

    def covariance(self, apart: Distances, features: int, fading: float) -> FloatArray:
        """Return the covariance of what was seen, the ends first."""
        covariance: FloatArray = self.by_distance(features, fading)[apart]
        places = np.arange(1, len(apart))
        covariance[places, places] += JITTER
        return covariance

    def fadings(self, signs: FloatArray, told: FloatArray) -> list[tuple[float, float]]:
        """Return each η that is not negligible with how likely it is; the likeliest first.

        Args:
            signs: Shape (1 + n, features), the ends first.
            told: What the basis leaves, (1 + n, targets).
        """
        signs, told = signs[: JUDGED_BY + 1], told[: JUDGED_BY + 1]
        apart, basis, told = distances(signs), self.basis(signs), told[:, varies(told)]
        likelihood = np.array(
            [
                log_likelihood(basis, self.covariance(apart, signs.shape[1], fading), told)
                for fading in FADINGS
            ]
        )
        share = np.exp(CAUTION * (likelihood - likelihood.max()))
        share /= share.sum()
        kept = [place for place in np.argsort(-share) if share[place] >= NEGLIGIBLE]
        return [(FADINGS[place], float(share[place] / share[kept].sum())) for place in kept]


class OddProcess(Process):
    """v(S) − v(complement of S): single features free, sets of 3, 5, 7, … the process."""

    def basis(self, signs: FloatArray) -> FloatArray:
        """Return the signs themselves."""
        return signs

    def variance(self, features: int, fading: float) -> float:
        """Return that of sets of 3, 5, 7 and so on."""
        whole, rest = log_whole(features, fading), features * np.log1p(-fading)
        return float((1 - np.exp(rest - whole)) / 2 - fading * features * np.exp(-whole))

    def by_distance(self, features: int, fading: float) -> FloatArray:
        """Return that of the process and of a linear function with coefficients of 1/F."""
        there, across = _products(features, fading)
        apart = np.arange(features + 1)
        alike = fading * (features - 2 * apart) * np.exp(-log_whole(features, fading))
        of_process = ((there - across) / 2 - alike) / self.variance(features, fading)
        covariance: FloatArray = of_process + 1 - 2 * apart / features
        return covariance


class EvenProcess(Process):
    """v(S) + v(complement of S): a constant free, sets of 2, 4, 6, … the process."""

    def basis(self, signs: FloatArray) -> FloatArray:
        """Return a constant."""
        return np.ones((len(signs), 1))

    def variance(self, features: int, fading: float) -> float:
        """Return that of sets of 2, 4, 6 and so on."""
        whole, rest = log_whole(features, fading), features * np.log1p(-fading)
        return float((1 + np.exp(rest - whole)) / 2 - np.exp(-whole))

    def by_distance(self, features: int, fading: float) -> FloatArray:
        """Return that of the process and of a constant of variance 1."""
        there, across = _products(features, fading)
        alike = np.exp(-log_whole(features, fading))
        of_process = ((there + across) / 2 - alike) / self.variance(features, fading)
        covariance: FloatArray = of_process + 1
        return covariance


ODD, EVEN = OddProcess(), EvenProcess()


def log_whole(features: int, fading: float) -> float:
    """Return ln (1 + η)^F, which is taken out of all powers."""
    return float(features * np.log1p(fading))


def distances(signs: FloatArray) -> Distances:
    """Return in how many features each two differ, as indices of small integers."""
    apart: Distances = np.rint((signs.shape[1] - signs @ signs.T) / 2).astype(np.int32)
    return apart


def _products(features: int, fading: float) -> tuple[FloatArray, FloatArray]:
    """Return the product kernel to each distance, and to the complement of what is there."""
    apart, near, far = np.arange(features + 1), np.log1p(fading), np.log1p(-fading)
    whole = log_whole(features, fading)
    there = np.exp((features - apart) * near + apart * far - whole)
    return there, np.exp((features - apart) * far + apart * near - whole)
