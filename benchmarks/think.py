"""Does a deep beginning promise a right answer? Think@n on generated word problems, as JSON.

    python -m benchmarks.think --problems 200 -n 8 --output think.json

Every sample of every problem is written to its end once; the ways of choosing among them are then
compared on the same samples: greedy decoding, the majority of all, Think@n (the deepest share), a
random share of the same size, and the reverse ranking. Costs are tokens written, and for Think@n
and the majority of all the seconds they took.

An answer ends at a blank line, as the example's does. Answers are of about 25 tokens, so that the
50 tokens which the paper reads of its long chains of thought would leave nothing to save: 12 are
read.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import bathyscope as bs
from bathyscope.model.sequences import Sequences, greedy
from bathyscope.thinking.answer_rules.rules import extractor, vote
from benchmarks.report import hand_over

EXAMPLE = (
    "Question: Ann has 3 pens and buys 4 more. How many pens has she?\n"
    "Answer: Ann has 3 + 4 = 7 pens. The answer is 7.\n\n"
)
STOP = "\n\n"


def greedily(model: bs.LanguageModel, prompt: str, longest: int) -> tuple[str, int]:
    """Return the most probable answer up to its blank line, and how many tokens it took."""
    sequences = Sequences(model, [model.tokens.encode(prompt)], STOP)
    for step in range(longest):
        if sequences.ended[0]:
            break
        if step:
            sequences.advance()
        sequences.choose(greedy)
    ids = sequences.token_ids[0]
    return model.tokens.decode(ids).partition(STOP)[0], len(ids)


def measure(model: bs.LanguageModel, problem: bs.Problem, settings: bs.ThinkSettings) -> Any:
    """Return ratio, rightness, answer and tokens of every sample, and the greedy answer."""
    prompt = f"{EXAMPLE}Question: {problem.question}\nAnswer:"
    text, tokens = greedily(model, prompt, settings.max_new_tokens)
    run = bs.think(model, prompt, settings=settings, compare=True)
    assert run.all_cost is not None
    return {
        "answer": problem.answer,
        "greedy": extractor("last-number")(text),
        "greedy_tokens": tokens,
        "seconds": {"Think@n": run.cost.seconds, "majority of all": run.all_cost.seconds},
        "samples": [
            {
                "ratio": sample.deep_thinking_ratio,
                "answer": sample.answer,
                "tokens": sample.tokens,
            }
            for sample in run.samples
        ],
    }


def policies(kept: int, seed: int) -> dict[str, Callable[[list[Any]], list[int]]]:
    """Return ways of choosing which samples are finished and vote."""
    draw = random.Random(seed)

    def deepest(samples: list[Any]) -> list[int]:
        return sorted(range(len(samples)), key=lambda i: -samples[i]["ratio"])

    return {
        "majority of all": lambda samples: list(range(len(samples))),
        "Think@n": lambda samples: deepest(samples)[:kept],
        "random share": lambda samples: draw.sample(range(len(samples)), kept),
        "reverse ranking": lambda samples: deepest(samples)[::-1][:kept],
    }


def judged(results: Sequence[Any], settings: bs.ThinkSettings) -> dict[str, Any]:
    """Return accuracy and mean tokens of every policy."""
    table: dict[str, Any] = {
        "greedy": {
            "accuracy": statistics.mean(r["greedy"] == r["answer"] for r in results),
            "tokens": statistics.mean(r["greedy_tokens"] for r in results),
        }
    }
    for name, choose in policies(settings.num_kept, settings.seed).items():
        right, tokens = [], []
        for result in results:
            samples = result["samples"]
            chosen = choose(samples)
            right.append(vote([samples[i]["answer"] for i in chosen]).answer == result["answer"])
            tokens.append(
                sum(
                    s["tokens"] if i in chosen else min(s["tokens"], settings.prefix)
                    for i, s in enumerate(samples)
                )
            )
        table[name] = {"accuracy": statistics.mean(right), "tokens": statistics.mean(tokens)}
    for name in ("Think@n", "majority of all"):
        table[name]["seconds"] = statistics.mean(r["seconds"][name] for r in results)
    return table


def correlation(results: Sequence[Any], seed: int, bins: int = 5) -> dict[str, Any]:
    """Return the correlation of ratio and rightness over bins of equal size.

    As in the paper: samples sorted by ratio and cut into bins, the correlation (Pearson) of the
    bins' mean ratio and accuracy. The interval is the 2.5 % to 97.5 % range of 2,000 bootstrap
    draws of whole problems, since samples of one problem are not independent.
    """
    ratio = np.array([[s["ratio"] for s in r["samples"]] for r in results])
    right = np.array([[float(s["answer"] == r["answer"]) for s in r["samples"]] for r in results])

    def binned(rows: Any) -> tuple[float, Any, Any]:
        x, y = ratio[rows].ravel(), right[rows].ravel()
        parts = np.array_split(np.argsort(x, kind="stable"), bins)
        means = np.array([x[part].mean() for part in parts])
        accuracy = np.array([y[part].mean() for part in parts])
        if not means.std() or not accuracy.std():
            return float("nan"), means, accuracy
        return float(np.corrcoef(means, accuracy)[0, 1]), means, accuracy

    value, means, accuracy = binned(np.arange(len(results)))
    draw = np.random.default_rng(seed)
    drawn = [binned(draw.integers(0, len(results), len(results)))[0] for _ in range(2000)]
    defined = [r for r in drawn if r == r]
    interval = np.percentile(defined, [2.5, 97.5]).tolist() if defined else None
    return {
        "correlation": value if value == value else None,
        "interval": interval,
        "bins": [
            {"ratio": float(x), "accuracy": float(y)} for x, y in zip(means, accuracy, strict=True)
        ],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("-n", type=int, default=16)
    parser.add_argument("--prefix", type=int, default=12)
    parser.add_argument("--max-new-tokens", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    settings = bs.ThinkSettings(
        n=options.n,
        prefix=options.prefix,
        max_new_tokens=options.max_new_tokens,
        stop=STOP,
        seed=options.seed,
    )
    model = bs.load()
    problems = bs.arithmetic_problems(options.problems, seed=options.seed)
    results = []
    for number, problem in enumerate(problems, start=1):
        print(f"problem {number} of {options.problems}", file=sys.stderr)
        results.append(measure(model, problem, settings))
    report = {
        "settings": vars(settings),
        "problems": options.problems,
        "policies": judged(results, settings),
        "ratio and rightness": correlation(results, options.seed),
    }
    hand_over(report, options.output)


if __name__ == "__main__":
    main()
