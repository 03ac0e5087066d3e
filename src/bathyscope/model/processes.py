"""Processes that hold one model together, under torchrun: all compute along, the first writes."""

import atexit
import os

import torch
from torch import distributed

from bathyscope.core.errors import InputError
from bathyscope.core.files.writing import keep_nothing

_joined: list[int] = []


def join() -> int:
    """Meet the other processes and return how many there are; all but the first write no files.

    Raises:
        InputError: This process was not started by torchrun, or is alone.
    """
    if not _joined:
        try:
            rank, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        except (KeyError, ValueError):
            rank, count = 0, 1
        if count < 2 or not distributed.is_available():
            raise InputError(
                "A model is divided among processes that torchrun starts, several of them: "
                "torchrun --nproc-per-node 2 -m bathyscope …, or take --device-map auto."
            )
        if not distributed.is_initialized():
            if torch.cuda.is_available():
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", rank)))
            distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
            atexit.register(distributed.destroy_process_group)
        if rank:
            keep_nothing()
        _joined.append(count)
    return _joined[0]


def least(number: int, device: torch.device) -> int:
    """Return the least of what the processes found: passes must be the same in all of them."""
    if not _joined:
        return number
    found = torch.tensor(number, dtype=torch.int64, device=device)
    distributed.all_reduce(found, op=distributed.ReduceOp.MIN)
    return int(found)
