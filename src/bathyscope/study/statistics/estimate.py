"""An estimate with its interval, and what it rests on."""

import math
from dataclasses import dataclass
from typing import Any

from bathyscope.core.heatmap import number_or_null


@dataclass(frozen=True)
class Interval:
    """An estimate with a 95 % interval.

    Attributes:
        value: The estimate; NaN where there is nothing to estimate it from.
        low: Lower end; NaN where there are fewer than two clusters.
        high: Upper end.
        p: Two-sided p of the null value that the statistic names; NaN where there is none.
        n: Observations.
        clusters: Clusters of observations that belong together.
        method: How the interval was found, in words.
    """

    value: float
    low: float
    high: float
    p: float
    n: int
    clusters: int
    method: str

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values; null stands for what is not known."""
        return {
            "value": number_or_null(self.value),
            "low": number_or_null(self.low),
            "high": number_or_null(self.high),
            "p": number_or_null(self.p),
            "n": self.n,
            "clusters": self.clusters,
            "method": self.method,
        }


def unknown(n: int, clusters: int, why: str) -> Interval:
    """Return what stands for an estimate that nothing can be said of."""
    return Interval(math.nan, math.nan, math.nan, math.nan, n, clusters, why)
