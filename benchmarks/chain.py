"""What a chain of 20 steps and 300 tokens costs on the embedded model, on two threads.

`python -m benchmarks.chain` prints seconds, and of suppression how many forward passes they are.
"""

import warnings
from time import perf_counter
from typing import Any

import torch

import bathyscope as bs
from bathyscope.model.logits import logits_of
from bathyscope.model.suppression import suppressor

STEPS = 20
PROMPT = "[[Mia has 3 boxes.]] [[Each box holds 12 pencils.]] How many in all?\n"


def response() -> str:
    """Return 19 steps and an answer of 15 tokens each."""
    lines = [
        f"In step {letter} she takes box {index % 3 + 1} and counts {12 * (index % 3 + 1)} more."
        for index, letter in enumerate("ABCDEFGHIJKLMNOPQRS")
    ]
    return "\n".join([*lines, "So in all the three boxes hold 36 of her pencils."])


def seconds(model: bs.LanguageModel, **asked: Any) -> float:
    """Return how long a chain takes."""
    begin = perf_counter()
    run = bs.chain(model, PROMPT, response(), steps="lines", **asked)
    took = perf_counter() - begin
    assert len(run.heatmap.rows) == STEPS
    return took


def main() -> None:
    """Measure, each reading after the model was tried once."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(2)
    model = bs.load()
    ids = model.tokens.encode(PROMPT + response())
    suppressor(model, ids)
    print(f"{len(ids)} tokens; prefixes not shared: {model.why_not_shared}", flush=True)
    input_ids = torch.tensor([ids])
    logits_of(model.model, input_ids)
    begin = perf_counter()
    for _ in range(3):
        logits_of(model.model, input_ids)
    forward = (perf_counter() - begin) / 3
    print(f"a forward pass: {forward:.2f} s", flush=True)
    print(f"leave-one-out: {seconds(model, method='leave_one_out'):.1f} s", flush=True)
    took = seconds(model, reading="suppression")
    print(f"suppression: {took:.1f} s, {took / forward:.1f} passes", flush=True)
    print(f"Shapley values, 500: {seconds(model, budget=500):.1f} s", flush=True)


if __name__ == "__main__":
    main()
