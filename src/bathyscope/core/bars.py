"""Bars for work that lasts: in a notebook by tqdm, in a terminal by rich, elsewhere none."""

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock
from typing import Any, Protocol

AFTER = 2.0
"""So many seconds after a stage has begun it has a bar."""

_LONG = 3600.0  # seconds; items may take longer than the half minute that rich looks back


class Bar(Protocol):
    """One bar on display."""

    def reach(self, done: int) -> None:
        """Move to so many units."""

    def close(self) -> None:
        """Take it away."""


@dataclass
class _Stage:
    """A stage that has begun: when, how far it was last, and its bar once it has one."""

    begun: float
    done: int
    bar: Bar | None = None


class Bars:
    """Listener that gives each stage of work a bar once it has lasted for `AFTER` seconds."""

    def __init__(
        self,
        display: "Callable[[], Callable[[str, int], Bar] | None] | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with no stage.

        Args:
            display: Returns what makes a bar of a stage and its total; None where nobody looks.
            clock: Seconds, from any beginning.
        """
        self._display = display or displayed
        self._clock = clock
        self._stages: dict[str, _Stage] = {}
        self._lock = RLock()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note of how far a stage has come; one of unknown length has no bar."""
        make = None if total is None else self._display()
        if total is None or make is None:
            return
        with self._lock:
            now = self._clock()
            known = self._stages.get(stage)
            if known is None or done < known.done:
                self._end(stage)
                known = self._stages[stage] = _Stage(now, done)
            known.done = done
            if done >= total:
                self._end(stage)
            elif known.bar is not None:
                known.bar.reach(done)
            elif now - known.begun >= AFTER:
                known.bar = make(stage, total)
                known.bar.reach(done)

    def close(self) -> None:
        """Take all bars away: what they are of has ended, however."""
        with self._lock:
            for stage in [*self._stages]:
                self._end(stage)

    def _end(self, stage: str) -> None:
        known = self._stages.pop(stage, None)
        if known is not None and known.bar is not None:
            known.bar.close()


def displayed() -> Callable[[str, int], Bar] | None:
    """Return what makes bars where somebody looks: in a notebook, or in a terminal."""
    shell = sys.modules.get("IPython")
    running = None if shell is None else shell.get_ipython()
    if running is not None and hasattr(running, "kernel"):
        return _notebook_bar
    return _RichBar if sys.stderr is not None and sys.stderr.isatty() else None


def _notebook_bar(stage: str, total: int) -> Bar:
    try:
        return _TqdmBar(stage, total)
    except ImportError:
        return _RichBar(stage, total)


class _TqdmBar:
    def __init__(self, stage: str, total: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where widgets are missing, text will do
            from tqdm.auto import tqdm

            self._bar: Any = tqdm(total=total, desc=stage, leave=False, dynamic_ncols=True)

    def reach(self, done: int) -> None:
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class _RichBar:
    def __init__(self, stage: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            speed_estimate_period=_LONG,
        )
        self._task = self._bars.add_task(stage, total=total)
        self._bars.start()

    def reach(self, done: int) -> None:
        self._bars.update(self._task, completed=done)

    def close(self) -> None:
        self._bars.stop()


BARS = Bars()
"""Those of this process."""
