"""Does it matter which worked examples are shown? Choices against random ones, as JSON.

    python -m benchmarks.select --questions 12 --output benchmarks/results/select.json

The pool are generated word problems with worked solutions; choices may look at some questions, and
are judged by others. The embedded model writes every answer.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import bathyscope as bs
from bathyscope.selection.held_out import Bench, differences, random_sets
from bathyscope.selection.pool import item_of
from benchmarks.report import hand_over

WAYS = ("pattern", "auto-cot", "similar", "diverse", "attribution", "greedy")
KINDS = ("gain", "loss", "groups", "share")
K = 4


def table(report: dict[str, Any]) -> str:
    """Return what docs/select.md shows of a report."""
    rows = [
        "| demonstrations | accuracy | against random sets | ln p, nats | against random sets | "
        "format | tokens |",
        "|---|---|---|---|---|---|---|",
    ]
    means = {
        name: sum(one[name] for one in report["random"]) / len(report["random"])
        for name in ("accuracy", "log_prob", "format", "prompt_tokens")
    }
    for name, one in [("none", report["none"]), (f"{len(report['random'])} random sets", means)]:
        rows.append(_row(name, one, "", ""))
    for way, one in report["ways"].items():
        by = one["differences"]
        rows.append(_row(f"`{way}`", one, _against(by["accuracy"], 100), _against(by["log_prob"])))
    return "\n".join(rows)


def _row(name: str, one: dict[str, Any], accuracy: str, log_prob: str) -> str:
    return (
        f"| {name} | {one['accuracy']:.0%} | {accuracy} | {one['log_prob']:.2f} | {log_prob} | "
        f"{one['format']:.0%} | {one['prompt_tokens']:.0f} |"
    )


def _against(one: dict[str, Any], times: float = 1) -> str:
    """Return a difference with its interval; accuracies in percentage points."""
    places, unit = (0, " points") if times != 1 else (2, "")
    if one["half_width"] is None:
        return "not seen to vary"
    low, high = one["estimate"] - one["half_width"], one["estimate"] + one["half_width"]
    return (
        f"{times * one['estimate']:+.{places}f}{unit} "
        f"[{times * low:+.{places}f}, {times * high:+.{places}f}], "
        f"better than {one['better_than']}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=12)
    parser.add_argument("--pool", type=int, default=60)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    made = bs.arithmetic_problems(options.pool, seed=1, kinds=KINDS)
    items, model = [item_of(one, number) for number, one in enumerate(made)], bs.load()
    known = {item.question for item in items}
    others = bs.arithmetic_problems(options.questions + 40, seed=2, kinds=KINDS)
    unseen = [one for one in others if one.question not in known]
    seen, held_out = unseen[:6], unseen[6 : 6 + options.questions]
    bench = Bench(model, items, held_out, max_new_tokens=30)
    sets = random_sets(items, K, 20, seed=0)
    others_judged = bench.judged(sets, "random sets")
    chosen = {}
    for way in WAYS:
        print(way, file=sys.stderr)
        chosen[way] = bs.select(
            items, seen, by=way, task="svamp", k=K, candidates=6, budget=64, model=model
        )
    judged = bench.judged([one.places for one in chosen.values()], "choices")
    report = {
        "k": K,
        "pool": len(items),
        "questions": len(held_out),
        "model": model.provenance["name"],
        "none": bench.judged([()], "none")[0].to_document(items),
        "random": [one.to_document(items) for one in others_judged],
        "ways": {
            way: {
                **own.to_document(items),
                "differences": {
                    name: one.to_document() for name, one in differences(own, others_judged).items()
                },
            }
            for way, own in zip(WAYS, judged, strict=True)
        },
    }
    hand_over(report, options.output)


if __name__ == "__main__":
    main()
