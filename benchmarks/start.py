"""How long it takes to the first number: the command line, each time in a process of its own.

    python -m benchmarks.start --output benchmarks/results/start.json

Processor time counts, which another program beside changes least. Modules have been compiled, as an
installation does, whatever the environment says. The floor of what needs a model is the import of
torch and of the model's classes in transformers. The goals, in seconds, are those
of a machine on which that import took `IMPORTED`: elsewhere they are as many times the import.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.ratios import Ratio, hand_over, machine

PROMPT = "Q: 6 apples, 2 each?\nA: [[6 / 2 = 3]].\nQ: 3 pens?\nA: [[3]].\nQ: 8 for 2?\nA:"
IMPORTS = "import torch\nimport transformers.models.llama.modeling_llama"
GOALS = {"--help": None, "attribute": 3.5, "depth": None, "render": 1.0}
IMPORTED = 4.7
_UNCOMPILED = "PYTHONDONTWRITEBYTECODE"


def commands(folder: Path) -> dict[str, list[str]]:
    """Return what is run, by names."""
    program, saved = [sys.executable, "-m", "bathyscope"], str(folder / "saved")
    ask = ["attribute", PROMPT, "--target", " 8 /", "--overwrite", "-o"]
    return {
        "imports": [sys.executable, "-c", IMPORTS],
        "--help": [*program, "--help"],
        "attribute": [*program, *ask, saved],
        "depth": [*program, "depth", "Q: 8 + 5?\nA:", "--response", " 8 + 5", "--ratio-only"],
        "render": [*program, "render", saved, "-o", str(folder / "a.png"), "--overwrite"],
    }


def seconds(command: list[str], folder: Path) -> float:
    """Return the processor seconds of a command, its children's included."""
    compiling = {name: said for name, said in os.environ.items() if name != _UNCOMPILED}
    before = os.times()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=compiling)
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, help="also write the numbers as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked = commands(folder)
        turns = [
            {key: seconds(command, folder) for key, command in asked.items()}
            for _ in range(1 + options.rounds)
        ][1:]
    found = {key: [turn[key] for turn in turns] for key in asked}
    floor = statistics.median(found["imports"])
    ratios = [
        Ratio(
            name=f"bathyscope {key} / importing torch and transformers",
            goal=None if goal is None else goal / IMPORTED,
            median=statistics.median(found[key]) / floor,
            best=min(found[key]) / min(found["imports"]),
            cpu=None,
            ours=statistics.median(found[key]),
            theirs=floor,
            unit="s",
        )
        for key, goal in GOALS.items()
    ]
    facts = {"machine": machine(("torch", "transformers")), "rounds": options.rounds}
    hand_over(
        facts | {"seconds": found, "goals_seconds": GOALS, "imported": IMPORTED},
        ratios,
        options.output,
    )


if __name__ == "__main__":
    main()
