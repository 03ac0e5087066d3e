import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from bathyscope.layers.divergence import jensen_shannon


def distributions(seed: int, temperature: float, size: int = 4000) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, size, generator=generator, dtype=torch.float64) * temperature
    return logits.softmax(-1)


@given(st.integers(0, 10**6), st.floats(0.01, 30))
def test_agrees_with_scipy_on_unequal_distributions(seed: int, temperature: float) -> None:
    p, q = distributions(seed, temperature)
    expected = jensenshannon(p.numpy(), q.numpy(), base=2) ** 2
    assert float(jensen_shannon(p, q)) == pytest.approx(expected, abs=1e-12)
    single = float(jensen_shannon(p.float(), q.float()))
    assert single == pytest.approx(expected, abs=2e-6)


@given(st.integers(0, 10**6), st.floats(0.01, 200))
def test_bounds_symmetry_and_zero(seed: int, temperature: float) -> None:
    p, q = distributions(seed, temperature).float()
    value = float(jensen_shannon(p, q))
    assert 0 <= value <= 1
    assert value == pytest.approx(float(jensen_shannon(q, p)), abs=2e-6)
    assert float(jensen_shannon(p, p)) == 0.0
    assert float(jensen_shannon(q, q)) == 0.0


def test_disjoint_distributions_are_one_bit_apart() -> None:
    p = torch.tensor([0.25, 0.75, 0.0, 0.0])
    q = torch.tensor([0.0, 0.0, 0.5, 0.5])
    assert float(jensen_shannon(p, q)) == 1.0


def test_a_known_value() -> None:
    p, q = torch.tensor([1.0, 0.0]).double(), torch.tensor([0.5, 0.5]).double()
    of_p = np.log2(1 / 0.75)
    of_q = 0.5 * np.log2(0.5 / 0.75) + 0.5 * np.log2(0.5 / 0.25)
    assert float(jensen_shannon(p, q)) == pytest.approx((of_p + of_q) / 2, abs=1e-15)


def test_broadcasts_over_layers() -> None:
    p, q = distributions(1, 2.0), distributions(2, 2.0)
    stacked = jensen_shannon(torch.stack([p, q, p]), q)
    assert stacked.shape == (3, 2)
    assert stacked[1].tolist() == [0.0, 0.0]
