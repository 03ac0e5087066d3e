"""Means and shares of observations that come in clusters of unequal sizes."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.clustered import clustered_error, worth
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import score_interval
from bathyscope.study.packages import special
from bathyscope.study.statistics.estimate import Interval, unknown

_LEAST = 2  # clusters; of one nothing is known about how clusters differ


def clustered_mean(values: FloatArray, clusters: Sequence[int], null: float = 0.0) -> Interval:
    """Mean of observations in clusters.

    The mean over all observations, its error and degrees of freedom those of `clustered_error`
    (CR2). The interval is Student's t, so that few clusters or unequal ones widen it. Where all
    clusters are alike no spread is seen: no interval, no p.

    Args:
        values: Shape (n,), no NaN.
        clusters: Which cluster each belongs to, numbers, shape (n,).
        null: The value that `p` is of.
    """
    values = np.asarray(values, dtype=np.float64)
    n, groups = len(values), len(set(clusters))
    if n == 0:
        return unknown(0, 0, "there is no observation")
    mean = float(values.mean())
    if groups < _LEAST:
        return Interval(mean, math.nan, math.nan, math.nan, n, groups, "one cluster: no interval")
    error, freedom, _ = clustered_error(values, clusters)
    if error == 0:
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

    Wilson's interval with the effective number of observations n* = p (1 − p) / variance, `worth`,
    and Student's t for the normal quantile (Korn & Graubard 1998 with Wilson's formula; Franco et
    al. 2019 compare such intervals).

    Args:
        flags: Shape (n,).
        clusters: Which cluster each belongs to, shape (n,).
        null: The share that `p` is of, or the chance of each observation, shape (n,); `p` is that
            of its mean. None gives no p.
    """
    values = np.asarray(flags, dtype=np.float64)
    n, groups = len(values), len(set(clusters))
    if n == 0:
        return unknown(0, 0, "there is no observation")
    share = float(values.mean())
    if groups < _LEAST:
        return Interval(share, math.nan, math.nan, math.nan, n, groups, "one cluster: no interval")
    found = worth(values, clusters)
    quantile = float(special().stdtrit(found.freedom, 0.975))
    low, high = score_interval(share, found.number, quantile)
    p = math.nan
    chance = math.nan if null is None else float(np.mean(null))
    if 0 < chance < 1:
        # Of the null's own variance, as Wilson's interval is: both say the same at 5 %. Chances
        # that differ vary less than their mean would, so that it errs to the side of caution.
        spread = math.sqrt(chance * (1 - chance) / found.number)
        p = _p(share - chance, spread, found.freedom)
    method = f"Wilson with {found.number:.1f} effective observations in {groups} clusters"
    return Interval(share, low, high, p, n, groups, method)


def _p(difference: float, error: float, freedom: float) -> float:
    return float(2 * special().stdtr(freedom, -abs(difference) / error))
