"""Standard error: complaints, warnings and progress."""

import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import TaskID

    from bathyscope.core.progress import Progress

_LONG = 3600.0  # seconds; items may take longer than the half minute that rich looks back


def complain(sentence: str) -> None:
    """Print one sentence to standard error."""
    print(f"bathyscope: {sentence}", file=sys.stderr)


def tell(notes: Iterable[str]) -> None:
    """Print what is worth knowing of a result to standard error, a line each, nothing hidden."""
    from bathyscope.render.lettering import on_one_line

    for text in dict.fromkeys(notes):
        complain(f"note: {on_one_line(text)}")


def note(sentence: str) -> None:
    """Print where results lie, on standard error so that standard output holds only results."""
    print(sentence, file=sys.stderr)


@contextmanager
def progress_bars() -> "Iterator[Progress]":
    """Yield a listener that shows each stage as a bar with the time left.

    Where standard error is no terminal, each stage is one line when it begins.
    """
    warnings.showwarning = show_warning
    _quiet_libraries()
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        speed_estimate_period=_LONG,
    ) as bars:
        yield _Bars(bars)


class _Bars:
    """One bar for each stage, in the order in which they begin."""

    def __init__(self, bars: Any) -> None:
        self.bars = bars
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if stage not in self.tasks:
            self.tasks[stage] = self.bars.add_task(stage, total=total)
        self.bars.update(self.tasks[stage], completed=done, total=total)


class _Lines:
    """A line when a stage begins, and one every ten seconds while it lasts."""

    def __init__(self) -> None:
        self.stages: dict[str, _Stage] = {}

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        known = self.stages.get(stage)
        if known is None or done < known.done:
            known = self.stages[stage] = _Stage(now, done, done)
        else:
            known.reach(done, now)
            if now - known.told < 10 or done == total:
                return
        known.told = now
        far = f": {done} so far" if done else ""  # how many there will be is not always known
        print(stage + (far if total is None else f": {done} of {total}"), end="", file=sys.stderr)
        print(known.left(now, total), file=sys.stderr)


@dataclass
class _Stage:
    """A stage: when it was last told of, what was done when it began, and is now.

    The first item is no measure of the others, it waits for what is made once: time counts from
    its end.
    """

    told: float
    begun_at: int
    done: int
    timed_from: tuple[float, int] | None = None

    def reach(self, done: int, now: float) -> None:
        """Note how far it has come."""
        if self.timed_from is None and done > self.begun_at:
            self.timed_from = now, done
        self.done = done

    def left(self, now: float, total: int | None) -> str:
        """Return the speed of this stage so far, and the time left at it."""
        if total is None or self.timed_from is None or self.done == self.timed_from[1]:
            return ""
        rate = (self.done - self.timed_from[1]) / (now - self.timed_from[0])
        left = timedelta(seconds=round((total - self.done) / rate))
        return f", {rate:.2g} a second, about {left} left"


def show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning as one sentence to standard error."""
    complain(f"note: {message}")


def _quiet_libraries() -> None:
    """Keep the bars and advice of libraries out of ours; errors still come as exceptions."""
    import os

    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
