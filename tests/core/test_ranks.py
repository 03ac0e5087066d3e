import numpy as np
import pytest
from scipy import stats

from bathyscope.core.ranks import rank_correlation


@pytest.mark.parametrize("seed", range(5))
def test_it_is_that_of_scipy_ties_included(seed: int) -> None:
    random = np.random.default_rng(seed)
    one = random.normal(size=60).round(1)
    other = (one + random.normal(size=60)).round(0)
    found = rank_correlation(one, other)
    assert found == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-12)
    assert rank_correlation(np.exp(one), other) == pytest.approx(found, abs=1e-12)
    assert rank_correlation(-one, other) == pytest.approx(-(found or 0), abs=1e-12)


def test_one_value_ranks_nothing() -> None:
    assert rank_correlation(np.zeros(3), np.arange(3.0)) is None
