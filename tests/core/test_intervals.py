"""Wilson's interval against SciPy's, and at its ends."""

import pytest
from scipy.stats import binomtest, norm

from bathyscope.core.intervals import score_interval


@pytest.mark.parametrize(("hits", "count"), [(0, 7), (1, 9), (5, 12), (40, 41), (3, 3), (180, 400)])
def test_whole_numbers_agree_with_scipy(hits: int, count: int) -> None:
    expected = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    found = score_interval(hits / count, count, float(norm.ppf(0.975)))
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= found[0] <= hits / count <= found[1] <= 1
