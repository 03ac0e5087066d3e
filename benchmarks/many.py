"""Many prompts in one call beside one call for each, in one tree of processes.

    python -m benchmarks.many --output benchmarks/results/many.json

Answers are as long as they may be: no end of text is waited for, so that both sides write the same
number of tokens.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

import bathyscope as bs
from bathyscope.core.heatmap import FloatArray
from benchmarks.ratios import hand_over, machine, time_ratio
from benchmarks.turns import Work, in_turns

ANSWERS, TOKENS, PROMPTS = 16, 48, 32
TOLERANCE = 2e-4

SINGLE_ANSWERS = f"{ANSWERS} single ones"
MANY_ANSWERS = f"{ANSWERS} answers of {TOKENS} tokens in one call"
SINGLE_MAPS = f"{PROMPTS} calls"
MANY_MAPS = f"attribution of {PROMPTS} short prompts in one call"
SINGLE_DEPTHS = f"{PROMPTS} calls for depth"
MANY_DEPTHS = f"depth maps of {PROMPTS} short responses in one call"

PAIRS = (
    (MANY_ANSWERS, SINGLE_ANSWERS, 1 / 6),
    (MANY_MAPS, SINGLE_MAPS, 0.7),
    (MANY_DEPTHS, SINGLE_DEPTHS, None),
)


def prompts(count: int) -> list[bs.Prompt]:
    """Return short prompts of unequal length with three features each."""
    return [
        bs.Prompt.marked(
            f"Q: {a} pens and {b} pens?\nA: [[{a} + {b}]] = [[{a + b}]].\n"
            f"Q: {b} sweets for [[{a} children]]{', please,' * (a % 3)} how many each?\nA:"
        )
        for a, b in zip(range(3, 3 + count), range(5, 5 + count), strict=True)
    ]


def contestant(name: str) -> Work:
    """Return one of what is timed, the model loaded."""
    model = bs.load()
    asked = prompts(PROMPTS)
    targets = [f" {b} / {a} =" for a, b in zip(range(3, 35), range(5, 37), strict=True)]
    texts = [prompt.text for prompt in asked[:ANSWERS]]
    model.model.generation_config.eos_token_id = None
    _ = model.why_not_shared, model.why_not_batched  # found out once for each model
    list(model.generate_many(texts[:2], 1))
    works: dict[str, Work] = {
        SINGLE_ANSWERS: lambda: [model.generate(text, TOKENS).target_ids for text in texts],
        MANY_ANSWERS: lambda: [
            one.target_ids for _, one in sorted(dict(model.generate_many(texts, TOKENS)).items())
        ],
        SINGLE_MAPS: lambda: [
            bs.attribute(model, prompt, target).heatmap.values
            for prompt, target in zip(asked, targets, strict=True)
        ],
        MANY_MAPS: lambda: _maps(bs.attribute_many(model, asked, targets)),
        SINGLE_DEPTHS: lambda: [
            bs.depth(model, prompt, target).heatmap.values
            for prompt, target in zip(asked, targets, strict=True)
        ],
        MANY_DEPTHS: lambda: _maps(bs.depth_many(model, asked, targets)),
    }
    return works[name]


def _maps(runs: Any) -> list[FloatArray]:
    return [run.heatmap.values for _, run in sorted(dict(runs).items())]


def disagreements(results: dict[str, Any]) -> dict[str, float]:
    """Return by how much, at most, two ways to the same numbers differ; of answers, how many."""
    found = {
        f"{many} and {single}": max(
            float(np.abs(a - b).max()) for a, b in zip(results[many], results[single], strict=True)
        )
        for many, single, _ in PAIRS[1:]
    }
    other = zip(results[MANY_ANSWERS], results[SINGLE_ANSWERS], strict=True)
    return found | {f"{MANY_ANSWERS} that differ": float(sum(a != b for a, b in other))}


def main() -> None:
    """Measure, check, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="threads of torch; default: its own choice")
    parser.add_argument("--output", type=Path, help="also write the numbers as JSON")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    times, results = in_turns(contestant, [n for pair in PAIRS for n in pair[:2]], options.rounds)
    apart = disagreements(results)
    wrong = [pair for pair, difference in apart.items() if not difference <= TOLERANCE]
    if wrong:
        raise SystemExit(f"Not the same, so no ratio is given: {apart}.")
    ratios = [time_ratio(f"{a} / {b}", times[a], times[b], goal) for a, b, goal in PAIRS]
    facts = {
        "machine": machine(("torch", "transformers")),
        "rounds": options.rounds,
        "largest_difference": apart,
        "times": {name: asdict(found) for name, found in times.items()},
    }
    hand_over(facts, ratios, options.output)


if __name__ == "__main__":
    main()
