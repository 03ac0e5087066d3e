"""Do the readings of a chain find the step that an answer depends on? `make planted`.

Problems with a known answer: a few facts about named numbers, of which one or two are needed and
the others are like them in form. `python -m benchmarks.planted` asks every reading on the embedded
model and on one that was made by hand to need exactly these steps, and writes the table of
docs/chain.md.
"""

import argparse
import json
import random
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bathyscope as bs
from bathyscope.model.language_model import LanguageModel
from benchmarks.lookup_model import NAMES, lookup_model, lookup_tokenizer

ROOT = Path(__file__).parents[1]
RESULTS, PAGE = ROOT / "benchmarks" / "results" / "planted.json", ROOT / "docs" / "chain.md"
SHARE = 0.1
"""Recovery is read among this share of the steps, at least one."""

Scores = NDArray[np.float64]

READINGS: dict[str, dict[str, Any]] = {
    "deletion, leave-one-out": {"method": "leave_one_out"},
    "deletion, Shapley": {"method": "shapley"},
    "suppression, KL": {"reading": "suppression"},
    "suppression, ln p": {"reading": "suppression"},
    "suppression, as published": {"reading": "suppression", "variant": "thought_anchors"},
}
"""What is asked; the fourth reads the change of ln p beside the third."""

KINDS = {
    "named": "the answer stands in the step (`y = 9.`)",
    "stated": "the step computes it and says it (`y = x + 2 = 9.`)",
    "copied": "two steps are needed (`x = 7.`, `y = x.`)",
    "computed": "two steps are needed, and a sum (`x = 7.`, `y = x + 2.`)",
}


@dataclass(frozen=True)
class Problem:
    """A question about named numbers.

    Attributes:
        prompt: What stands before the steps.
        response: The steps, and the answer behind its lead-in.
        needed: Which steps the answer depends on, the one that names it last.
        answer: One digit, which no other step holds.
    """

    prompt: str
    response: str
    needed: tuple[int, ...]
    answer: str


def problem(seed: int, kind: str, distractors: int = 4) -> Problem:
    """Return a problem: the same for the same seed, kind and number of distractors."""
    rng = random.Random(f"{kind} {seed} {distractors}")
    x, y, *others = rng.sample(NAMES, 2 + distractors)
    more = 0 if kind in ("named", "copied") else rng.randint(1, 3)
    first = rng.randint(1, 9 - more)
    answer = first + more
    last = {
        "named": f"{y} = {answer} .",
        "copied": f"{y} = {x} .",
        "stated": f"{y} = {x} + {more} = {answer} .",
        "computed": f"{y} = {x} + {more} .",
    }[kind]
    needed = [last] if kind == "named" else [f"{x} = {first} .", last]
    lines = _shuffled(rng, needed, _distractors(rng, kind, others, answer))
    where = [lines.index(one) for one in needed]
    names = where[-1:] if kind in ("named", "stated") else where
    return Problem(
        "Facts :\n", "\n".join([*lines, f"So {y} = {answer}"]), tuple(names), str(answer)
    )


def _distractors(rng: random.Random, kind: str, names: Sequence[str], answer: int) -> list[str]:
    """Return statements of the same forms about other names, without the answer in them."""
    free = [digit for digit in range(1, 10) if digit != answer]
    lines, before = [], ("", 0)
    for index, name in enumerate(names):
        if index % 2 == 0 or kind == "named":
            before = name, rng.choice(free)
            lines.append(f"{name} = {before[1]} .")
        elif kind == "copied":
            lines.append(f"{name} = {before[0]} .")
        else:
            sums = [e for e in (1, 2, 3) if e != answer and before[1] + e in free] or [0]
            more = rng.choice(sums)
            tail = f" = {before[1] + more}" if kind == "stated" else ""
            lines.append(f"{name} = {before[0]} + {more}{tail} .")
    return lines


def _shuffled(rng: random.Random, needed: list[str], rest: list[str]) -> list[str]:
    """Return the statements in a random order that keeps that of each list."""
    own = sorted(rng.sample(range(len(needed) + len(rest)), len(needed)))
    lines = list(rest)
    for place, line in zip(own, needed, strict=True):
        lines.insert(place, line)
    return lines


