"""Shares passed on through steps."""

import numpy as np

from bathyscope.core.hops import total_of


def test_by_hand() -> None:
    """Two parts, two steps, the answer: ¾ of the answer is on step 2, which has it from step 1."""
    values = np.array([[1.0, 3.0, 0.0, 0.0], [0.0, 2.0, 2.0, 0.0], [1.0, -5.0, 0.0, 3.0]])
    found = total_of(values, 2)
    np.testing.assert_allclose(found.direct, [0.25, 0, 0, 0.75])
    # step 2 gives ½ to part 2 and ½ to step 1, which gives ¼ to part 1 and ¾ to part 2
    through = [0.25 + 0.375 * 0.25, 0.375 + 0.375 * 0.75, 0, 0]
    np.testing.assert_allclose(found.through, through)
    assert found.hops == 2


def test_shares_sum_to_one_and_end_where_nothing_supports() -> None:
    rng = np.random.default_rng(1)
    for parts in (0, 1, 3):
        steps = 5
        values = rng.normal(size=(steps + 1, parts + steps))
        values[np.arange(parts + steps) >= parts + np.arange(steps + 1)[:, None]] = 0
        values[2, : parts + 2] = -1.0  # nothing supports step 2: what comes to it stays
        found = total_of(values, parts)
        assert abs(found.direct.sum() - 1) < 1e-12 and abs(found.through.sum() - 1) < 1e-12
        ending = np.flatnonzero(found.through[parts:])
        assert all(np.maximum(values[step], 0).sum() == 0 for step in ending)


def test_as_a_sum_over_paths() -> None:
    """The same by the matrix of all paths: (I − W)⁻¹."""
    rng = np.random.default_rng(2)
    parts, steps = 2, 4
    values = rng.exponential(size=(steps + 1, parts + steps))
    values[np.arange(parts + steps) >= parts + np.arange(steps + 1)[:, None]] = 0
    shares = values / values.sum(axis=1, keepdims=True)
    paths = np.linalg.inv(np.eye(steps) - shares[:-1, parts:])
    expected = shares[-1, :parts] + shares[-1, parts:] @ paths @ shares[:-1, :parts]
    np.testing.assert_allclose(total_of(values, parts).through[:parts], expected)


def test_an_answer_that_nothing_supports_has_no_shares() -> None:
    found = total_of(np.array([[1.0, 0.0], [-1.0, -2.0]]), 1)
    assert not found.direct.any() and not found.through.any() and found.hops == 0
