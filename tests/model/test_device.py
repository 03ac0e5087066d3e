"""How much a device takes at once, with the memory of a GPU that is not there."""

import pytest
import torch

from bathyscope.layers.last_layer import ROWS_PER_BLOCK, LastLayerComparison
from bathyscope.model.decoding import TOKENS_PER_PIECE
from bathyscope.model.device import exact_float, fitting
from tests.conftest import tiny

CUDA, CPU, MPS = (torch.device(name) for name in ("cuda", "cpu", "mps"))
GIB = 1 << 30


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Let a GPU have so many bytes free, reserved by torch, and of these in use."""
    memory = {"free": 70 * GIB, "reserved": 6 * GIB, "allocated": 5 * GIB}
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (memory["free"], 80 * GIB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: memory["reserved"])
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: memory["allocated"])
    return memory


def test_a_processor_takes_what_its_caches_want() -> None:
    assert fitting(1, CPU, 240, 8192) == 240 == fitting(1 << 40, CPU, 240, 8192)


def test_a_gpu_takes_much_within_three_quarters_of_a_gib(gpu: dict[str, int]) -> None:
    assert fitting(1 << 10, CUDA, 240, 8192) == 8192
    assert fitting(200_000 * 2, CUDA, 240, 8192) == 3 * GIB // 4 // 400_000 == 2013
    assert fitting(200_000 * 4, CUDA, 240, 8192) == 1006


def test_a_full_gpu_takes_less_and_never_nothing(gpu: dict[str, int]) -> None:
    gpu.update(free=GIB)
    assert fitting(400_000, CUDA, 240, 8192) == GIB // 2 // 400_000, "torch's own spare counts"
    gpu.update(free=0, allocated=6 * GIB)
    assert fitting(400_000, CUDA, 240, 8192) == 240


def test_mps_has_no_float64() -> None:
    assert [exact_float(device) for device in (CPU, CUDA, MPS)] == [
        torch.float64,
        torch.float64,
        torch.float32,
    ]
    assert fitting(400_000, MPS, 240, 8192) == 2013


def test_on_a_processor_nothing_has_changed() -> None:
    model = tiny("llama")
    assert LastLayerComparison(model.anatomy).rows_per_block == ROWS_PER_BLOCK
    assert TOKENS_PER_PIECE == 128
