"""Prompts of our own wording after which a model writes the operator by itself.

    python -m benchmarks.operators --output benchmarks/results/operators.json

Each prompt has four worked examples, one for each operator, and an open question. Prompts are drawn
from the scenes below by a seed, until after one the model's greedy answer is the whole sum that the
question asks for, its operator included: once for a division, once for a multiplication. These two
are the demo's prompts. Nothing else decides, above all not what the map of a prompt looks like.
"""

import argparse
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import bathyscope as bs
from benchmarks.report import hand_over

SEED, MOST = 1, 200
TOKENS = 16

SCENES = {
    "+": (
        "{name} has {a} {thing} and finds {b} more. How many {thing} does {name} have?",
        "A jar holds {a} {thing}, a bag {b}. How many {thing} are there in both?",
        "{name} buys {a} {thing} today and {b} tomorrow. How many {thing} is that?",
    ),
    "-": (
        "{name} has {a} {thing} and gives away {b}. How many {thing} are left?",
        "Of {a} {thing} in a jar, {b} are broken. How many {thing} are whole?",
        "{name} had {a} {thing} and lost {b}. How many {thing} does {name} still have?",
    ),
    "x": (
        "{b} bags hold {a} {thing} each. How many {thing} are there?",
        "{name} fills {b} jars with {a} {thing} each. How many {thing} are in the jars?",
        "There are {b} rows of {a} {thing}. How many {thing} are there?",
    ),
    "/": (
        "{a} {thing} are shared by {b} friends. How many {thing} does each get?",
        "{name} packs {a} {thing} into {b} equal bags. How many {thing} are in a bag?",
        "{a} {thing} stand in {b} equal rows. How many {thing} are in a row?",
    ),
}
NAMES = ("Mia", "Ben", "Zoe", "Ali", "Eva", "Tim")
THINGS = ("shells", "stamps", "pencils", "cherries", "marbles", "buttons", "nuts", "coins")


@dataclass(frozen=True)
class Problem:
    """A question and its sum."""

    question: str
    sum: str


@dataclass(frozen=True)
class Found:
    """A prompt that was tried: its text with marks, the sum it asks for, what the model wrote."""

    prompt: str
    asked: str
    written: str


def problem(random: Random, operator: str) -> Problem:
    """Draw a problem with whole numbers."""
    b, c = random.randint(2, 9), random.randint(2, 9)
    a = {"+": b + c, "-": b + c, "x": c, "/": b * c}[operator]
    result = {"+": a + b, "-": c, "x": a * b, "/": c}[operator]
    first, second = (b, a) if operator == "x" else (a, b)
    words = {"name": random.choice(NAMES), "thing": random.choice(THINGS), "a": a, "b": b}
    question = random.choice(SCENES[operator]).format(**words)
    return Problem(question, f"{first} {operator} {second} = {result}")


def prompts(operator: str, seed: int) -> Iterator[tuple[str, str]]:
    """Yield prompts that ask for an operator, and the sums that they ask for, without end."""
    random = Random(f"{operator} {seed}")
    while True:
        examples = [problem(random, one) for one in SCENES]
        random.shuffle(examples)
        asked = problem(random, operator)
        blocks = [f"Q: {one.question}\nA: [[{one.sum}]].\n\n" for one in examples]
        if all(one.sum != asked.sum for one in examples):  # nothing to copy
            yield "".join(blocks) + f"Q: {asked.question}\nA:", asked.sum


def search(model: bs.LanguageModel, operator: str, seed: int) -> dict[str, Any]:
    """Return the first prompt after which the model writes the sum, and how many were tried.

    Raises:
        SystemExit: There is none among the first `MOST`.
    """
    wrote = 0
    for tried, (prompt, asked) in enumerate(prompts(operator, seed), start=1):
        answer = model.generate(bs.Prompt.marked(prompt).text, TOKENS)
        written = model.tokens.decode(answer.target_ids).partition("\n")[0]
        wrote += re.match(rf" ?\$?[\d.,]+ {re.escape(operator)} [\d.,]+", written) is not None
        if written.strip().removesuffix(".") == asked:
            found = Found(prompt, asked, written)
            return asdict(found) | {"tried": tried, "wrote_the_operator": wrote}
        if tried == MOST:
            raise SystemExit(f"None of {MOST} prompts has the model write {operator!r} itself.")
    raise AssertionError("prompts have no end")


def main() -> None:
    """Search, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--output", type=Path, help="also write what was found as JSON")
    options = parser.parse_args()
    model = bs.load()
    known = model.provenance
    report = {
        "model": {key: known[key] for key in ("name", "sha256", "dtype")},
        "seed": options.seed,
        "division": search(model, "/", options.seed),
        "multiplication": search(model, "x", options.seed),
    }
    hand_over(report, options.output)


if __name__ == "__main__":
    main()
