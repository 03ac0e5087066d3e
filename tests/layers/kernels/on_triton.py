"""Triton's kernels where tests run: on a CUDA device, or under Triton's own interpreter."""

import pytest
import torch
from torch import Tensor

from bathyscope.layers.kernels.torch_rows import Rows

CUDA = torch.cuda.is_available()


def triton() -> Rows:
    """Return the kernels, for tensors of the CPU."""
    # Before 3.4 the interpreter, not the compiler, does what NumPy from 1.25 on warns of.
    least = None if CUDA else "3.4"
    pytest.importorskip("triton", least, reason="Triton 3.4 is needed, which Linux alone has")
    from bathyscope.layers.kernels.triton_rows import TritonRows

    return _Moved(TritonRows()) if CUDA else TritonRows()


def one_pass() -> Rows:
    """Return the kernels that read most rows once, for tensors of the CPU."""
    triton()
    from bathyscope.layers.kernels.triton_one_pass import OnePassRows

    return _Moved(OnePassRows()) if CUDA else OnePassRows()


class _Moved:
    """Kernels of a CUDA device, given tensors of the CPU."""

    def __init__(self, rows: Rows) -> None:
        self.rows, self.at_once = rows, rows.at_once

    def predictions(self, *given: Tensor) -> None:
        there = [tensor.cuda() for tensor in given]
        self.rows.predictions(*there)
        for mine, its in zip(given, there, strict=True):
            mine.copy_(its)

    def divergences(self, *given: Tensor) -> None:
        there = [tensor.cuda() for tensor in given]
        self.rows.divergences(*there)
        given[-1].copy_(there[-1])
