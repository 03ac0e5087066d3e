"""A Gaussian process over the coalitions of a game: what it expects of those not evaluated.

The difference f(S) = v(S) − v(complement of S), an odd function of the signs z_i = ±1 of presence,
is a linear function, on which nothing is presumed, and a Gaussian process of covariance

    k(z, y) = Σ_T η^|T| Π_{i in T} z_i y_i  over sets T of 3, 5, 7, … features,

the odd part of the product kernel Π ρ^[z_i ≠ y_i], ρ = (1 − η)/(1 + η), without its linear term. It
depends on the number of features in which two coalitions differ only. η says how fast effects fade
with the number of features they need; how likely each η of `FADINGS` is the restricted likelihood
says (Patterson & Thompson 1971), by the mean of its logarithm over the targets, halved: no game is
such a process exactly, and a likelihood taken at its word would be too sure of one η (Grünwald &
van Ommen 2017, "Inconsistency of Bayesian inference for misspecified linear models").
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray

FADINGS = (0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.33, 0.5, 0.7, 0.9)
"""η that are tried: from hardly any interaction to values that know nothing of their neighbours."""

JUDGED_BY = 400
"""Pairs by which the likelihood of each η is judged."""

CAUTION = 0.5
"""Power of the likelihood by which each η counts."""

NEGLIGIBLE = 0.01
"""An η less likely than this is left out."""

JITTER = 1e-9
"""Added to the variance of a pair, for the sake of rounding; the ends get none."""

Distances = NDArray[np.int32]


@dataclass(frozen=True)
class Posterior:
    """Posterior of Shapley values under one process.

    Attributes:
        values: Shape (targets, features).
        covariance: Of a row's values, (features, features), of a process of variance 1.
        left: By how much each difference misses what the others let expect, (1 + n, targets).
        precision: 1 / variance of that, of a process of variance 1, shape (1 + n,).
    """

    values: FloatArray
    covariance: FloatArray
    left: FloatArray
    precision: FloatArray

    def misses(self, drawn: FloatArray) -> FloatArray:
        """Return what is missed at the pairs, in a scale in which its squares sum to the variance.

        The variance of the process is said by predictions that failed or held, not by the model's
        own likelihood: the mean square of what a pair misses in units of its own deviation. Pairs
        that were not drawn may be worse to predict than those that were: a mean in which a pair
        counts by how many like it were not drawn takes its place where it is larger.

        Args:
            drawn: The share of pairs like it that was drawn, for each pair, shape (n,).

        Returns:
            Shape (n, targets).
        """
        missed = self.left[1:] * np.sqrt(self.precision[1:])[:, None]
        in_scale: FloatArray = missed * _root_mean(missed, drawn)
        return in_scale

    def misses_of_sum(self, drawn: FloatArray) -> FloatArray:
        """Return the same of the sum over the targets, shape (n, 1)."""
        missed = (self.left[1:].sum(axis=1) * np.sqrt(self.precision[1:]))[:, None]
        in_scale: FloatArray = missed * _root_mean(missed, drawn)
        return in_scale


def _root_mean(missed: FloatArray, drawn: FloatArray) -> FloatArray:
    """Return what makes the sum of squares over the pairs the variance of the process."""
    squares, open_ = missed**2, 1 - drawn
    total = squares.sum(axis=0)
    mean = total / len(missed)
    if open_.any():
        mean = np.maximum(mean, open_ @ squares / open_.sum())
    factor: FloatArray = np.sqrt(mean / np.where(total > 0, total, 1.0))
    return factor


def fadings(signs: FloatArray, differences: FloatArray) -> list[tuple[float, float]]:
    """Return each η that is not negligible with how likely it is; the likeliest first.

    Args:
        signs: Shape (1 + n, features), the ends first.
        differences: What a linear fit leaves, (1 + n, targets).
    """
    signs, differences = signs[: JUDGED_BY + 1], differences[: JUDGED_BY + 1]
    apart = _apart(signs)
    told = differences[:, _varies(differences)]
    likelihood = np.array([_log_likelihood(signs, told, apart, fading) for fading in FADINGS])
    share = np.exp(CAUTION * (likelihood - likelihood.max()))
    share /= share.sum()
    kept = [place for place in np.argsort(-share) if share[place] >= NEGLIGIBLE]
    return [(FADINGS[place], float(share[place] / share[kept].sum())) for place in kept]


def posterior(signs: FloatArray, differences: FloatArray, fading: float) -> Posterior:
    """Return what the process of one η says after the differences at (1 + n, features) signs.

    Linear part and process together are universal kriging. The Shapley value of a covariance
    function is an integral over the chance u of presence, exact by Gauss–Legendre quadrature.
    """
    features = signs.shape[1]
    inverse = np.linalg.inv(_covariance(_apart(signs), features, fading))
    along = inverse @ signs
    of_linear = np.linalg.inv(signs.T @ along)
    precision = inverse - along @ of_linear @ along.T
    effects = _effects(signs, fading)
    weighted = precision @ differences
    missed = signs.T @ inverse @ effects
    unexplained = np.eye(features) - missed
    return Posterior(
        values=(effects.T @ weighted + of_linear @ (along.T @ differences)).T,
        covariance=_prior_covariance(features, fading)
        - effects.T @ inverse @ effects
        + unexplained.T @ of_linear @ unexplained,
        left=weighted / np.diag(precision)[:, None],
        precision=np.diag(precision),
    )


def _varies(differences: FloatArray) -> NDArray[np.bool_]:
    """Return which targets have anything left to explain, beyond rounding and infinities."""
    with np.errstate(invalid="ignore"):
        largest = np.abs(differences).max(axis=0)
    varies: NDArray[np.bool_] = np.isfinite(largest) & (largest > 0)
    return varies


def _apart(signs: FloatArray) -> Distances:
    """Return in how many features each two differ, as indices of small integers."""
    apart: Distances = np.rint((signs.shape[1] - signs @ signs.T) / 2).astype(np.int32)
    return apart


def _log_likelihood(
    signs: FloatArray, differences: FloatArray, apart: Distances, fading: float
) -> float:
    """Return the restricted log-likelihood, scales profiled out, as a mean over the targets."""
    if not differences.size:
        return 0.0
    root = np.linalg.cholesky(_covariance(apart, signs.shape[1], fading))
    white = np.linalg.solve(root, np.concatenate([signs, differences], axis=1))
    linear, seen = white[:, : signs.shape[1]], white[:, signs.shape[1] :]
    basis, upper = np.linalg.qr(linear)
    left = ((seen - basis @ (basis.T @ seen)) ** 2).sum(axis=0)
    freedom = len(signs) - signs.shape[1]
    volume = np.log(np.diag(root)).sum() + np.log(np.abs(np.diag(upper))).sum()
    return float(-freedom / 2 * np.log(np.maximum(left, 1e-300)).mean() - volume)


def _covariance(apart: Distances, features: int, fading: float) -> FloatArray:
    """Return the covariance of the differences of a process of variance 1."""
    covariance: FloatArray = (_by_distance(features, fading) + _linear(features))[apart]
    places = np.arange(1, len(apart))
    covariance[places, places] += JITTER
    return covariance


def _linear(features: int) -> FloatArray:
    """Return the covariance at each distance of a linear function with coefficients of 1/F.

    Nothing is presumed on the linear part, so that more variance there changes no result. Without
    any the process's covariance is singular where most coalitions are seen.
    """
    covariance: FloatArray = 1 - 2 * np.arange(features + 1) / features
    return covariance


def _scale(features: int, fading: float) -> tuple[float, float]:
    """Return log (1 + η)^F, taken out of all powers, and the variance that is left."""
    whole = features * np.log1p(fading)
    rest = features * np.log1p(-fading)
    variance = (1 - np.exp(rest - whole)) / 2 - fading * features * np.exp(-whole)
    return float(whole), float(variance)


def _by_distance(features: int, fading: float) -> FloatArray:
    """Return the correlation at each distance 0 … F."""
    whole, variance = _scale(features, fading)
    apart, near, far = np.arange(features + 1), np.log1p(fading), np.log1p(-fading)
    there = np.exp((features - apart) * near + apart * far - whole)
    across = np.exp((features - apart) * far + apart * near - whole)
    linear = fading * (features - 2 * apart) * np.exp(-whole)
    correlation: FloatArray = ((there - across) / 2 - linear) / variance
    return correlation


def _effects(signs: FloatArray, fading: float) -> FloatArray:
    """Return the Shapley values of v where its difference is k(·, y), y each row of the signs.

    φ_i = y_i · ½ ∫ η (Π_{j ≠ i} (1 + η u y_j) − 1) du over −1 … 1, the integrand a polynomial of
    degree F − 1: it depends on the number of features in y, and on whether i is one of them.
    """
    features = signs.shape[1]
    whole, variance = _scale(features, fading)
    nodes, weights = np.polynomial.legendre.leggauss(features // 2 + 1)
    near, far = np.log1p(fading * nodes), np.log1p(-fading * nodes)

    def mean(with_: FloatArray, without: FloatArray) -> FloatArray:
        product = np.exp(np.outer(with_, near) + np.outer(without, far) - whole)
        of_size: FloatArray = fading * ((product - np.exp(-whole)) @ weights) / 2 / variance
        return of_size

    sizes = np.arange(features + 1)
    others_in = mean(np.maximum(sizes - 1, 0), features - sizes)
    others_out = -mean(sizes, np.maximum(features - 1 - sizes, 0))
    size = np.rint((signs.sum(axis=1) + features) / 2).astype(np.int32)
    of_process = np.where(signs > 0, others_in[size][:, None], others_out[size][:, None])
    effects: FloatArray = of_process + signs / features
    return effects


def _prior_covariance(features: int, fading: float) -> FloatArray:
    """Return the covariance of Shapley values before any evaluation.

    That of φ_i and φ_j is Σ η^|T| / |T|² over the sets T that hold both, by the same quadrature in
    two variables.
    """
    whole, variance = _scale(features, fading)
    nodes, weights = np.polynomial.legendre.leggauss(features // 2 + 1)
    both = np.outer(nodes, nodes)
    near = np.log1p(fading * both)
    with_one = np.exp((features - 1) * near - whole) - np.exp(-whole)
    with_two = fading * both * np.exp((features - 2) * near - whole)
    one, two = (fading * float(weights @ part @ weights) / 4 for part in (with_one, with_two))
    of_process = (np.eye(features) * (one - two) + two) / variance
    covariance: FloatArray = of_process + np.eye(features) / features
    return covariance
