"""Shares and medians of things that come in clusters, with 95 % intervals.

Tokens of one word, or of one sentence, settle alike; counted as if each stood alone they would make
an interval that is too narrow. Both intervals take the spread between clusters instead.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import score_interval, student_quantile

FEWEST_CLUSTERS = 4
"""With fewer there is no interval: their spread is not known well enough."""


class Bounds(NamedTuple):
    """Two ends, both of them included."""

    low: float
    high: float


def share_interval(hits: NDArray[np.bool_], clusters: NDArray[np.int64]) -> Bounds | None:
    """Return the 95 % interval of a share, within 0..1; None with fewer than four clusters.

    Wilson's score interval with Student's t of the clusters, for as many things as their spread
    leaves: n divided by the design effect (Kish 1965; Dean & Pagano 2015). Where all are alike, the
    spread says nothing, and as many count as there are clusters, were they of one size.

    Args:
        hits: Which things have it, shape (n,).
        clusters: Which cluster each belongs to, shape (n,).
    """
    sizes = np.unique(clusters, return_counts=True)[1]
    if len(sizes) < FEWEST_CLUSTERS:
        return None
    return _wilson(float(hits.mean()), hits.astype(np.float64), clusters, sizes)


def median_interval(values: NDArray[np.int64], clusters: NDArray[np.int64]) -> Bounds | None:
    """Return the 95 % interval of a median; None with fewer than four clusters.

    The values at which the share of smaller ones, counting equal ones half, may still be a half
    (Woodruff 1952, with the interval of `share_interval`).

    Args:
        values: Shape (n,).
        clusters: Which cluster each belongs to, shape (n,).
    """
    sizes = np.unique(clusters, return_counts=True)[1]
    if len(sizes) < FEWEST_CLUSTERS:
        return None
    middle = float(np.median(values))
    below = (values < middle) + 0.5 * (values == middle)
    low, high = _wilson(0.5, below, clusters, sizes)
    ordered, count = np.sort(values), len(values)
    first = max(0, int(np.ceil(round(low * count, 9))) - 1)
    last = min(count - 1, int(np.floor(round(high * count, 9))))
    return Bounds(float(ordered[first]), float(ordered[last]))


def _wilson(
    share: float, values: FloatArray, clusters: NDArray[np.int64], sizes: NDArray[np.int64]
) -> Bounds:
    """Return the score interval of a share, for as many things as values spread like."""
    # Of clusters of very different sizes few count: n² / Σ sizes² of them, all where they are even.
    number = round(float(sizes.sum() ** 2 / (sizes @ sizes)), 9)
    quantile = student_quantile(max(1, int(number) - 1))
    return Bounds(*score_interval(share, _effective(values, clusters, number), quantile))


def _effective(values: FloatArray, clusters: NDArray[np.int64], number: float) -> float:
    """Return how many things alone would spread as these do in their clusters, 1 to n."""
    places = np.unique(clusters, return_inverse=True)[1]
    groups, count = int(places.max()) + 1, len(values)
    off = values - values.mean()
    alone = float(off @ off) / count**2
    if alone == 0:
        return number
    sums = np.bincount(places, weights=off)
    together = groups / (groups - 1) * float(sums @ sums) / count**2
    return float(np.clip(alone * count / max(together, alone), 1, count))
