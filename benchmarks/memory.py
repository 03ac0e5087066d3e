"""The peak of memory of one contestant, in a fresh process."""

import gc
import multiprocessing
import re
import threading
from pathlib import Path

import torch

from benchmarks.turns import Prepare


def peak_memory(prepare: Prepare, name: str) -> float:
    """Return by how many MB (10^6 bytes) a contestant raises the memory of a fresh process's own.

    Weights that are mapped from a file do not count, wherever in memory they are: the system takes
    their pages back when it wants, and reads them again.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        peak: float = pool.apply(_peak_here, (prepare, name, torch.get_num_threads()))
        return peak


def _peak_here(prepare: Prepare, name: str, threads: int) -> float:
    torch.set_num_threads(threads)
    work = prepare(name)
    gc.collect()
    watch = Watch()
    work()
    return watch.stop()


def _status(field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise LookupError(field)
    return float(found[1]) * 1024


class Watch:
    """Watches how much memory of its own a process takes, in a thread."""

    def __init__(self) -> None:
        """Begin."""
        self.begin = self.peak = _own_bytes()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.005):
            self.peak = max(self.peak, _own_bytes())

    def stop(self) -> float:
        """Return the peak in MB above the beginning."""
        self._over.set()
        self._thread.join()
        return (self.peak - self.begin) / 1e6


def _own_bytes() -> int:
    return int(_status("RssAnon"))
