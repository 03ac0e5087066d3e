"""Do the readings of a chain find the step that an answer depends on? `make planted`.

Problems with a known answer: a few facts about named numbers, of which one or two are needed and
the others are like them in form. `python -m benchmarks.planted` asks every reading on the embedded
model and on one that was made by hand to need exactly these steps, and writes the table of
docs/chain.md. It goes on where it was cut off: remove benchmarks/results/planted.json to ask anew.
"""

import argparse
import json
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import mean
from tempfile import gettempdir
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

import bathyscope as bs
from bathyscope.model.language_model import LanguageModel
from benchmarks.lookup_model import NAMES, lookup_model, lookup_tokenizer
from benchmarks.report import with_table

ROOT = Path(__file__).parents[1]
RESULTS, PAGE = ROOT / "benchmarks" / "results" / "planted.json", ROOT / "docs" / "chain.md"
SHARE = 0.1
"""Recovery is read among this share of the steps, at least one."""

STEPS, ANSWER = r"regex:[^.\s][^.]*\.", r"regex:So \w = (?:[^.]*= )?(\d)"
FIRST_ANSWER = ANSWER.replace("regex:", r"regex:(?s)\A.*?")
"""Of a text that goes on behind its answer."""
BY_HAND, BUNDLED = "made by hand", "SmolLM2-135M-Instruct"

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """A reading of a problem.

    Attributes:
        options: How it is asked.
        scores: What it says of every column, for the answer.
        parts: Whether it says something of parts of the prompt; else of steps alone.
        most: How many problems of a kind it is asked of; None for all.
        writes: Whether the model writes, which it must know the form for.
    """

    options: Mapping[str, Any]
    scores: Callable[[bs.ChainRun], Scores]
    parts: bool = True
    most: int | None = None
    writes: bool = False


def _values(run: bs.ChainRun) -> Scores:
    values: Scores = run.heatmap.values[-1]
    return values


def _beside(name: str, sign: int = 1) -> Callable[[bs.ChainRun], Scores]:
    return lambda run: sign * run.beside[name].values[-1]


def _through(run: bs.ChainRun) -> Scores:
    assert run.total is not None
    return run.total.through


_SHAPLEY, _UNSEEN = {"method": "shapley"}, {"reading": "suppression"}
_REWRITTEN = {
    "reading": "resampling", "similarity": "words", "n": 20, "max_new_tokens": 60, "seed": 1,
    "answer": FIRST_ANSWER,
}  # fmt: skip
READINGS = {
    "deletion, leave-one-out": Reading(_SHAPLEY, _beside("leave_one_out")),
    "deletion, Shapley": Reading(_SHAPLEY, _values),
    "multi-hop total": Reading(_SHAPLEY, _through),
    "suppression, KL": Reading(_UNSEEN, _values),
    "suppression, ln p": Reading(_UNSEEN, _beside("log_prob_change", -1)),
    "suppression, as published": Reading(
        _UNSEEN | {"variant": "thought_anchors"}, _values, parts=False
    ),
    "resampling, KL": Reading(_REWRITTEN, _values, parts=False, most=6, writes=True),
}

KINDS = {
    "named": "the answer stands in the step (`y = 9.`)",
    "stated": "the step computes it and says it (`y = x + 2 = 9.`)",
    "copied": "two steps are needed (`x = 7.`, `y = x.`)",
    "computed": "two steps are needed, and a sum (`x = 7.`, `y = x + 2.`)",
    "passed on": "a fact in the prompt (`x = 7.`), which a step repeats (`y = x = 7.`)",
}
OF = {BY_HAND: ("named", "copied", "passed on"), BUNDLED: ("stated", "computed", "passed on")}
"""Which problems each model is asked."""
MODELS: dict[str, Callable[[], LanguageModel]] = {
    BY_HAND: lambda: LanguageModel(lookup_model(), lookup_tokenizer()),
    BUNDLED: bs.load,
}


@dataclass(frozen=True)
class Problem:
    """A question about named numbers.

    Attributes:
        prompt: What stands before the steps; its facts, if any, are its features.
        response: The steps, and the answer behind its lead-in.
        needed: Which columns the answer depends on, the one that names it last: steps, or, where
            the prompt has facts, those.
        answer: One digit, which no other step holds.
    """

    prompt: bs.Prompt
    response: str
    needed: tuple[int, ...]
    answer: str


