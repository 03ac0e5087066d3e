"""Intervals and tests beside SciPy, statsmodels, matrices written out, and simulations."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from bathyscope.study.statistics.clustered import clustered_mean, clustered_share
from bathyscope.study.statistics.corrections import benjamini_hochberg, holm
from bathyscope.study.statistics.correlation import clustered_correlation
from bathyscope.study.statistics.estimate import Interval
from bathyscope.study.statistics.paired import mcnemar, paired_difference

SIZES = np.array([1, 1, 2, 3, 5, 9])


def draw(seed: int, groups: int = 12) -> tuple[Any, Any, np.random.Generator]:
    """Return observations in clusters of unequal sizes, and their clusters."""
    chance = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(groups), chance.choice(SIZES, groups))
    effects = chance.normal(size=groups)[clusters]
    return effects + chance.normal(size=len(clusters)) + 0.3, clusters, chance


def test_a_mean_of_unclustered_values_has_students_interval() -> None:
    values, _, _ = draw(1)
    found = clustered_mean(values, list(range(len(values))), null=0.1)
    theirs = stats.ttest_1samp(values, 0.1)
    low, high = theirs.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-9)


def test_the_error_of_a_clustered_mean_is_that_of_matrices_written_out() -> None:
    values, clusters, _ = draw(2)
    n = len(values)
    x = np.ones((n, 1))
    hat = np.eye(n) - x @ x.T / n
    middle, forms = 0.0, []
    for group in np.unique(clusters):
        own = clusters == group
        root, vectors = np.linalg.eigh(hat[np.ix_(own, own)])
        adjusted = vectors @ np.diag(root**-0.5) @ vectors.T  # CR2: (I − H_gg)^(−1/2)
        middle += (x[own].T @ adjusted @ (hat @ values)[own]).item() ** 2
        forms.append(hat[:, own] @ adjusted @ x[own] / n)
    error = np.sqrt(middle) / n
    gram = np.hstack(forms).T @ np.hstack(forms)
    freedom = np.trace(gram) ** 2 / np.trace(gram @ gram)  # Bell & McCaffrey
    found = clustered_mean(values, clusters.tolist())
    margin = stats.t.ppf(0.975, freedom) * error
    assert found.high - found.value == pytest.approx(margin, rel=1e-9)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(found.value) / error, freedom), rel=1e-9)


def test_the_interval_of_a_share_is_wilsons_where_nothing_is_clustered() -> None:
    n, right = 400, 130
    flags = np.arange(n) < right
    found = clustered_share(flags, list(range(n)))
    low, high = proportion_confint(right, n, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=2e-3)  # t for z, n − 1 for n
    for flags, end in ((np.ones(22, bool), 1.0), (np.zeros(22, bool), 0.0)):
        whole = clustered_share(flags, list(range(22)))
        assert whole.value == end and 0 <= whole.low < whole.high <= 1
        assert whole.high - whole.low == pytest.approx(0.16, abs=0.02)


@pytest.mark.parametrize(
    ("first", "second", "both"), [(9, 1, 20), (4, 4, 3), (40, 22, 9), (0, 0, 5)]
)
def test_mcnemar_is_that_of_statsmodels(first: int, second: int, both: int) -> None:
    one = np.array([True] * first + [False] * second + [True] * both)
    other = np.array([False] * first + [True] * second + [True] * both)
    found = mcnemar(one, other)
    table = [[both, first], [second, 0]]
    theirs = their_mcnemar(table, exact=found.exact, correction=True)
    assert (found.first_only, found.second_only) == (first, second)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-9)
    assert found.exact == (first + second <= 25)


def test_corrections_are_those_of_statsmodels() -> None:
    chance = np.random.default_rng(3)
    for size in (1, 2, 7, 30):
        drawn = chance.uniform(0, 0.2, size)
        drawn[: size // 3] = drawn[0]  # ties
        p = drawn.tolist()
        assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
        assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])
    assert np.isnan(holm([0.01, np.nan, 0.04])[1])
    assert holm([0.01, np.nan, 0.04])[::2] == pytest.approx([0.02, 0.04])


def test_a_paired_difference_is_that_of_scipy_where_nothing_is_clustered() -> None:
    one, _, chance = draw(4)
    other = one + chance.normal(0.2, 0.5, len(one))
    found = paired_difference(one, other, list(range(len(one))))
    assert found.p == pytest.approx(stats.ttest_rel(other, one).pvalue, rel=1e-9)


def test_a_correlation_is_scipys_and_its_interval_near_fishers() -> None:
    chance = np.random.default_rng(5)
    x = chance.normal(size=400)
    y = 0.5 * x + chance.normal(size=400)
    found = clustered_correlation(x, y, list(range(400)))
    theirs = stats.pearsonr(x, y)
    low, high = theirs.confidence_interval()
    assert found.value == pytest.approx(theirs.statistic, rel=1e-12)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.02)


def test_of_nothing_or_of_one_cluster_nothing_is_said() -> None:
    for found in (
        clustered_mean(np.array([]), []),
        clustered_share(np.array([], dtype=bool), []),
        clustered_correlation(np.array([]), np.array([]), []),
        clustered_mean(np.array([1.0, 2.0]), [7, 7]),
        clustered_share(np.array([True, False]), [7, 7]),
        clustered_correlation(np.ones(9), np.arange(9.0), list(range(9))),
    ):
        assert np.isnan(found.low) and np.isnan(found.high) and np.isnan(found.p)


def test_of_clusters_that_are_all_alike_no_spread_is_seen() -> None:
    clusters = [0, 0, 1, 1, 2, 2]
    for values in (np.full(6, 0.1), np.zeros(6), np.array([0.1, 0.3] * 3)):
        found = clustered_mean(values, clusters, null=2.0)
        assert found.value == pytest.approx(values.mean()) and found.clusters == 3
        assert np.isnan(found.low) and np.isnan(found.high) and np.isnan(found.p)


def test_the_p_of_a_share_is_of_the_variance_of_chance() -> None:
    every = clustered_share(np.ones(9, bool), list(range(9)), 0.25)
    assert every.p == pytest.approx(2 * stats.t.sf(0.75 / np.sqrt(0.25 * 0.75 / 9), 8), rel=1e-9)
    # One cluster each: near the binomial test, which is exact. Chance that differs is its mean.
    flags = np.arange(400) < 130
    found = clustered_share(flags, list(range(400)), np.where(flags, 0.2, 0.3))
    assert (
        found.p
        == clustered_share(flags, list(range(400)), float(np.where(flags, 0.2, 0.3).mean())).p
    )
    chance = float(np.where(flags, 0.2, 0.3).mean())
    assert found.p == pytest.approx(stats.binomtest(130, 400, chance).pvalue, rel=0.15)


def means(chance: np.random.Generator, groups: int) -> tuple[Interval, float]:
    clusters = np.repeat(np.arange(groups), chance.choice(SIZES, groups))
    values = chance.normal(size=groups)[clusters] + chance.normal(size=len(clusters))
    return clustered_mean(values, clusters.tolist()), 0.0


def shares(chance: np.random.Generator, groups: int) -> tuple[Interval, float]:
    clusters = np.repeat(np.arange(groups), chance.choice(SIZES, groups))
    own = chance.beta(0.7 * 4, 0.3 * 4, groups)[clusters]
    return clustered_share(chance.random(len(clusters)) < own, clusters.tolist()), 0.7


def correlations(chance: np.random.Generator, groups: int) -> tuple[Interval, float]:
    clusters = np.repeat(np.arange(groups), chance.choice([1, 2, 3], groups))
    spread = [[1, 0.4], [0.4, 1]]
    pairs = chance.multivariate_normal([0, 0], spread, groups)[clusters]
    pairs += chance.multivariate_normal([0, 0], spread, len(clusters))
    return clustered_correlation(pairs[:, 0], pairs[:, 1], clusters.tolist()), 0.4


SIMULATED = [means, shares, correlations]


def coverage(simulate: Callable[..., tuple[Interval, float]], groups: int, times: int) -> float:
    chance = np.random.default_rng(groups)
    drawn = (simulate(chance, groups) for _ in range(times))
    return float(np.mean([one.low <= truth <= one.high for one, truth in drawn]))


@pytest.mark.parametrize("simulate", SIMULATED)
def test_intervals_cover_in_simulations_with_unequal_clusters(simulate: Any) -> None:
    # Of 800 draws at 95 %, the share lies within 1.9 points of it in 99 of 100 cases.
    assert 0.93 - 0.019 <= coverage(simulate, 30, 800) <= 0.97 + 0.019


@pytest.mark.statistical
@pytest.mark.parametrize("groups", [15, 30, 60])
@pytest.mark.parametrize("simulate", SIMULATED)
def test_intervals_cover_from_93_to_97_percent(simulate: Any, groups: int) -> None:
    assert 0.93 <= coverage(simulate, groups, 10_000) <= 0.97
