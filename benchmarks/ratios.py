"""Contestants timed in turns, their peak memory each in a process of its own, ratios as JSON."""

import gc
import multiprocessing
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmarks import report

Work = Callable[[], object]


@dataclass(frozen=True)
class Times:
    """Seconds that a contestant took, one number for each turn.

    Attributes:
        wall: By the clock on the wall, which other work on the machine disturbs.
        cpu: By this process's use of all processors, which it hardly does.
    """

    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    def scaled(self, factor: float) -> "Times":
        """Return the same times multiplied by a number."""
        return Times(tuple(t * factor for t in self.wall), tuple(t * factor for t in self.cpu))


@dataclass(frozen=True)
class Ratio:
    """One line of the result: what ours costs in units of what it is compared with.

    Attributes:
        name: Which two are compared.
        goal: The most that the ratio should be; None where none is set.
        median: Median of ours over median of theirs, wall time (or bytes).
        best: Least of ours over least of theirs.
        cpu: The same medians in processor time; None for memory.
        ours: Median of ours, in `unit`.
        theirs: Median of theirs.
        unit: Seconds or MB.
    """

    name: str
    goal: float | None
    median: float
    best: float
    cpu: float | None
    ours: float
    theirs: float
    unit: str

    @property
    def verdict(self) -> str:
        """Whether the goal is met, in a word."""
        if self.goal is None:
            return "no goal"
        return "met" if self.median <= self.goal else "MISSED"


def in_turns(
    contestants: dict[str, Work], repetitions: int
) -> tuple[dict[str, Times], dict[str, Any]]:
    """Time every contestant once in each round, so that a slow minute is slow for all.

    Returns:
        The times, and what each contestant returned in the last round: what was timed is what
        is then compared.
    """
    wall: dict[str, list[float]] = {name: [] for name in contestants}
    cpu: dict[str, list[float]] = {name: [] for name in contestants}
    results: dict[str, Any] = {}
    for _ in range(repetitions):
        for name, work in contestants.items():
            gc.collect()
            began, began_cpu = time.perf_counter(), time.process_time()
            results[name] = work()
            cpu[name].append(time.process_time() - began_cpu)
            wall[name].append(time.perf_counter() - began)
    times = {name: Times(tuple(wall[name]), tuple(cpu[name])) for name in contestants}
    return times, results


def time_ratio(name: str, ours: Times, theirs: Times, goal: float | None = None) -> Ratio:
    """Compare two contestants of the same rounds."""
    own, other = statistics.median(ours.wall), statistics.median(theirs.wall)
    return Ratio(
        name=name,
        goal=goal,
        median=own / other,
        best=min(ours.wall) / min(theirs.wall),
        cpu=statistics.median(ours.cpu) / statistics.median(theirs.cpu),
        ours=own,
        theirs=other,
        unit="s",
    )


def memory_ratio(name: str, ours: float, theirs: float, goal: float | None = None) -> Ratio:
    """Compare two peaks in MB."""
    return Ratio(name, goal, ours / theirs, ours / theirs, None, ours, theirs, "MB")


def peak_memory(module: str, contestant: str, threads: int) -> float | None:
    """Return by how many MB a contestant raises the peak of a fresh process, its model loaded.

    Args:
        module: Name of a module with `contestants()`, which returns them by name.
        contestant: Which one.
        threads: Threads that torch uses.

    Returns:
        MB (10^6 bytes) above the process with the model and after a first, tiny use of it; None
        where the system does not tell (only Linux does).
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        peak: float | None = pool.apply(_peak_here, (module, contestant, threads))
        return peak


def _peak_here(module: str, contestant: str, threads: int) -> float | None:
    import importlib

    torch.set_num_threads(threads)
    work = importlib.import_module(module).contestants()[contestant]
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
    before = resident(os.getpid())
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
        peak = max(peak, resident(process))
    pipe.recv()
    pipe.send(peak)


def resident(process: int) -> float:
    """Return the resident bytes of a process (Linux)."""
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return float(pages) * os.sysconf("SC_PAGE_SIZE")


def _status(field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise LookupError(field)
    return float(found[1]) * 1024


def machine(packages: Iterable[str]) -> dict[str, Any]:
    """Return what a reader needs to judge the numbers: processor, threads, versions."""
    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
    }


def write(path: Path, facts: dict[str, Any], ratios: list[Ratio]) -> None:
    """Write facts and ratios as JSON."""
    lines = [asdict(ratio) | {"verdict": ratio.verdict} for ratio in ratios]
    report.write(path, facts | {"ratios": lines})


def line(ratio: Ratio) -> str:
    """Return a ratio as a line of text."""
    goal = "" if ratio.goal is None else f" (goal {ratio.goal:.4g})"
    cpu = "" if ratio.cpu is None else f", by CPU time {ratio.cpu:.3f}"
    return (
        f"{ratio.verdict:>7}  {ratio.median:.3f}{goal}  {ratio.name}: "
        f"{ratio.ours:.3g} {ratio.unit} against {ratio.theirs:.3g} {ratio.unit}; "
        f"of the best {ratio.best:.3f}{cpu}"
    )
