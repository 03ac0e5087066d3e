"""Contestants that take turns, each in a process of its own.

In one process they would disturb each other: one tool leaves hooks on the model, another a heap
full of holes. In turns, because a slow minute of the machine should be slow for all.
"""

import gc
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import torch

Work = Callable[[], object]
Prepare = Callable[[str], Work]
"""Takes a contestant's name, returns what is timed; it is called in the contestant's process."""


@dataclass(frozen=True)
class Times:
    """Seconds that a contestant took, one number for each turn.

    Attributes:
        wall: By the clock on the wall, which other work on the machine disturbs.
        cpu: By its process's use of all processors, which it hardly does.
    """

    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    def scaled(self, factor: float) -> "Times":
        """Return the same times multiplied by a number."""
        return Times(tuple(t * factor for t in self.wall), tuple(t * factor for t in self.cpu))

    def and_then(self, other: "Times") -> "Times":
        """Return the times of both, one after the other in each round."""
        return Times(
            tuple(a + b for a, b in zip(self.wall, other.wall, strict=True)),
            tuple(a + b for a, b in zip(self.cpu, other.cpu, strict=True)),
        )


def in_turns(
    prepare: Prepare, names: list[str], rounds: int
) -> tuple[dict[str, Times], dict[str, Any]]:
    """Time every contestant once in each round, after a first turn that does not count.

    Returns:
        The times, and what each contestant returned in the last round: what was timed is what
        is then compared.
    """
    contestants = {name: _Contestant(prepare, name) for name in names}
    try:
        turns = [{n: c.take_turn() for n, c in contestants.items()} for _ in range(1 + rounds)]
    finally:
        for contestant in contestants.values():
            contestant.stop()
    counted = turns[1:]
    times = {
        name: Times(
            tuple(turn[name][0] for turn in counted), tuple(turn[name][1] for turn in counted)
        )
        for name in names
    }
    return times, {name: counted[-1][name][2] for name in names}


class _Contestant:
    """A process that waits for its turn."""

    def __init__(self, prepare: Prepare, name: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._name = name
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_wait_for_turns, args=(theirs, prepare, name, torch.get_num_threads())
        )
        self._process.start()
        theirs.close()

    def take_turn(self) -> tuple[float, float, Any]:
        """Return seconds by the wall, seconds of processors, and the result."""
        try:
            self._pipe.send("turn")
            turn: tuple[float, float, Any] = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise SystemExit(f"{self._name} ended with an error, which stands above.") from None
        return turn

    def stop(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join()


def _wait_for_turns(pipe: Connection, prepare: Prepare, name: str, threads: int) -> None:
    torch.set_num_threads(threads)
    work = prepare(name)
    while True:
        try:
            pipe.recv()
        except EOFError:
            return
        gc.collect()
        began, began_cpu = time.perf_counter(), time.process_time()
        result = work()
        cpu, wall = time.process_time() - began_cpu, time.perf_counter() - began
        pipe.send((wall, cpu, result))
