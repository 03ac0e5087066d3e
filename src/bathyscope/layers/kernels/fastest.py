"""The choice among the ways through rows of logits: the fastest that gives the numbers of torch."""

from functools import cache

import torch

from bathyscope.layers.kernels.compiled_rows import compiled_rows
from bathyscope.layers.kernels.torch_rows import Rows, TorchRows, agree

READS = 2
"""How often Triton's kernels read a row of logits on a GPU.

Two, until `benchmarks/accelerator.sh` has found on a card that the kernels which read most rows
once are faster there (part `reads`): then 1.
"""


def fastest_rows(dtype: torch.dtype, device: torch.device) -> Rows:
    """Return the fastest way there is for logits of a type, on a device."""
    found: Rows | None = None
    if torch.promote_types(dtype, torch.float32) == torch.float32:
        if device.type == "cpu":
            found = compiled_rows()
        elif device.type == "cuda":
            found = triton_rows(device, READS)
    return found or TorchRows(device)


@cache
def triton_rows(device: torch.device, reads: int) -> Rows | None:
    """Return the way by Triton; None where it is not there, or gives other numbers on the device.

    It comes with PyTorch's own builds for GPUs. What it compiles for a device that it does not
    support fails in ways of its own, none of which may end a map that torch can make.
    """
    try:
        from bathyscope.layers.kernels.triton_one_pass import OnePassRows
        from bathyscope.layers.kernels.triton_rows import TritonRows

        ours = OnePassRows() if reads == 1 else TritonRows()
        return ours if agree(ours, TorchRows(device), device) else None
    except Exception:
        return None
