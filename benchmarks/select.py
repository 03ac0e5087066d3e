"""Does it matter which worked examples are shown? Choices against random ones, as JSON.

    python -m benchmarks.select --questions 24 --output benchmarks/results/select.json

The pool are generated word problems with worked solutions; choices may look at some questions, and
are judged by others. The embedded model writes every answer.
"""

import argparse
import sys
import time
from pathlib import Path

import bathyscope as bs
from bathyscope.problems.arithmetic import KINDS
from bathyscope.selection.held_out import Bench, differences, random_sets
from bathyscope.selection.pool import Item
from benchmarks.report import hand_over

WAYS = ("pattern", "auto-cot", "similar", "diverse", "attribution", "greedy")
K = 4


def pool(count: int) -> list[Item]:
    """Return worked examples."""
    made = bs.arithmetic_problems(count, seed=1, kinds=KINDS)
    return [
        Item(at, one.question, one.solution or "", one.answer, one.answer)
        for at, one in enumerate(made)
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=24)
    parser.add_argument("--pool", type=int, default=60)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    items, model = pool(options.pool), bs.load()
    known = {item.question for item in items}
    others = bs.arithmetic_problems(options.questions + 40, seed=2, kinds=KINDS)
    unseen = [one for one in others if one.question not in known]
    seen, held_out = unseen[:8], unseen[8 : 8 + options.questions]
    bench = Bench(model, items, held_out, max_new_tokens=60)
    sets = random_sets(items, K, 20, seed=0)
    others_judged = bench.judged(sets, "random set")
    report = {
        "k": K,
        "pool": len(items),
        "questions": len(held_out),
        "model": model.provenance["name"],
        "none": bench.judged([()], "none")[0].to_document(items),
        "random": [one.to_document(items) for one in others_judged],
        "ways": {},
    }
    for way in WAYS:
        print(way, file=sys.stderr)
        began = time.perf_counter()
        chosen = bs.select(
            items, seen, by=way, task="svamp", k=K, candidates=8, budget=64, model=model
        )
        seconds = time.perf_counter() - began
        own = bench.judged([chosen.places], way)[0]
        report["ways"][way] = {
            **own.to_document(items),
            "seconds_to_choose": seconds,
            "differences": {
                name: one.to_document() for name, one in differences(own, others_judged).items()
            },
        }
    hand_over(report, options.output)


if __name__ == "__main__":
    main()
