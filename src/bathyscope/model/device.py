"""Limits of a device: how much it takes at once, and how exact its numbers can be."""

import torch

from bathyscope.model.processes import least

_BYTES_AT_ONCE = 768 << 20
_BYTES_ON_MPS = 2 << 30  # which does not say what is free
_SHARE_OF_FREE = 4  # of what is free, at most a fourth is taken by one of our buffers


def exact_float(device: torch.device) -> torch.dtype:
    """Return the type in which sums are kept: float64, but float32 on MPS, which has no other."""
    return torch.float32 if device.type == "mps" else torch.float64


def free_bytes(device: torch.device) -> int:
    """Return the bytes that may still be allocated on a CUDA device, its allocator's included."""
    free, _ = torch.cuda.mem_get_info(device)
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(free + unused)


def bytes_allowed(device: torch.device) -> int | None:
    """Return the bytes that one work on a device may take; None on a processor.

    There it is the caches of the processor that say how much is good, long before its memory does.
    """
    if device.type == "cpu":
        return None
    free = free_bytes(device) // _SHARE_OF_FREE if device.type == "cuda" else _BYTES_ON_MPS
    return least(free, device)


def fitting(bytes_each: int, device: torch.device, on_processor: int, most: int) -> int:
    """Return how many rows, tokens or the like are worked on at once.

    A processor's caches want few; an accelerator reads all weights for each product, so that it
    wants as many as memory allows.

    Args:
        bytes_each: What one of them takes.
        device: Where.
        on_processor: How many on a processor, and at least everywhere.
        most: How many more would bring nothing.
    """
    allowed = bytes_allowed(device)
    if allowed is None:
        return on_processor
    return max(on_processor, min(most, min(_BYTES_AT_ONCE, allowed) // bytes_each))