def scores(model: LanguageModel, one: Problem, readings: Sequence[str]) -> dict[str, Scores]:
    """Return what each reading says of each step of a problem, for the answer."""
    runs: dict[str, Any] = {}
    found = {}
    for reading in readings:
        options = READINGS[reading]
        key = json.dumps(options)
        if key not in runs:
            rule = f"regex:= ({one.answer})$"
            runs[key] = bs.chain(
                model, one.prompt, one.response, steps="lines", answer=rule, **options
            )
        run = runs[key]
        change = reading == "suppression, ln p"
        values = -run.beside["log_prob_change"].values if change else run.heatmap.values
        found[reading] = values[-1, run.parts :]
    return found


def judged(found: Scores, needed: Sequence[int]) -> tuple[float, int]:
    """Return recovery among the first `SHARE` of the steps, and the naming step's rank, from 1.

    Recovery: the needed steps among the highest of ⌈share · steps⌉, over as many as could be. Equal
    scores count as ranked behind.
    """
    ranks = [int((found >= found[step]).sum()) for step in range(len(found))]
    most = ceil(SHARE * len(found))
    recovered = sum(ranks[step] <= most for step in needed)
    return recovered / min(most, len(needed)), ranks[needed[-1]]


def asked(
    model: LanguageModel, kinds: Sequence[str], seeds: Sequence[int], say: Callable[[str], None]
) -> dict[str, Any]:
    """Return recovery and rank of every reading on every kind of problem."""
    result: dict[str, Any] = {}
    for kind in kinds:
        problems = [problem(seed, kind) for seed in seeds]
        right = mean(_is_right(model, one) for one in problems)
        result[kind] = {"problems": len(problems), "right": right, "readings": {}}
        each = [scores(model, one, list(READINGS)) for one in problems]
        for reading in READINGS:
            pairs = [
                judged(found[reading], one.needed)
                for found, one in zip(each, problems, strict=True)
            ]
            recovered, ranks = zip(*pairs, strict=True)
            result[kind]["readings"][reading] = {
                "recovery": mean(recovered),
                "rank": mean(ranks),
            }
            say(f"{kind}, {reading}: {result[kind]['readings'][reading]}")
    return result


def _is_right(model: LanguageModel, one: Problem) -> bool:
    """Tell whether the model itself would answer so."""
    before = one.prompt + one.response.removesuffix(f" {one.answer}")
    text = model.tokens.spelled(model.generate(before, 2).target_ids)
    return text.strip()[:1] == one.answer


def table(results: dict[str, Any]) -> str:
    """Return the table of the page."""
    lines = [
        "| model | problems | it answers right | " + " | ".join(READINGS) + " |",
        "|---|---|" + "---|" * (len(READINGS) + 1),
    ]
    for name, kinds in results.items():
        for kind, found in kinds.items():
            cells = [
                f"{one['recovery']:.2f} ({one['rank']:.1f})" for one in found["readings"].values()
            ]
            lines.append(
                f"| {name} | {KINDS[kind]}, {found['problems']} | {found['right']:.0%} | "
                + " | ".join(cells)
                + " |"
            )
    return "\n".join(lines) + "\n"


def filled(page: str, results: dict[str, Any]) -> str:
    """Return the page with its table between its two marks replaced."""
    begin, end = "<!-- planted -->\n", "<!-- /planted -->"
    head, rest = page.split(begin)
    return f"{head}{begin}\n{table(results)}\n{end}{rest.split(end)[1]}"


def main() -> None:
    """Ask both models, keep the results, and write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--problems", type=int, default=30, help="for each kind and model")
    options.add_argument("--by-hand", action="store_true", help="ask the model made by hand alone")
    chosen = options.parse_args()
    seeds = range(chosen.problems)
    warnings.simplefilter("ignore")
    by_hand = LanguageModel(lookup_model(), lookup_tokenizer())
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    results["made by hand"] = asked(by_hand, ("named", "copied"), seeds, print)
    if not chosen.by_hand:
        results["SmolLM2-135M-Instruct"] = asked(bs.load(), tuple(KINDS), seeds, print)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")


if __name__ == "__main__":
    main()
