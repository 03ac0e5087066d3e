"""Measurements on an accelerator in a time that is set beforehand, judged by their goals.

A short loan of a device always brings something back: each part has a time of its own and is cut
off at its end, what fails or no longer fits is said in its place, and the file is written anew
after each part. `benchmarks/accelerator.sh` runs the tests that need the device before.
"""

import argparse
import gc
import math
import platform
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks import on_accelerator as parts
from benchmarks import report
from benchmarks import rows_on_accelerator as rows
from benchmarks.on_accelerator import SHAPES, Facts, Setting, kept_llama
from benchmarks.ratios import machine

_LEAST_SECONDS = 8.0  # in less no part comes to anything


@dataclass(frozen=True)
class Part:
    """A measurement.

    Attributes:
        measure: Yields what it finds.
        shape: Of its model, a name in `SHAPES`.
        seconds: It is cut off after so many.
    """

    measure: Callable[[Setting], Facts]
    shape: str
    seconds: float


PARTS = {
    "exactness": Part(rows.exactness, "20B", 15),
    "depth": Part(parts.depth, "20B", 70),
    "reads": Part(rows.reads, "20B", 25),
    "wide": Part(rows.wide, "20B", 10),
    "attribution": Part(parts.attribution, "8B", 60),
    "streaming": Part(parts.streaming, "8B", 40),
    "gradients": Part(parts.gradients, "8B", 25),
    "sampling": Part(parts.sampling, "8B", 20),
    "rounding": Part(parts.rounding, "135M", 20),
    "placing": Part(parts.placing, "1B", 45),
    "compiled": Part(parts.compiled, "8B", 60),
    "jacobian": Part(parts.jacobian, "135M", 140),
}
"""In the order of what is missed most where time runs out."""


@dataclass(frozen=True)
class Goal:
    """What a number of a part should be.

    Attributes:
        part: A name in `PARTS`.
        number: Which of its numbers.
        limit: The most it should be; None where it is only told.
        least: Whether `limit` is the least instead.
    """

    part: str
    number: str
    limit: float | None = None
    least: bool = False

    def judged(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Return the goal with what was found and a verdict, in words."""
        facts = found.get(self.part, {"skipped": "not run"})
        value = facts.get(self.number)
        said = asdict(self) | {"found": value}
        if isinstance(value, str):
            return said | {"verdict": "not measured", "why": value}
        if value is None:
            why = facts.get("failed") or facts.get("cut off") or facts.get("skipped")
            why = why or facts.get(f"{self.number.split(' / ')[0]} failed")
            return said | {"verdict": "not measured", "why": why or "this device does not tell"}
        if self.limit is None:
            return said | {"verdict": "no goal"}
        met = value >= self.limit if self.least else value <= self.limit
        return said | {"verdict": "met" if met else "MISSED"}


GOALS = [
    Goal("exactness", "row error float32, bits", 2e-4),
    Goal("exactness", "row error bfloat16, bits", 2e-4),
    Goal("rounding", "map error float32, bits", 2e-4),
    Goal("rounding", "map error bfloat16, bits"),
    Goal("depth", "map / (forward + product)", 1.5),
    Goal("depth", "settle / forward", 0.75),
    Goal("depth", "GB above the model", 3.0),
    Goal("reads", "smooth rows once / twice"),
    Goal("reads", "peaked rows once / twice"),
    Goal("reads", "map once / twice"),
    Goal("wide", "wide product / product", 2.5),
    Goal("wide", "wide logits' error / rounded", 0.01),
    Goal("attribution", "shapley / padded", 1.5),
    Goal("attribution", "share of products", 0.6, least=True),
    Goal("gradients", "ways back / targets", 0.25),
    Goal("gradients", "together / one by one", 1.0),
    Goal("streaming", "stream / static cache", 1.3),
    Goal("compiled", "stream / compiled static cache"),
    Goal("sampling", "sampled / greedy", 1.2),
    Goal("placing", "auto / bfloat16", 1.1),
    Goal("placing", "half in main memory / bfloat16"),
    Goal("placing", "int8 / bfloat16"),
    Goal("placing", "int4 / bfloat16"),
    Goal("jacobian", "passages"),
]


class OutOfTime(BaseException):
    """The end of a part's time; no `Exception`, which foreign code may catch."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in what takes longer, as soon as Python has its turn."""

    def late(*_: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def measured(
    shape: str | None,
    device: torch.device,
    dtype: torch.dtype,
    output: Path,
    seconds: float = 300.0,
    only: Collection[str] = (),
) -> dict[str, Any]:
    """Run all parts within a time; the file is written after each, for a loan may end early.

    Args:
        shape: Of all models; None takes each part's own.
        device: Where they lie.
        dtype: Of their weights.
        output: The file.
        seconds: For all parts together.
        only: Names of the parts to run; all where none is named.

    Returns:
        What is written: the device, each part's numbers, and each goal with its verdict.
    """
    end = time.perf_counter() + seconds
    cuda = device.type == "cuda"
    found: dict[str, Any] = {
        "device": torch.cuda.get_device_name(device) if cuda else platform.processor(),
        "machine": machine(["torch", "transformers", "triton", "accelerate", "torchao"]),
        "dtype": str(dtype),
    }
    last: str | None = None
    for name, part in PARTS.items():
        if only and name not in only:
            continue
        chosen = shape or part.shape
        if chosen != last:
            kept_llama.cache_clear()
        left = min(part.seconds, end - time.perf_counter())
        found[name] = {"shape": chosen}
        whole = _measure(part, Setting(SHAPES[chosen], device, dtype, left), found[name])
        last = chosen if whole else None  # what was cut off may have left a model in two minds
        found["goals"] = [goal.judged(found) for goal in GOALS]
        report.write(output, found)
        print(name, report.as_json(found[name]), flush=True)
        gc.collect()
        if cuda:
            torch.cuda.empty_cache()
    kept_llama.cache_clear()
    return found


def _measure(part: Part, given: Setting, found: dict[str, Any]) -> bool:
    """Add what a part finds, and what became of it; return whether it came to its end."""
    if given.seconds < _LEAST_SECONDS:
        found["skipped"] = f"{max(0.0, given.seconds):.0f} of {part.seconds:g} s were left"
        return False
    began, whole = time.perf_counter(), False
    try:
        with within(given.seconds):
            for facts in part.measure(given):
                found |= {name: _sayable(value) for name, value in facts.items()}
        whole = True
    except OutOfTime:
        found["cut off"] = f"after {given.seconds:.3g} s"
    except Exception as error:
        found["failed"] = f"{type(error).__name__}: {error}"
    found["measured_in_s"] = time.perf_counter() - began
    return whole


def _sayable(value: Any) -> Any:
    """Return a value as JSON can hold it, which knows no NaN: a sentence in its place."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is no number"
    return [_sayable(one) for one in value] if isinstance(value, list) else value


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument(
        "--shape", choices=sorted(SHAPES), help="the same for all; each has its own"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--seconds", type=float, default=300.0, help="for all together")
    parser.add_argument("--only", nargs="+", default=(), choices=sorted(PARTS), help="these parts")
    given = parser.parse_args()
    dtype = getattr(torch, given.dtype)
    found = measured(
        given.shape, torch.device(given.device), dtype, given.output, given.seconds, given.only
    )
    for goal in found["goals"]:
        print(f"{goal['verdict']:>12}  {goal['part']}: {goal['number']}: {goal['found']}")


if __name__ == "__main__":
    main()
