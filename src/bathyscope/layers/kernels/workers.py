"""Elementwise work over long rows, one core to each row.

Torch spreads every operation over all cores and waits for the slowest of them each time. A row of
the vocabulary's width fits a core's own cache, so here each core takes rows of its own and runs
all operations on them: no waiting, no trips to memory. On a machine that is doing something else
too, the difference was between a sixth of the matrix product's time and four times it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import torch

# Each core gets its rows in so many portions, so that none waits long for another at the end.
_PORTIONS = 4


class Workers:
    """As many threads as torch uses, each with one core; on other devices the calling thread."""

    def __init__(self, device: torch.device) -> None:
        """Start them."""
        self.count = torch.get_num_threads() if device.type == "cpu" else 1
        self._pool = _started(self.count) if self.count > 1 else None

    def each(self, rows: int, work: Callable[[slice], None], at_once: int = 1) -> None:
        """Call `work` for slices of up to `at_once` rows that together cover each row once."""
        if self._pool is None:
            _run(work, 0, rows, at_once)
            return
        size = max(1, -(-rows // (_PORTIONS * self.count)))
        portions = [
            self._pool.submit(_run, work, start, min(start + size, rows), at_once)
            for start in range(0, rows, size)
        ]
        for portion in portions:
            portion.result()


def _run(work: Callable[[slice], None], start: int, stop: int, at_once: int) -> None:
    with torch.inference_mode():  # which belongs to a thread, like the number of cores
        for first in range(start, stop, at_once):
            work(slice(first, min(first + at_once, stop)))


def _started(count: int) -> ThreadPoolExecutor:
    """Return a pool whose threads have all told torch that they use one core."""
    together = Barrier(count)
    pool = ThreadPoolExecutor(
        count, thread_name_prefix="bathyscope", initializer=torch.set_num_threads, initargs=(1,)
    )
    for started in [pool.submit(together.wait) for _ in range(count)]:
        started.result()
    # The setting counts for the thread that makes it, but later threads begin with the newest.
    torch.set_num_threads(count)
    return pool
