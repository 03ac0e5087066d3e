"""Means and shares of observations that come in clusters of unequal sizes."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import score_interval
from bathyscope.study.packages import special
from bathyscope.study.statistics.estimate import Interval, unknown

_LEAST = 2  # clusters; of one nothing is known about how clusters differ
_ROUNDING = 1e-12  # of the largest value: less is no spread, and no p follows from it


def clustered_mean(values: FloatArray, clusters: Sequence[int], null: float = 0.0) -> Interval:
    """Mean of observations in clusters.

    The mean over all observations. Its variance is the bias-reduced linearisation (CR2) of Bell &
    McCaffrey 2002 for a mean: Σ_g r_g² / (1 − n_g/n) / n², r_g the sum of a cluster's residuals.
    The interval is Student's t with their Satterthwaite degrees of freedom, so that few clusters
    or unequal ones widen it. Where all clusters are alike no spread is seen: no interval, no p.

    Args:
        values: Shape (n,), no NaN.
        clusters: Which cluster each belongs to, numbers, shape (n,).
        null: The value that `p` is of.
    """
    values = np.asarray(values, dtype=np.float64)
    sums, sizes = _residuals(values, clusters)
    n, groups = len(values), len(sizes)
    if n == 0:
        return unknown(0, 0, "there is no observation")
    mean = float(values.mean())
    if groups < _LEAST:
        return Interval(mean, math.nan, math.nan, math.nan, n, groups, "one cluster: no interval")
    error, freedom = _error(sums, sizes)
    if error <= _ROUNDING * np.abs(values).max():
        return Interval(mean, math.nan, math.nan, math.nan, n, groups, "all alike: no interval")
    margin = float(special().stdtrit(freedom, 0.975)) * error
    method = f"t with {freedom:.1f} degrees of freedom, CR2 over {groups} clusters"
    return Interval(
        mean, mean - margin, mean + margin, _p(mean - null, error, freedom), n, groups, method
    )


def clustered_share(
    flags: NDArray[np.bool_], clusters: Sequence[int], null: float | FloatArray | None = None
) -> Interval:
    """Share of observations in clusters, within 0..1.

    Wilson's interval with the effective number of observations n* = p (1 − p) / variance, the
    variance that of `clustered_mean`, and Student's t for the normal quantile (Korn & Graubard
    1998 with Wilson's formula; Franco et al. 2019 compare such intervals). Where all are alike no
    variance is seen, and the clusters count as the observations, each one as if of a piece.

    Args:
        flags: Shape (n,).
        clusters: Which cluster each belongs to, shape (n,).
        null: The share that `p` is of, or the chance of each observation, shape (n,); `p` is that
            of its mean. None gives no p.
    """
    values = np.asarray(flags, dtype=np.float64)
    sums, sizes = _residuals(values, clusters)
    n, groups = len(values), len(sizes)
    if n == 0:
        return unknown(0, 0, "there is no observation")
    share = float(values.mean())
    if groups < _LEAST:
        return Interval(share, math.nan, math.nan, math.nan, n, groups, "one cluster: no interval")
    error, freedom = _error(sums, sizes)
    alike = error <= _ROUNDING or share in (0.0, 1.0)
    effective = float(groups) if alike else min(share * (1 - share) / error**2, float(n) * groups)
    quantile = float(special().stdtrit(groups - 1 if alike else freedom, 0.975))
    low, high = score_interval(share, effective, quantile)
    p = math.nan
    chance = math.nan if null is None else float(np.mean(null))
    if 0 < chance < 1:
        # Of the null's own variance, as Wilson's interval is: both say the same at 5 %. Chances
        # that differ vary less than their mean would, so that it errs to the side of caution.
        spread = math.sqrt(chance * (1 - chance) / effective)
        p = _p(share - chance, spread, groups - 1 if alike else freedom)
    method = f"Wilson with {effective:.1f} effective observations in {groups} clusters"
    return Interval(share, low, high, p, n, groups, method)


def _residuals(values: FloatArray, clusters: Sequence[int]) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the sum of residuals and the size of every cluster."""
    _, place, sizes = np.unique(np.asarray(clusters), return_inverse=True, return_counts=True)
    residuals = values - (values.mean() if len(values) else 0.0)
    sums = np.zeros(len(sizes))
    np.add.at(sums, place, residuals)
    return sums, sizes


def _error(sums: FloatArray, sizes: NDArray[np.int64]) -> tuple[float, float]:
    """Return the CR2 standard error of a mean and its Satterthwaite degrees of freedom.

    With a_g = 1/√(1 − n_g/n), the estimate of the variance is a quadratic form of independent
    observations with the matrix M_gh = a_g a_h (δ_gh n_g − n_g n_h / n) over clusters; its degrees
    of freedom are tr(M)² / tr(M²).
    """
    n = float(sizes.sum())
    scale = 1 / np.sqrt(1 - sizes / n)
    error = math.sqrt(float(np.sum((scale * sums) ** 2))) / n
    diagonal = scale**2 * sizes
    weights = scale * sizes / math.sqrt(n)
    trace = float(np.sum(diagonal - weights**2))
    squares = float(np.sum(diagonal**2) - 2 * np.sum(diagonal * weights**2))
    squares += float(np.sum(weights**2)) ** 2
    return error, trace**2 / squares


def _p(difference: float, error: float, freedom: float) -> float:
    return float(2 * special().stdtr(freedom, -abs(difference) / error))
