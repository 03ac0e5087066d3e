"""Correlation of two quantities of records."""

import math
from collections.abc import Sequence

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.study.packages import special
from bathyscope.study.statistics.estimate import Interval, unknown

_FEWEST = 4  # clusters; the jackknife of a correlation needs some left


def clustered_correlation(one: FloatArray, other: FloatArray, clusters: Sequence[int]) -> Interval:
    """Pearson's r of two quantities, with an interval by a jackknife over clusters.

    Each cluster is left out in turn; on the scale of Fisher's z = artanh r the pseudo-values are
    averaged and their interval is Student's t with one degree of freedom less than there are
    clusters, transformed back (Efron 1982, chapter 3). Its p is of "no correlation".

    Args:
        one: Shape (n,), no NaN.
        other: Shape (n,).
        clusters: Which cluster each belongs to, shape (n,).
    """
    x, y = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    _, place = np.unique(np.asarray(clusters), return_inverse=True)
    groups = int(place.max()) + 1 if len(place) else 0
    if groups < _FEWEST:
        return unknown(len(x), groups, f"fewer than {_FEWEST} clusters")
    sums = np.stack(
        [np.bincount(place, w, groups) for w in (np.ones(len(x)), x, y, x * x, y * y, x * y)]
    )
    whole = float(_r(sums.sum(axis=1)))
    if not abs(whole) < 1:
        why = "one of the two is the same everywhere, or r is 1"
        return Interval(whole, math.nan, math.nan, math.nan, len(x), groups, why)
    without = np.arctanh(np.clip(_r(sums.sum(axis=1, keepdims=True) - sums), -1 + 1e-12, 1 - 1e-12))
    if np.isnan(without).any():
        why = "one cluster alone makes one of the two vary"
        return Interval(whole, math.nan, math.nan, math.nan, len(x), groups, why)
    z = math.atanh(whole)
    error = math.sqrt((groups - 1) / groups * float(np.sum((without - without.mean()) ** 2)))
    margin = float(special().stdtrit(groups - 1, 0.975)) * error
    p = 1.0 if error == 0 else float(2 * special().stdtr(groups - 1, -abs(z) / error))
    method = f"jackknife over {groups} clusters on Fisher's z"
    return Interval(whole, math.tanh(z - margin), math.tanh(z + margin), p, len(x), groups, method)


def _r(sums: FloatArray) -> FloatArray:
    """Return Pearson's r from n, Σx, Σy, Σx², Σy², Σxy; NaN where one of the two is constant."""
    n, x, y, xx, yy, xy = sums
    across, along, between = n * xx - x * x, n * yy - y * y, n * xy - x * y
    with np.errstate(invalid="ignore", divide="ignore"):
        small = (across <= 1e-12 * n * xx) | (along <= 1e-12 * n * yy)
        found: FloatArray = np.where(small, np.nan, between / np.sqrt(across * along))
    return found
