"""What a chain of 20 steps and 300 tokens costs on the embedded model.

    python -m benchmarks.chain --output benchmarks/results/chain.json

Beside each goal in seconds stands the floor: the tokens that the reading's texts do not share, at
the speed of one forward pass over the whole text.
"""

import argparse
import json
import warnings
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch

import bathyscope as bs
from bathyscope.model.logits import logits_of
from bathyscope.model.suppression import suppressor
from benchmarks.ratios import Ratio, hand_over, machine

STEPS = 20
PROMPT = "[[Mia has 3 boxes.]] [[Each box holds 12 pencils.]] How many in all?\n"
ASKED: dict[str, tuple[float | None, dict[str, Any]]] = {
    "leave-one-out": (3.0, {"method": "leave_one_out"}),
    "suppression": (None, {"reading": "suppression"}),
    "Shapley values, 500 evaluations": (60.0, {"budget": 500}),
}
"""Goal in seconds, and how it is asked; suppression may take a pass for each step."""


def response() -> str:
    """Return 19 steps and an answer of 15 tokens each."""
    lines = [
        f"In step {letter} she takes box {index % 3 + 1} and counts {12 * (index % 3 + 1)} more."
        for index, letter in enumerate("ABCDEFGHIJKLMNOPQRS")
    ]
    return "\n".join([*lines, "So in all the three boxes hold 36 of her pencils."])


class Counting(bs.LanguageModel):
    """A model that counts the tokens that it scores, padding included."""

    def __init__(self, model: bs.LanguageModel) -> None:
        """Share everything with a loaded model."""
        self.__dict__ = dict(model.__dict__)
        self.tokens_scored = 0

    def score(self, prompts: Any, targets: Any, *more: Any, **named: Any) -> None:
        """Count, and score."""
        self.tokens_scored += sum(one.rows * one.new for one in self.passes(prompts, targets))
        super().score(prompts, targets, *more, **named)


def seconds(model: bs.LanguageModel, asked: dict[str, Any]) -> tuple[float, float]:
    """Return how long a chain takes, on the clock and of processors."""
    begin, used = perf_counter(), process_time()
    run = bs.chain(model, PROMPT, response(), steps="lines", depth=False, **asked)
    assert len(run.heatmap.rows) == STEPS
    return perf_counter() - begin, process_time() - used


def forward(model: bs.LanguageModel, times: int = 5) -> tuple[int, float, float]:
    """Return the tokens of the text, and the clock and processors of one pass over it: the best."""
    ids = model.tokens.encode(PROMPT + response())
    input_ids, wall, used = torch.tensor([ids]), list[float](), list[float]()
    for _ in range(times):
        begin, begun = perf_counter(), process_time()
        logits_of(model.model, input_ids)
        wall.append(perf_counter() - begin)
        used.append(process_time() - begun)
    return len(ids), min(wall), min(used)


def measured(name: str, model: Counting, passed: tuple[int, float, float]) -> list[Ratio]:
    """Return what one reading costs beside its goal, and beside its floor."""
    goal, asked = ASKED[name]
    length, wall, used = passed
    model.tokens_scored = 0
    took, busy = seconds(model, asked)
    if goal is None:
        whole = f"a chain: {name} of {STEPS} steps / {STEPS} passes"
        ratio = took / (STEPS * wall)
        return [Ratio(whole, 1.0, ratio, ratio, busy / (STEPS * used), took, STEPS * wall, "s")]
    share = model.tokens_scored / length
    floor = f"a chain: {name} / {model.tokens_scored:,} tokens at the speed of one pass"
    by_floor = took / (share * wall)
    return [
        Ratio(
            f"a chain: {name} / {goal:g} s", 1.0, took / goal, took / goal, None, took, goal, "s"
        ),
        Ratio(floor, None, by_floor, by_floor, busy / (share * used), took, share * wall, "s"),
    ]


def main() -> None:
    """Measure, each reading after the model was tried once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="a part of the name of what is measured")
    parser.add_argument("--output", type=Path, help="also write the numbers as JSON")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    model = Counting(bs.load())
    suppressor(model, model.tokens.encode(PROMPT))
    _ = model.why_not_shared
    passed, ratios = forward(model), list[Ratio]()
    for name in ASKED:
        if options.only is None or options.only in name:
            ratios += measured(name, model, passed)
    facts = {"machine": machine(("torch", "transformers")), "tokens": passed[0], "steps": STEPS}
    if options.only and options.output and options.output.exists():  # the others stay
        kept = json.loads(options.output.read_text(encoding="utf-8"))["ratios"]
        known = {ratio.name for ratio in ratios}
        fields = Ratio.__dataclass_fields__
        others = [Ratio(**{f: one[f] for f in fields}) for one in kept if one["name"] not in known]
        ratios = [*others, *ratios]
    hand_over(facts, ratios, options.output)


if __name__ == "__main__":
    main()
