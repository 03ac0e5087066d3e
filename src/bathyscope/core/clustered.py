"""Shares and medians of things that come in clusters, with 95 % intervals.

Tokens of one word, or of one sentence, settle alike; rows of one record are not independent.
Counted as if each stood alone they would make an interval that is too narrow. All intervals over
clusters take the spread between clusters instead, by `clustered_error`.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import score_interval, student_quantile

FEWEST_CLUSTERS = 4
"""With fewer there is no interval: their spread is not known well enough."""

_ROUNDING = 1e-12  # of the largest value: less is no spread


class ClusteredError(NamedTuple):
    """Error of a mean over clusters.

    Attributes:
        error: Standard error; 0 where all clusters are alike.
        freedom: Satterthwaite degrees of freedom behind it.
        clusters: How many there are.
    """

    error: float
    freedom: float
    clusters: int


def clustered_error(values: FloatArray, clusters: ArrayLike) -> ClusteredError:
    """Return the error of a mean of observations in two clusters or more, of any sizes.

    The bias-reduced linearisation (CR2) of Bell & McCaffrey 2002 for a mean: variance
    Σ_g r_g² / (1 − n_g/n) / n², r_g the sum of a cluster's residuals. With a_g = 1/√(1 − n_g/n), it
    is a quadratic form of independent observations with the matrix
    M_gh = a_g a_h (δ_gh n_g − n_g n_h / n) over clusters; its degrees of freedom are
    tr(M)² / tr(M²).

    Args:
        values: Shape (n,), no NaN.
        clusters: Which cluster each belongs to, shape (n,).
    """
    _, place, sizes = np.unique(np.asarray(clusters), return_inverse=True, return_counts=True)
    sums = np.bincount(place, weights=values - values.mean())
    n = float(sizes.sum())
    scale = 1 / np.sqrt(1 - sizes / n)
    error = math.sqrt(float(np.sum((scale * sums) ** 2))) / n
    if error <= _ROUNDING * float(np.abs(values).max()):
        error = 0.0
    diagonal = scale**2 * sizes
    weights = scale * sizes / math.sqrt(n)
    trace = float(np.sum(diagonal - weights**2))
    squares = float(np.sum(diagonal**2) - 2 * np.sum(diagonal * weights**2))
    squares += float(np.sum(weights**2)) ** 2
    return ClusteredError(error, trace**2 / squares, len(sizes))


class Worth(NamedTuple):
    """Independent observations that clustered ones are worth.

    Attributes:
        number: The effective number, at which a mean of independent ones has the same error (Kish
            1965: n divided by the design effect).
        freedom: Degrees of freedom behind it.
        clusters: How many clusters there are.
    """

    number: float
    freedom: float
    clusters: int


def worth(values: FloatArray, clusters: ArrayLike) -> Worth:
    """Return how many independent observations some in two clusters or more are worth.

    Where all clusters are alike no spread is seen, and each counts once, as if it were of a piece:
    n² / Σ n_g² of them, so that of very unequal ones few count.

    Args:
        values: Shape (n,), no NaN.
        clusters: Which cluster each belongs to, shape (n,).
    """
    found, n = clustered_error(values, clusters), float(len(values))
    if found.error == 0:
        sizes = np.unique(np.asarray(clusters), return_counts=True)[1].astype(np.float64)
        number = round(n**2 / float(sizes @ sizes), 9)
        return Worth(number, max(1.0, number - 1), found.clusters)
    number = min(float(values.var()) / found.error**2, n * found.clusters)
    return Worth(number, found.freedom, found.clusters)


class Bounds(NamedTuple):
    """Two ends, both of them included."""

    low: float
    high: float


def share_interval(hits: NDArray[np.bool_], clusters: NDArray[np.int64]) -> Bounds | None:
    """Return the 95 % interval of a share, within 0..1; None with fewer than four clusters.

    Wilson's score interval with Student's t, for as many things as they are worth (`worth`; Dean &
    Pagano 2015 compare such intervals).

    Args:
        hits: Which things have it, shape (n,).
        clusters: Which cluster each belongs to, shape (n,).
    """
    if len(np.unique(clusters)) < FEWEST_CLUSTERS:
        return None
    return _wilson(float(hits.mean()), hits.astype(np.float64), clusters)


def median_interval(values: NDArray[np.int64], clusters: NDArray[np.int64]) -> Bounds | None:
    """Return the 95 % interval of a median; None with fewer than four clusters.

    The values at which the share of smaller ones, counting equal ones half, may still be a half
    (Woodruff 1952, with the interval of `share_interval`).

    Args:
        values: Shape (n,).
        clusters: Which cluster each belongs to, shape (n,).
    """
    if len(np.unique(clusters)) < FEWEST_CLUSTERS:
        return None
    middle = float(np.median(values))
    below = (values < middle) + 0.5 * (values == middle)
    low, high = _wilson(0.5, below, clusters)
    ordered, count = np.sort(values), len(values)
    first = max(0, int(np.ceil(round(low * count, 9))) - 1)
    last = min(count - 1, int(np.floor(round(high * count, 9))))
    return Bounds(float(ordered[first]), float(ordered[last]))


def _wilson(share: float, values: FloatArray, clusters: NDArray[np.int64]) -> Bounds:
    """Return the score interval of a share, for as many things as values are worth."""
    found = worth(values, clusters)
    quantile = student_quantile(max(1, int(found.freedom)))
    return Bounds(*score_interval(share, found.number, quantile))