def problem(seed: int, kind: str, distractors: int = 4) -> Problem:
    """Return a problem: the same for the same seed, kind and number of distractors."""
    rng = random.Random(f"{kind} {seed} {distractors}")
    x, y, *others = rng.sample(NAMES, 2 + distractors)
    more = rng.randint(1, 3) if kind in ("stated", "computed") else 0
    first = rng.randint(1, 9 - more)
    answer = first + more
    if kind == "passed on":
        return _passed_on(rng, (x, y, *others), answer)
    last = {
        "named": f"{y} = {answer}.",
        "copied": f"{y} = {x}.",
        "stated": f"{y} = {x} + {more} = {answer}.",
        "computed": f"{y} = {x} + {more}.",
    }[kind]
    needed = [last] if kind == "named" else [f"{x} = {first}.", last]
    lines = _shuffled(rng, needed, _distractors(rng, kind, others, answer))
    where = [lines.index(one) for one in needed]
    names = where[-1:] if kind in ("named", "stated") else where
    response = " ".join([*lines, f"So {y} = {answer}"])
    return Problem(bs.Prompt(f"Find {y}: "), response, tuple(names), str(answer))


def _passed_on(rng: random.Random, names: Sequence[str], answer: int) -> Problem:
    """Return a problem whose facts are parts of the prompt, and whose steps repeat two of them."""
    x, y, *others = names
    facts = [f"{x} = {answer}.", *_distractors(rng, "named", others, answer)]
    rng.shuffle(facts)
    other = next(fact for fact in facts if not fact.startswith(x))
    steps = [f"{y} = {x} = {answer}.", f"{rng.choice(_free(names))} = {other}"]
    rng.shuffle(steps)
    prompt = bs.Prompt.marked(f"Find {y}: " + " ".join(f"[[{fact}]]" for fact in facts) + " ")
    response = " ".join([*steps, f"So {y} = {answer}"])
    return Problem(prompt, response, (facts.index(f"{x} = {answer}."),), str(answer))


def _free(names: Sequence[str]) -> list[str]:
    return [name for name in NAMES if name not in names]


def _distractors(rng: random.Random, kind: str, names: Sequence[str], answer: int) -> list[str]:
    """Return statements of the same forms about other names, without the answer in them."""
    free = [digit for digit in range(1, 10) if digit != answer]
    lines, before = [], ("", 0)
    for index, name in enumerate(names):
        if index % 2 == 0 or kind == "named":
            before = name, rng.choice(free)
            lines.append(f"{name} = {before[1]}.")
        elif kind == "copied":
            lines.append(f"{name} = {before[0]}.")
        else:
            sums = [e for e in (1, 2, 3) if e != answer and before[1] + e in free] or [0]
            more = rng.choice(sums)
            tail = f" = {before[1] + more}" if kind == "stated" else ""
            lines.append(f"{name} = {before[0]} + {more}{tail}.")
    return lines


def _shuffled(rng: random.Random, needed: list[str], rest: list[str]) -> list[str]:
    """Return the statements in a random order that keeps that of each list."""
    own = sorted(rng.sample(range(len(needed) + len(rest)), len(needed)))
    lines = list(rest)
    for place, line in zip(own, needed, strict=True):
        lines.insert(place, line)
    return lines


def solved(kind: str, count: int = 3) -> str:
    """Return problems that are asked of nobody, with their answers, one a line."""
    ones = [problem(-seed, kind) for seed in range(1, count + 1)]
    return "".join(f"{one.prompt.text}{one.response}.\n" for one in ones)


def scores(
    model: LanguageModel, one: Problem, readings: Sequence[str], before: str = ""
) -> dict[str, Scores]:
    """Return what each reading says of each part of the prompt, or of each step, for the answer.

    Args:
        model: The model.
        one: The problem.
        readings: Names of readings.
        before: What shows the form to a model that has to write.
    """
    runs: dict[str, bs.ChainRun] = {}
    found = {}
    for name in readings:
        reading = READINGS[name]
        key = json.dumps(dict(reading.options))
        if key not in runs:
            asked = {"steps": STEPS, "answer": ANSWER, **reading.options}
            prompt = bs.Prompt(before + one.prompt.text) if reading.writes else one.prompt
            runs[key] = bs.chain(model, prompt, one.response, **asked)
        parts = len(one.prompt.features)
        values = np.nan_to_num(reading.scores(runs[key]))
        found[name] = values[:parts] if parts else values[runs[key].parts :]
    return found


