"""What ours costs in units of what it is compared with: as lines of text, and as JSON."""

import os
import platform
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmarks import report
from benchmarks.turns import Times


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


def hand_over(facts: dict[str, Any], ratios: list[Ratio], path: Path | None) -> None:
    """Print the machine and the ratios; write them and all facts as JSON where a path is given."""
    print(facts["machine"])
    print("\n".join(map(line, ratios)))
    if path is not None:
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
