"""What only Triton's way has: rows of half precision, and one launch whatever their number."""

import numpy as np
import pytest
import torch

from bathyscope.layers.kernels import fastest
from bathyscope.layers.kernels.torch_rows import TorchRows
from tests.layers.kernels.on_triton import CUDA, triton
from tests.layers.kernels.test_rows import CPU, compared


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("width", [70, 4096, 9001])
def test_half_precision_is_read_as_it_is(dtype: torch.dtype, width: int) -> None:
    """Logits that are rounded already lose nothing more: the same numbers as from float32."""
    torch.manual_seed(width)
    p, q = (torch.randn(n, width) * 1.5 for n in (4, 2))
    p[0, ::3] = p[1, 0] = q[1, -1] = -torch.inf
    p, q, token = p.to(dtype), q.to(dtype), torch.tensor([1, 0, 0, 1])
    found = compared(triton(), p, token, q)
    assert np.ptp(found) > 0.05
    np.testing.assert_allclose(found, compared(TorchRows(CPU), p, token, q), atol=4e-6)


def test_whatever_the_number_of_rows_there_is_one_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    from bathyscope.layers.kernels import triton_rows

    grids: list[tuple[int, ...]] = []

    class Counted:
        def __init__(self, kernel: object) -> None:
            self.kernel = kernel

        def __getitem__(self, grid: tuple[int, ...]) -> object:
            grids.append(grid)
            return self.kernel[grid]  # type: ignore[index]

    rows = triton()
    for name in ("_predictions", "_divergences"):
        monkeypatch.setattr(triton_rows, name, Counted(getattr(triton_rows, name)))
    compared(rows, torch.randn(90, 33), torch.arange(90) % 7, torch.randn(7, 33))
    assert grids == [(7,), (90,)]
    compared(rows, torch.randn(0, 33), torch.arange(0), torch.randn(7, 33))
    assert grids == [(7,), (90,), (7,)], "of no rows nothing is launched"


def test_kernels_run_where_their_rows_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    """Triton launches on the current device: rows of a second card would be read from the first."""
    made: list[torch.Tensor] = []
    of = torch.cuda.device_of

    def seen(tensor: torch.Tensor) -> object:
        made.append(tensor)
        return of(tensor)

    monkeypatch.setattr(torch.cuda, "device_of", seen)
    compared(triton(), torch.randn(2, 33), torch.tensor([0, 0]), torch.randn(1, 33))
    assert [len(rows) for rows in made] == [1, 2]


def test_kernels_that_fail_or_err_are_left_for_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    device = torch.device("cuda" if CUDA else "cpu")
    triton()
    from bathyscope.layers.kernels import triton_rows

    search = fastest.triton_rows.__wrapped__
    assert isinstance(search(device, 2), triton_rows.TritonRows)
    real = triton_rows.TritonRows.divergences

    def off(self: object, *given: torch.Tensor) -> None:
        real(self, *given)  # type: ignore[arg-type]
        given[-1].mul_(1.0001)

    def fails(self: object, *given: torch.Tensor) -> None:
        raise RuntimeError("PTX was compiled with an unsupported toolchain")

    for broken in (off, fails):
        monkeypatch.setattr(triton_rows.TritonRows, "divergences", broken)
        assert search(device, 2) is None


@pytest.mark.skipif(not CUDA, reason="needs a CUDA device")
def test_a_cuda_device_has_triton() -> None:
    triton()
    from bathyscope.layers.kernels.triton_rows import TritonRows

    assert isinstance(fastest.fastest_rows(torch.bfloat16, torch.device("cuda")), TritonRows)
