import math

import numpy as np
import pytest
from scipy.stats import t

from bathyscope.core.errors import InputError
from bathyscope.core.intervals import student_quantile
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.moments import MeanOfSamples
from bathyscope.games.replicates import SHARES, jackknife_error


def test_the_quantile_is_students() -> None:
    for freedom in (1, 2, 3, 4, 5, 9, 19, 30, 100, 10_000):
        assert student_quantile(freedom) == pytest.approx(t.ppf(0.975, freedom), rel=2e-3)


def test_the_margin_is_the_error_times_the_quantile() -> None:
    estimate = Estimate(np.zeros((1, 2)), np.array([[1.0, 2.0]]), degrees_of_freedom=9)
    assert estimate.margin is not None
    np.testing.assert_allclose(estimate.margin, np.array([[2.262157, 4.524314]]), rtol=1e-4)


def test_a_budget_covers_all_coalitions_from_two_to_the_features_on() -> None:
    assert Budget(8).covers(3) and not Budget(7).covers(3) and not Budget(8).covers(4)
    assert not Budget(10**9).covers(10**6)


@pytest.mark.parametrize(
    "wrong", [{"evaluations": 0}, {"tolerance": 0.0}, {"tolerance": math.nan}, {"seed": -1}]
)
def test_what_cannot_be_spent_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="not"):
        Budget(**wrong)  # type: ignore[arg-type]


def test_the_mean_does_not_depend_on_how_samples_arrive() -> None:
    samples = np.random.default_rng(0).normal(loc=-40, size=(23, 2, 3))
    at_once, bit_by_bit = MeanOfSamples(), MeanOfSamples()
    at_once.add(samples)
    for batch in np.split(samples, [1, 2, 7, 7, 12]):
        bit_by_bit.add(batch)
    for found in (at_once.estimate(np.ones(1)), bit_by_bit.estimate(np.ones(1))):
        np.testing.assert_allclose(found.values, samples.mean(axis=0), rtol=1e-13)
        expected = samples.std(axis=0, ddof=1) / math.sqrt(23)
        assert found.standard_error is not None
        np.testing.assert_allclose(found.standard_error, expected, rtol=1e-12)
        assert found.degrees_of_freedom == 22 and found.halves is not None
        np.testing.assert_allclose(found.halves[0], samples[::2].mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(found.halves[1], samples[1::2].mean(axis=0), rtol=1e-13)
        assert found.replicates is not None and len(found.replicates) == SHARES
        kept = np.arange(23) % SHARES != 2
        np.testing.assert_allclose(found.replicates[2], samples[kept].mean(axis=0), rtol=1e-13)


def test_the_jackknife_of_single_samples_is_the_error_of_their_mean() -> None:
    samples = np.random.default_rng(1).normal(size=(11, 2, 3))
    mean = MeanOfSamples()
    mean.add(samples)
    found = mean.estimate(np.ones(1))
    assert found.replicates is not None and found.standard_error is not None
    np.testing.assert_allclose(jackknife_error(found.replicates), found.standard_error)
