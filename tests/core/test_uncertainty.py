import numpy as np
import pytest
from scipy import stats

from bathyscope.core.uncertainty import Estimated, difference_error


@pytest.mark.parametrize(("m", "n"), [(6, 6), (5, 40), (200, 9)])
def test_intervals_are_those_of_welch(m: int, n: int) -> None:
    random = np.random.default_rng(m + n)
    one, other = random.normal(size=(4, 3, m)), random.normal(2, 3, size=(4, 3, n))
    a, b = (
        Estimated(x.std(axis=-1, ddof=1) / np.sqrt(x.shape[-1]), x.shape[-1] - 1)
        for x in (one, other)
    )
    found = difference_error(a, b)
    assert found is not None
    expected = stats.ttest_ind(other, one, axis=-1, equal_var=False)
    np.testing.assert_allclose(
        found[0], (other.mean(-1) - one.mean(-1)) / expected.statistic, rtol=1e-12
    )
    whole = stats.t.ppf(0.975, np.floor(expected.df)) * found[0]
    np.testing.assert_allclose(found[1], whole, rtol=2e-3)
    interval = expected.confidence_interval(0.95)
    assert (found[1] >= (interval.high - interval.low) / 2 * 0.998).all()


def test_against_an_exact_map_the_error_is_that_of_the_sampled_one() -> None:
    error = np.array([[0.1, 0.0]])
    found = difference_error(Estimated(np.zeros((1, 2)), None), Estimated(error, 7))
    assert found is not None
    np.testing.assert_array_equal(found[0], error)
    np.testing.assert_allclose(found[1], error * stats.t.ppf(0.975, 7), rtol=2e-3)


def test_two_exact_maps_have_no_error() -> None:
    exact = Estimated(np.zeros((2, 2)), None)
    assert difference_error(exact, exact) is None


def test_intervals_hold_the_difference_in_95_of_100_cases() -> None:
    random = np.random.default_rng(0)
    one, other = random.normal(0, 1, size=(4000, 8)), random.normal(0.5, 2, size=(4000, 12))
    a, b = (
        Estimated(x.std(axis=-1, ddof=1) / np.sqrt(x.shape[-1]), x.shape[-1] - 1)
        for x in (one, other)
    )
    found = difference_error(a, b)
    assert found is not None
    inside = np.abs(other.mean(-1) - one.mean(-1) - 0.5) <= found[1]
    assert 0.94 <= inside.mean() <= 0.965
