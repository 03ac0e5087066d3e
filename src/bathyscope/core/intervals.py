"""Confidence intervals: the width that a standard error stands for."""

import math
from statistics import NormalDist


def student_quantile(degrees_of_freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t, so that ± this holds 95 %.

    Closed form for 1 and 2 degrees of freedom, else the expansion in 1/ν around the normal
    quantile (Abramowitz & Stegun 26.7.5), within 0.2 % from ν = 3 on.
    """
    if degrees_of_freedom == 1:
        return math.tan(0.475 * math.pi)
    if degrees_of_freedom == 2:
        return 0.95 * math.sqrt(2 / (1 - 0.95**2))
    z = NormalDist().inv_cdf(0.975)
    corrections = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / degrees_of_freedom**p for p, term in enumerate(corrections))


def score_interval(share: float, count: float, quantile: float) -> tuple[float, float]:
    """Return the ends of Wilson's score interval of a share, within 0..1, the share between them.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    Args:
        share: Of the observations, 0..1.
        count: How many observations there are, or are worth, above 0.
        quantile: Of the normal distribution, or of Student's t, that the interval reaches to.
    """
    square = quantile**2 / count
    middle = (share + square / 2) / (1 + square)
    half = quantile / (1 + square) * math.sqrt(share * (1 - share) / count + square / (4 * count))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
