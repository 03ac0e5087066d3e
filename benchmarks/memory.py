"""The peak of memory of one contestant, in a fresh process."""

import gc
import multiprocessing
import os
import re
import threading
from pathlib import Path
from typing import Any

import torch

from benchmarks.turns import Prepare, Work


def peak_memory(prepare: Prepare, name: str) -> float | None:
    """Return by how many MB a contestant raises the peak of a fresh process, its model loaded.

    Returns:
        MB (10^6 bytes) above the process as `prepare` leaves it; None where the system does not
        tell (only Linux does).
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        peak: float | None = pool.apply(_peak_here, (prepare, name, torch.get_num_threads()))
        return peak


def own_peak(prepare: Prepare, name: str) -> float:
    """Return by how many MB a contestant raises the memory of a fresh process's own.

    Weights that are mapped from a file do not count, wherever in memory they are: the system takes
    their pages back when it wants, and reads them again.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        peak: float = pool.apply(_own_peak_here, (prepare, name, torch.get_num_threads()))
        return peak


def _own_peak_here(prepare: Prepare, name: str, threads: int) -> float:
    torch.set_num_threads(threads)
    work = prepare(name)
    gc.collect()
    watch = Watch()
    work()
    return watch.stop()


def _peak_here(prepare: Prepare, name: str, threads: int) -> float | None:
    torch.set_num_threads(threads)
    work = prepare(name)
    gc.collect()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
        before = _status("VmRSS")
        work()
        return (_status("VmHWM") - before) / 1e6
    except (OSError, LookupError):
        return _sampled_peak(work)


def _sampled_peak(work: Work) -> float | None:
    """Watch the memory from a second process: some kernels cannot forget an earlier peak."""
    if not Path("/proc/self/statm").exists():
        return None
    before = _resident(os.getpid())
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # A pool's worker may have no child processes of its own unless told that it is no daemon.
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    watcher = context.Process(target=_watch, args=(theirs, os.getpid()))
    watcher.start()
    ours.recv()
    work()
    ours.send("done")
    peak: float = ours.recv()
    watcher.join()
    return max(0.0, peak - before) / 1e6


def _watch(pipe: Any, process: int) -> None:
    pipe.send("ready")
    peak = 0.0
    while not pipe.poll(0.002):
        peak = max(peak, _resident(process))
    pipe.recv()
    pipe.send(peak)


def _resident(process: int) -> float:
    """Return the resident bytes of a process (Linux)."""
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return float(pages) * os.sysconf("SC_PAGE_SIZE")


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
