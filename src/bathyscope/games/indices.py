"""Indices of a game as linear functions of a process: exact for its covariance.

Each index is a sum over sets T of the game's coefficients c_T (see `process`): a Shapley value
2 Σ c_T / |T| over odd T with i in it, a Banzhaf value 2 c_{i}, an interaction 4 Σ c_T / (|T| − 1)
over even T with i and j in it. Sums of η^|T| times such are integrals over one or two variables of
products over the features: polynomials, for which Gauss–Legendre quadrature is exact.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.kriging import Wanted
from bathyscope.games.process import EVEN, ODD, Process, log_whole


class Index(ABC):
    """Index of a game: a row of numbers.

    Attributes:
        process: The half of the game that has it.
        uneven: Whether its errors are, measured on real games, larger for some features than a
            process tells that holds all features alike: then `Posterior.unevenness` counts, too.
    """

    process: ClassVar[Process]
    uneven: ClassVar[bool] = False

    @abstractmethod
    def wanted(self, signs: FloatArray, fading: float) -> Wanted:
        """Return it as functions of the process of one η, seen at signs (n, features)."""


class ShapleyIndex(Index):
    """Shapley values, (features,)."""

    process = ODD

    def wanted(self, signs: FloatArray, fading: float) -> Wanted:
        """Return them; of sets of one feature they are the coefficients."""
        features = signs.shape[1]
        single = _SingleFeatures(signs)
        return Wanted(
            single.effects + _shapley_effects(signs, fading),
            single.prior + _shapley_prior(features, fading),
            single.of_basis,
        )


class BanzhafIndex(Index):
    """Banzhaf values, (features,): the coefficients of single features alone."""

    process = ODD

    def wanted(self, signs: FloatArray, fading: float) -> Wanted:
        """Return them; the process has none."""
        single = _SingleFeatures(signs)
        return Wanted(single.effects, single.prior, single.of_basis)


class InteractionIndex(Index):
    """Shapley interactions of two features, in the order of `np.triu_indices(features, 1)`."""

    process = EVEN
    uneven = True

    def wanted(self, signs: FloatArray, fading: float) -> Wanted:
        """Return them; a constant has none."""
        effects = _interaction_effects(signs, fading)
        prior = _interaction_prior(signs.shape[1], fading)
        return Wanted(effects, prior, np.zeros((1, len(prior))))


SHAPLEY, BANZHAF, INTERACTION = ShapleyIndex(), BanzhafIndex(), InteractionIndex()


class _SingleFeatures:
    """Part of the linear function of coefficients 1/F in the odd covariance."""

    def __init__(self, signs: FloatArray) -> None:
        features = signs.shape[1]
        self.effects = signs / features
        self.prior = np.eye(features) / features
        self.of_basis = np.eye(features)


class _Quadrature:
    """Integrals over −1 … 1 of products over the features, divided by (1 + η)^F and variance."""

    def __init__(self, process: Process, features: int, fading: float) -> None:
        self.features, self.fading = features, fading
        self.nodes, self.weights = np.polynomial.legendre.leggauss(features // 2 + 1)
        self.whole = log_whole(features, fading)
        self.scale = process.variance(features, fading)

    def along(self, with_: FloatArray, without: FloatArray) -> FloatArray:
        """Return (1 + ηu)^with (1 − ηu)^without at each node u, shape (len(with), nodes)."""
        near, far = np.log1p(self.fading * self.nodes), np.log1p(-self.fading * self.nodes)
        product: FloatArray = np.exp(np.outer(with_, near) + np.outer(without, far) - self.whole)
        return product

    def square(self, power: int, others: int) -> float:
        """Return ∬ (us)^power (1 + ηus)^others du ds, not yet divided by the variance."""
        both = np.outer(self.nodes, self.nodes)
        inner = both**power * np.exp(others * np.log1p(self.fading * both) - self.whole)
        return float(self.weights @ inner @ self.weights)


def _sizes(signs: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return how many features each coalition has."""
    found: np.ndarray[tuple[int], np.dtype[np.int32]] = np.rint(
        (signs.sum(axis=1) + signs.shape[1]) / 2
    ).astype(np.int32)
    return found


def _shapley_effects(signs: FloatArray, fading: float) -> FloatArray:
    """Return the Shapley values of v where its difference is k(·, y), y each row of the signs.

    φ_i = y_i · ½ ∫ η (Π_{j ≠ i} (1 + η u y_j) − 1) du over −1 … 1: it depends on the number of
    features in y, and on whether i is one of them.
    """
    features = signs.shape[1]
    by = _Quadrature(ODD, features, fading)

    def mean(with_: FloatArray, without: FloatArray) -> FloatArray:
        less = by.along(with_, without) - np.exp(-by.whole)
        of_size: FloatArray = fading * (less @ by.weights) / 2 / by.scale
        return of_size

    sizes = np.arange(features + 1)
    others_in = mean(np.maximum(sizes - 1, 0), features - sizes)
    others_out = -mean(sizes, np.maximum(features - 1 - sizes, 0))
    size = _sizes(signs)
    return np.where(signs > 0, others_in[size][:, None], others_out[size][:, None])


def _shapley_prior(features: int, fading: float) -> FloatArray:
    """Return the covariance of Shapley values before any evaluation.

    That of φ_i and φ_j is Σ η^|T| / |T|² over the sets T that hold both.
    """
    by = _Quadrature(ODD, features, fading)
    free = np.exp(-by.whole) * by.weights.sum() ** 2
    one = fading * (by.square(0, features - 1) - free) / 4
    two = fading**2 * by.square(1, features - 2) / 4
    covariance: FloatArray = (np.eye(features) * (one - two) + two) / by.scale
    return covariance


def _interaction_effects(signs: FloatArray, fading: float) -> FloatArray:
    """Return the interactions of v where its sum is k(·, y), y each row of the signs.

    I_ij = y_i y_j η² ∫ Π_{l ≠ i, j} (1 + η u y_l) du over −1 … 1: it depends on the number of
    features in y, and on how many of i and j are among them.
    """
    features = signs.shape[1]
    first, second = np.triu_indices(features, 1)
    by = _Quadrature(EVEN, features, fading)
    sizes = np.arange(features + 1)
    of_both = np.stack(
        [
            by.along(np.maximum(sizes - among, 0), np.maximum(features - 2 - sizes + among, 0))
            @ by.weights
            for among in range(3)
        ]
    )
    among = ((signs[:, first] + signs[:, second]) / 2 + 1).astype(np.int32)
    sign = signs[:, first] * signs[:, second]
    effects: FloatArray = sign * of_both[among, _sizes(signs)[:, None]] * (fading**2 / by.scale)
    return effects


def _interaction_prior(features: int, fading: float) -> FloatArray:
    """Return the covariance of interactions before any evaluation.

    That of I_ij and I_kl is Σ 4 η^|T| / (|T| − 1)² over the sets T that hold i, j, k and l.
    """
    by = _Quadrature(EVEN, features, fading)
    first, second = np.triu_indices(features, 1)
    shared = sum(
        (one[:, None] == other).astype(np.int32)
        for one in (first, second)
        for other in (first, second)
    )
    by_shared = np.array(
        [
            fading**union * by.square(union - 2, max(features - union, 0))
            if union <= features
            else 0.0
            for union in (4, 3, 2)
        ]
    )
    covariance: FloatArray = by_shared[shared] / by.scale
    return covariance