def asked_of(kind: str) -> list[str]:
    """Return the readings that say something of a kind of problem.

    Where there are no parts of the prompt, no share can end on one.
    """
    if kind == "passed on":
        return [name for name, reading in READINGS.items() if reading.parts]
    return [name for name in READINGS if name != "multi-hop total"]


def judged(found: Scores, needed: Sequence[int]) -> tuple[float, int]:
    """Return recovery among the first `SHARE` of the steps, and the naming step's rank, from 1.

    Recovery: the needed steps among the highest of ⌈share · steps⌉, over as many as could be. Equal
    scores count as ranked behind.
    """
    ranks = [int((found >= found[step]).sum()) for step in range(len(found))]
    most = ceil(SHARE * len(found))
    recovered = sum(ranks[step] <= most for step in needed)
    return recovered / min(most, len(needed)), ranks[needed[-1]]


def ask(
    name: str, model: LanguageModel, kind: str, count: int, only: str, say: Callable[[str], None]
) -> None:
    """Ask a model what is not yet known of one kind of problem, and keep it problem by problem."""
    before = solved(kind) if name == BUNDLED else ""
    for index in range(count):
        one, found = problem(index, kind), known().get(name, {}).get(kind, _NOTHING)
        missing = [
            reading
            for reading in asked_of(kind)
            if only in reading
            and len(found["readings"].get(reading, ())) <= index < (READINGS[reading].most or count)
        ]
        if not missing:
            continue
        judgements = {
            reading: judged(numbers, one.needed)
            for reading, numbers in scores(model, one, missing, before).items()
        }
        right = _is_right(model, one) if len(found["right"]) <= index else None
        keep(name, kind, judgements, right)
        say(f"{name}, {kind}, {index + 1} of {count}")


_NOTHING: dict[str, Any] = {"right": [], "readings": {}}


def known() -> dict[str, Any]:
    """Return what is known: of each model and kind which problems it answers right, in order.

    And of each reading recovery and rank in each problem.
    """
    return json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}


def keep(
    name: str, kind: str, judgements: Mapping[str, tuple[float, int]], right: bool | None
) -> None:
    """Put what was found of a further problem into the results, in their order, and the page."""
    with FileLock(Path(gettempdir()) / "bathyscope-planted.lock"):
        results = known()
        found = results.setdefault(name, {}).setdefault(kind, {"right": [], "readings": {}})
        found["right"] += [] if right is None else [right]
        for reading, pair in judgements.items():
            found["readings"].setdefault(reading, []).append(list(pair))
        ordered = {
            model: {one: results[model][one] for one in kinds if one in results.get(model, {})}
            for model, kinds in OF.items()
        }
        RESULTS.write_text(json.dumps(ordered) + "\n", encoding="utf-8")
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), ordered), encoding="utf-8")


def _is_right(model: LanguageModel, one: Problem) -> bool:
    """Tell whether the model itself would answer so."""
    before = one.prompt.text + one.response.removesuffix(f" {one.answer}")
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
            count, right = len(found["right"]), mean(found["right"])
            cells = [_cell(found["readings"].get(reading, ()), count) for reading in READINGS]
            lines.append(
                f"| {name} | {KINDS[kind]}, {count} | {right:.0%} | " + " | ".join(cells) + " |"
            )
    return "\n".join(lines) + "\n"


def _cell(pairs: Sequence[Sequence[float]], problems: int) -> str:
    if not pairs:
        return "–"
    recovery, rank = (mean(numbers) for numbers in zip(*pairs, strict=True))
    of = "" if len(pairs) == problems else f", of {len(pairs)}"
    return f"{recovery:.2f} ({rank:.1f}{of})"


def filled(page: str, results: dict[str, Any]) -> str:
    """Return the page with its table between its two marks replaced."""
    begin, end = "<!-- planted -->\n", "<!-- /planted -->"
    return with_table(page, begin, f"\n{table(results)}\n", end)


def main() -> None:
    """Ask the models what is not yet known, keep the results, and write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--problems", type=int, default=30, help="for each kind and model")
    options.add_argument("--model", choices=list(OF), help="this model alone")
    options.add_argument("--only", default="", help="readings with this in their name alone")
    options.add_argument("--kind", choices=list(KINDS), help="these problems alone")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    bs.progress(False)
    for name, kinds in OF.items():
        if chosen.model not in (None, name):
            continue
        model = MODELS[name]()
        for kind in kinds:
            if chosen.kind in (None, kind):
                ask(name, model, kind, chosen.problems, chosen.only, print)


if __name__ == "__main__":
    main()
