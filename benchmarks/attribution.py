"""Attribution against Captum, inseq, a padded batch and the floor, in one tree of processes.

`python -m benchmarks.attribution`. No ratio is given where what was timed are not the same numbers.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bathyscope.attribution.gradients import gradient_attribution
from benchmarks import peers
from benchmarks.memory import peak_memory
from benchmarks.ratios import Ratio, hand_over, machine, memory_ratio, time_ratio
from benchmarks.subject import Subject, subject
from benchmarks.turns import Times, Work, in_turns

TOLERANCE = 2e-4
PACKAGES = ("torch", "transformers", "captum", "inseq", "numpy")

SHAPLEY = "our exact Shapley"
LEAVE_ONE_OUT = "our leave-one-out"
TREE = "the prefix tree"
CAPTUM = "Captum's leave-one-out"
CAPTUM_ONE_PASS = "Captum's leave-one-out, forward_in_tokens=False"
PADDED = "one padded batch"
SINGLE = "one forward pass of the longest prompt"
OUR_GRADIENTS = "our gradients of five targets"
CAPTUM_GRADIENTS = "Captum's gradients, five runs"
INSEQ_GRADIENTS = "inseq's gradients, five runs"

PAIRS: tuple[tuple[str, str, float | None], ...] = (
    (SHAPLEY, CAPTUM, 1 / 8),
    (LEAVE_ONE_OUT, CAPTUM, 1 / 20),
    (SHAPLEY, CAPTUM_ONE_PASS, None),
    (LEAVE_ONE_OUT, CAPTUM_ONE_PASS, None),
    (TREE, PADDED, 1 / 2),
    (OUR_GRADIENTS, CAPTUM_GRADIENTS, 1 / 2),
    (OUR_GRADIENTS, INSEQ_GRADIENTS, 1 / 2),
)

MEMORY_GOALS = {(SHAPLEY, CAPTUM): 1.0}


def contestant(name: str) -> Work:
    """Return one of what is timed, the model loaded."""
    on = subject()
    longest = max(on.sequences, key=len)
    works: dict[str, Work] = {
        SHAPLEY: lambda: on.estimate("shapley"),
        LEAVE_ONE_OUT: lambda: on.estimate("leave_one_out"),
        TREE: on.tree,
        PADDED: lambda: on.padded(on.sequences),
        SINGLE: lambda: on.padded([longest]),
        CAPTUM_ONE_PASS: lambda: peers.captum_leave_one_out(on, by_token=False),
        CAPTUM: lambda: peers.captum_leave_one_out(on),
        CAPTUM_GRADIENTS: lambda: peers.captum_gradients(on),
        INSEQ_GRADIENTS: lambda: peers.inseq_gradients(on),
        OUR_GRADIENTS: lambda: gradient_attribution(
            on.model, on.prompt, on.targets, "input_x_gradient"
        ),
    }
    return works[name]


def disagreements(results: dict[str, Any]) -> dict[str, float]:
    """Return by how many nats, at most, two contestants that answer the same question differ."""
    gradients = {
        name: np.concatenate([getattr(part, "values", part) for part in results[name]])
        for name in (OUR_GRADIENTS, CAPTUM_GRADIENTS, INSEQ_GRADIENTS)
    }
    reference = next(iter(gradients))
    return {
        f"{CAPTUM} and ours": _apart(results[CAPTUM], results[LEAVE_ONE_OUT]),
        f"{CAPTUM_ONE_PASS} and ours": _apart(results[CAPTUM_ONE_PASS], results[LEAVE_ONE_OUT]),
        f"{PADDED} and {TREE}": _apart(results[PADDED], results[TREE]),
    } | {
        f"{name} and {reference}": _apart(values, gradients[reference])
        for name, values in gradients.items()
        if name != reference
    }


def _apart(a: Any, b: Any) -> float:
    return float(np.abs(a - b).max())


def compare_times(times: dict[str, Times], on: Subject) -> list[Ratio]:
    """Return the ratios of what was timed in the same rounds."""
    ratios = [
        time_ratio(f"{ours} / {theirs}", times[ours], times[theirs], goal)
        for ours, theirs, goal in PAIRS
    ]
    longest = max(map(len, on.sequences))
    floor = times[SINGLE].scaled(on.distinct_tokens / longest)
    name = f"{TREE} / floor of {on.distinct_tokens} tokens at the speed of {longest} in one pass"
    return [*ratios, time_ratio(name, times[TREE], floor, 1.3)]


def measure_memory(names: set[str]) -> list[Ratio]:
    """Compare the peaks of memory, each in a fresh process."""
    peaks = {name: peak_memory(contestant, name) for name in sorted(names)}
    ratios = []
    for ours, theirs, _ in PAIRS:
        goal, name = MEMORY_GOALS.get((ours, theirs)), f"peak memory, {ours} / {theirs}"
        if theirs in peaks:
            ratios.append(memory_ratio(name, peaks[ours], peaks[theirs], goal))
    return ratios


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="threads of torch; default: its own choice")
    parser.add_argument("--no-memory", action="store_true", help="leave peak memory out")
    parser.add_argument("--output", type=Path, help="also write the numbers as JSON")
    return parser.parse_args()


def main() -> None:
    """Measure, check, print, write."""
    chosen = options()
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    names = sorted({SINGLE, *(name for pair in PAIRS for name in pair[:2])})
    times, results = in_turns(contestant, names, chosen.rounds)
    apart = disagreements(results)
    for pair, difference in apart.items():
        print(f"{difference:.1e} nats at most between {pair}")
    wrong = [pair for pair, difference in apart.items() if not difference <= TOLERANCE]
    if wrong:
        raise SystemExit(f"Not the same quantity, so no ratio is given: {'; '.join(wrong)}.")
    ratios = compare_times(times, subject())
    ratios += [] if chosen.no_memory else measure_memory(set(names))
    facts = {
        "machine": machine(PACKAGES),
        "rounds": chosen.rounds,
        "largest_difference_nats": apart,
        "times": {name: asdict(found) for name, found in times.items()},
    }
    hand_over(facts, ratios, chosen.output)


if __name__ == "__main__":
    main()
