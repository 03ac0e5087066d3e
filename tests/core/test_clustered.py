"""Intervals of shares and medians of clustered things: against other formulas, and coverage."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from bathyscope.core.clustered import median_interval, share_interval


def coverage(of: str, seed: int, clusters: int, alike: float, tries: int) -> float:
    """Return how often an interval holds the truth, with clusters of unequal sizes."""
    draw, held = np.random.default_rng(seed), 0
    for _ in range(tries):
        sizes = draw.integers(1, 9, clusters)
        which = np.repeat(np.arange(clusters), sizes)
        common = np.repeat(draw.normal(size=clusters), sizes)
        hidden = np.sqrt(alike) * common + np.sqrt(1 - alike) * draw.normal(size=len(which))
        if of == "share":
            found, truth = share_interval(hidden > 0.6, which), float(stats.norm.sf(0.6))
        else:
            depths = np.clip(np.round(15 + 6 * hidden), 1, 30).astype(np.int64)
            found, truth = median_interval(depths, which), 15.0
        assert found is not None
        held += found.low <= truth <= found.high
    return held / tries


@pytest.mark.parametrize("of", ["share", "median"])
@pytest.mark.parametrize("alike", [0.0, 0.6])
def test_they_hold_the_truth_as_often_as_they_say(of: str, alike: float) -> None:
    """Layers are whole numbers, and no spread counts for more than all things: often oftener."""
    found = coverage(of, 5, 25, alike, 400)
    assert 0.92 <= found <= (0.985 if of == "share" and alike else 1.0)


@pytest.mark.statistical
@pytest.mark.parametrize("clusters", [5, 12, 60])
@pytest.mark.parametrize("alike", [0.0, 0.3, 0.9])
def test_they_hold_the_truth_with_few_and_many_clusters(clusters: int, alike: float) -> None:
    for of in ("share", "median"):
        assert coverage(of, clusters, clusters, alike, 4000) >= 0.925


def test_each_alone_it_is_wilsons_interval_with_students_t() -> None:
    hits = np.arange(40) % 4 == 0
    found = share_interval(hits, np.arange(40))
    quantile = stats.t.ppf(0.975, 39)
    wilson = stats.binomtest(10, 40).proportion_ci(stats.norm.cdf(quantile) * 2 - 1, "wilson")
    # The spread between clusters has n - 1 below it, so a fortieth fewer count.
    assert found is not None and found == pytest.approx((wilson.low, wilson.high), abs=0.004)


def test_things_alike_in_their_clusters_count_once() -> None:
    hits, clusters = np.repeat(np.arange(20) % 4 == 0, 7), np.repeat(np.arange(20), 7)
    once = share_interval(hits[::7], clusters[::7])
    assert share_interval(hits, clusters) == pytest.approx(once, abs=1e-12)
    depths = np.repeat(np.arange(1, 21), 7)
    assert median_interval(depths, clusters) == median_interval(depths[::7], clusters[::7])
    alone: Any = share_interval(hits, np.arange(140))
    assert once is not None and alone.high - alone.low < 0.6 * (once.high - once.low)


@pytest.mark.parametrize("hit", [False, True])
def test_where_all_are_alike_the_interval_is_not_a_point(hit: bool) -> None:
    clusters = np.repeat(np.arange(6), 5)
    found = share_interval(np.full(30, hit), clusters)
    assert found is not None and (found.high if hit else found.low) == float(hit)
    assert 0.3 < found.high - found.low < 0.7
    assert median_interval(np.full(30, 7), clusters) == (7, 7)


def test_with_fewer_than_four_clusters_there_is_none() -> None:
    values, clusters = np.array([1, 2, 3, 4]), np.array([0, 0, 1, 2])
    assert share_interval(values > 2, clusters) is None
    assert median_interval(values, clusters) is None
    assert median_interval(values, np.arange(4)) is not None


def test_the_interval_of_a_median_is_symmetric_and_holds_it() -> None:
    draw = np.random.default_rng(2)
    for _ in range(200):
        count = int(draw.integers(3, 40))
        values, clusters = draw.integers(1, 31, count), draw.integers(0, count, count)
        if len(np.unique(clusters)) < 4:
            continue
        found = median_interval(values, clusters)
        assert found is not None and found.low <= np.median(values) <= found.high
        turned = median_interval(31 - values, clusters)
        assert turned == (31 - found.high, 31 - found.low)
