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
# Elsewhere than on a processor's cores, rows are worked on together: launches cost more than rows.
_ROWS_ON_DEVICE = 64


class Workers:
    """As many threads as torch uses, each with one core; on other devices the calling thread."""

    def __init__(self, device: torch.device) -> None:
        """Start them."""
        self.rows_at_once = 1 if device.type == "cpu" else _ROWS_ON_DEVICE
        self.count = torch.get_num_threads() if device.type == "cpu" else 1
        self._pool = _started(self.count) if self.count > 1 else None

    def each(self, rows: int, work: Callable[[slice], None]) -> None:
        """Call `work` for slices that together cover `rows` rows, each row once."""
        if self._pool is None:
            self._run(work, 0, rows)
            return
        size = max(1, -(-rows // (_PORTIONS * self.count)))
        portions = [
            self._pool.submit(self._run, work, start, min(start + size, rows))
            for start in range(0, rows, size)
        ]
        for portion in portions:
            portion.result()

    def _run(self, work: Callable[[slice], None], start: int, stop: int) -> None:
        with torch.inference_mode():  # which belongs to a thread, like the number of cores
            for first in range(start, stop, self.rows_at_once):
                work(slice(first, min(first + self.rows_at_once, stop)))


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
