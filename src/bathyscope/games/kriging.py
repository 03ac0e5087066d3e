"""Prediction from a linear model without a prior and a Gaussian process on what it leaves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray


@dataclass(frozen=True)
class Wanted:
    """Linear functions of what is predicted, `k` of them, of a process of variance 1.

    Attributes:
        effects: Covariance of each with what was seen, shape (n, k).
        prior: Covariance among them before anything was seen, shape (k, k).
        of_basis: What each is of the functions on which nothing is presumed, shape (p, k).
    """

    effects: FloatArray
    prior: FloatArray
    of_basis: FloatArray


@dataclass(frozen=True)
class Posterior:
    """Posterior of one process after what was seen.

    Attributes:
        values: Shape (targets, k).
        covariance: Of a target's values, (k, k), of a process of variance 1.
        left: By how much each number seen misses what the others let expect, (1 + n, targets).
        precision: 1 / variance of that, of a process of variance 1, shape (1 + n,).
        influence: What each number seen adds to each value, shape (k, 1 + n).
    """

    values: FloatArray
    covariance: FloatArray
    left: FloatArray
    precision: FloatArray
    influence: FloatArray

    def unevenness(self, left: FloatArray, misses: FloatArray) -> FloatArray:
        """Return how many times as large as the process holds for likely misses are for each value.

        Where a value is influenced by samples that are harder to foretell than others, as of a
        feature on which much depends, a variance that is common to all is too small for it. So the
        root of Σ influence² · missed² (White's estimator, HC3: MacKinnon & White 1985) is set
        against what it would be if misses were as the process has them.

        Args:
            left: What is missed, (1 + n, targets): `left`, or its sum over the targets.
            misses: What `misses` or `misses_of_sum` returns, (n, targets).

        Returns:
            At least 1, shape (targets, k).
        """
        weight = self.influence[:, 1:] ** 2
        found = (weight @ left[1:] ** 2).T
        likely = np.outer((misses**2).sum(axis=0), weight @ (1 / self.precision[1:]))
        times: FloatArray = np.sqrt(np.maximum(found / np.where(likely > 0, likely, np.inf), 1))
        return times

    def misses(self, drawn: FloatArray) -> FloatArray:
        """Return what is missed at the samples, scaled so that its squares sum to the variance.

        The variance of the process is said by predictions that failed or held, not by the model's
        own likelihood: the mean square of what a sample misses in units of its own deviation.
        Samples that were not drawn may be worse to predict than those that were: a mean in which a
        sample counts by how many like it were not drawn takes its place where it is larger.

        Args:
            drawn: The share of samples like it that was drawn, for each sample, shape (n,).

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
    """Return what makes the sum of squares over the samples the variance of the process."""
    squares, open_ = missed**2, 1 - drawn
    total = squares.sum(axis=0)
    mean = total / len(missed)
    if open_.any():
        mean = np.maximum(mean, open_ @ squares / open_.sum())
    factor: FloatArray = np.sqrt(mean / np.where(total > 0, total, 1.0))
    return factor


def krige(basis: FloatArray, covariance: FloatArray, told: FloatArray, wanted: Wanted) -> Posterior:
    """Return what is expected of linear functions of a process: universal kriging.

    Args:
        basis: Functions on which nothing is presumed, at what was seen, shape (1 + n, p).
        covariance: Of what was seen, shape (1 + n, 1 + n).
        told: What was seen, (1 + n, targets).
        wanted: What is asked for.
    """
    inverse = np.linalg.inv(covariance)
    along = inverse @ basis
    of_basis = np.linalg.inv(basis.T @ along)
    precision = inverse - along @ of_basis @ along.T
    weighted, direct = precision @ told, inverse @ wanted.effects
    unexplained = wanted.of_basis - basis.T @ direct
    influence = wanted.effects.T @ precision + wanted.of_basis.T @ of_basis @ along.T
    return Posterior(
        values=(influence @ told).T,
        covariance=wanted.prior
        - wanted.effects.T @ direct
        + unexplained.T @ of_basis @ unexplained,
        left=weighted / np.diag(precision)[:, None],
        precision=np.diag(precision),
        influence=influence,
    )


def log_likelihood(basis: FloatArray, covariance: FloatArray, told: FloatArray) -> float:
    """Return the restricted log-likelihood, scales profiled out, as a mean over the targets.

    Restricted: of what no function of the basis changes (Patterson & Thompson 1971).
    """
    if not told.size:
        return 0.0
    root = np.linalg.cholesky(covariance)
    white = np.linalg.solve(root, np.concatenate([basis, told], axis=1))
    free, seen = white[:, : basis.shape[1]], white[:, basis.shape[1] :]
    orthogonal, upper = np.linalg.qr(free)
    left = ((seen - orthogonal @ (orthogonal.T @ seen)) ** 2).sum(axis=0)
    freedom = len(basis) - basis.shape[1]
    volume = np.log(np.diag(root)).sum() + np.log(np.abs(np.diag(upper))).sum()
    return float(-freedom / 2 * np.log(np.maximum(left, 1e-300)).mean() - volume)


def varies(told: FloatArray) -> NDArray[np.bool_]:
    """Return which targets have anything left to explain, beyond rounding and infinities."""
    with np.errstate(invalid="ignore"):
        largest = np.abs(told).max(axis=0)
    found: NDArray[np.bool_] = np.isfinite(largest) & (largest > 0)
    return found
