import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bathyscope.core.errors import InputError
from bathyscope.core.settling import deep_layer, deep_thinking_ratio, settling_depths


def test_depths_of_a_small_map() -> None:
    values = np.array([[0.9, 0.5, 0.9, 0.51], [0.4, 0.9, 0.9, 0.51], [0.9, 0.1, 0.9, 0.51]])
    assert settling_depths(values, 0.5).tolist() == [2, 1, 4, 4]
    assert deep_thinking_ratio(np.array([2, 1, 4, 4]), num_layers=4) == 0.5


@given(st.integers(1, 8), st.integers(1, 9), st.integers(0, 10**6), st.floats(0, 1))
def test_depths_follow_the_running_minimum(layers: int, tokens: int, seed: int, g: float) -> None:
    values = np.random.default_rng(seed).random((layers, tokens))
    for token, depth in enumerate(settling_depths(values, g)):
        running = np.minimum.accumulate(values[:, token])
        expected = next((i + 1 for i in range(layers) if running[i] <= g), layers + 1)
        assert depth == expected


@pytest.mark.parametrize(
    ("num_layers", "fraction", "expected"),
    [
        (30, 0.85, 26),
        (36, 0.85, 31),
        (20, 0.35, 7),
        (10, 1.0, 10),
        (10, 0.01, 1),
        (20, 0.05, 1),
        (25, 0.28, 7),
        (100, 0.07, 7),
        (100, 0.55, 55),
    ],
)
def test_the_deep_layer_is_rounded_up(num_layers: int, fraction: float, expected: int) -> None:
    assert deep_layer(num_layers, fraction) == expected


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_outside_of_the_bounds_is_refused(threshold: float) -> None:
    with pytest.raises(InputError, match="threshold"):
        settling_depths(np.zeros((2, 2)), threshold)


@pytest.mark.parametrize("fraction", [0, -1, 1.01, float("nan")])
def test_a_depth_fraction_outside_of_the_bounds_is_refused(fraction: float) -> None:
    with pytest.raises(InputError, match="depth fraction"):
        deep_layer(30, fraction)


def test_products_that_binary_rounds_up_are_among_the_examples() -> None:
    """Without the guard ⌈0.28 · 25⌉ would be 8: the examples must be such that it is needed."""
    for num_layers, fraction, expected in [(25, 0.28, 7), (100, 0.07, 7), (100, 0.55, 55)]:
        assert fraction * num_layers > expected
