"""Where on the path integrated gradients are read: rules of integration beside each other.

    python -m benchmarks.path_nodes --output benchmarks/results/path_nodes.json

Three prompts, from the zero embedding, at 16 and 32 points: how far the features' sum misses the
difference between the ends (the gap). `--page` writes the table into docs/attribution.md.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import bathyscope as bs
from bathyscope.attribution.gradients import shares_of_tokens
from bathyscope.core.heatmap import FloatArray
from bathyscope.model.path_gradients import path_integrand
from benchmarks.ratios import machine
from benchmarks.report import hand_over, rewrite, with_table

RESULTS = Path(__file__).parent / "results" / "path_nodes.json"
PAGE = Path(__file__).parents[1] / "docs" / "attribution.md"
BEGIN, END = "<!-- benchmarks.path_nodes -->\n", "<!-- end of path_nodes -->\n"

PROMPTS = {
    "capitals": (
        "The capital of [[France]] is [[Paris]]. The capital of [[Italy]] is",
        " Rome",
    ),
    "opposites": ("The opposite of [[hot]] is [[cold]]. The opposite of [[big]] is", " small"),
    "sums": ("Q: [[9 + 3]]?\nA: [[12]].\n\nQ: [[8 / 2]]?\nA:", " 4"),
}
POINTS = (16, 32)

Read = Callable[[FloatArray], FloatArray]
"""From points on the path to the integrand of each feature there, (wanted, points, features)."""


def weighted(read: Read, points: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the integral by a rule, (wanted, features)."""
    found: FloatArray = np.einsum("wpf,p->wf", read(points), weights)
    return found


def evenly(read: Read, count: int) -> FloatArray:
    """Return the integral by the middles of equal parts."""
    return weighted(read, (np.arange(count) + 0.5) / count, np.full(count, 1 / count))


def gauss(read: Read, count: int) -> FloatArray:
    """Return the integral by Gauss–Legendre."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return weighted(read, (points + 1) / 2, weights / 2)


def gauss_in_parts(read: Read, count: int) -> FloatArray:
    """Return the integral by two Gauss–Legendre points in each of equal parts."""
    points, weights = np.polynomial.legendre.leggauss(2)
    parts = count // 2
    at = (np.arange(parts)[:, None] + (points + 1) / 2) / parts
    return weighted(read, at.reshape(-1), np.tile(weights / 2 / parts, parts))


def crowded(power: int, rule: str) -> Callable[[Read, int], FloatArray]:
    """Return a rule in u where α = u^power, whose points crowd at the baseline."""

    def integral(read: Read, count: int) -> FloatArray:
        points, weights = (np.arange(count) + 0.5) / count, np.full(count, 1 / count)
        if rule == "gauss":
            points, weights = np.polynomial.legendre.leggauss(count)
            points, weights = (points + 1) / 2, weights / 2
        return weighted(read, points**power, weights * power * points ** (power - 1))

    return integral


def near_the_baseline(read: Read, count: int) -> FloatArray:
    """Return the integral by midpoints of which half lie below α = 0.1."""
    half = count // 2
    even = (np.arange(half) + 0.5) / half
    points = np.concatenate([0.1 * even, 0.1 + 0.9 * even])
    return weighted(read, points, np.repeat([0.1 / half, 0.9 / half], half))


def refined(read: Read, count: int) -> FloatArray:
    """Return the integral by midpoints of parts that are cut in three where it changes most.

    It begins with half of the points; a part whose integrand differs most from its neighbours',
    times its width, keeps its point and gets two more.
    """
    parts = [(i / (count // 2), 1 / (count // 2)) for i in range(count // 2)]
    found = dict(zip(parts, np.moveaxis(read(_middles(parts)), 1, 0), strict=True))
    while len(found) + 2 <= count:
        order = sorted(found)
        values = np.stack([found[part] for part in order])
        steps = np.abs(np.diff(values, axis=0)).sum(axis=(1, 2))
        change = np.maximum(np.append(steps, 0), np.insert(steps, 0, 0))
        chosen = order[int(np.argmax(change * [width for _, width in order]))]
        kept, (begin, width) = found.pop(chosen), chosen
        third = width / 3
        found[begin + third, third] = kept
        sides = [(begin, third), (begin + 2 * third, third)]
        found |= dict(zip(sides, np.moveaxis(read(_middles(sides)), 1, 0), strict=True))
    total: FloatArray = np.sum([width * value for (_, width), value in found.items()], axis=0)
    return total


def _middles(parts: list[tuple[float, float]]) -> FloatArray:
    return np.array([begin + width / 2 for begin, width in parts])


RULES: dict[str, Callable[[Read, int], FloatArray]] = {
    "evenly (midpoints)": evenly,
    "Gauss–Legendre": gauss,
    "Gauss–Legendre, two points in equal parts": gauss_in_parts,
    "midpoints, α = u³": crowded(3, "midpoints"),
    "Gauss–Legendre, α = u³": crowded(3, "gauss"),
    "half of the points below α = 0.1": near_the_baseline,
    "refined where it changes": refined,
}


def measured(model: bs.LanguageModel, name: str) -> dict[str, Any]:
    """Return what each rule makes of a prompt: gap and largest error of a feature, nats."""
    text, target = PROMPTS[name]
    prompt = bs.Prompt.marked(text)
    continuation = model.tokens.continuation(prompt.text, target)
    spans = model.tokens.prompt_spans(prompt.text, continuation)
    shares = shares_of_tokens(spans, prompt.features)
    later = len(continuation.target_ids) - 1
    moved = [*(shares.sum(1) > 0).tolist(), *[False] * later]
    ids = continuation.prompt_ids + continuation.target_ids[:-1]
    first = len(continuation.prompt_ids) - 1
    wanted = [(first + t, id) for t, id in enumerate(continuation.target_ids)]
    path = path_integrand(model, ids, wanted, "logprob", moved, "zero", lambda: None)

    def read(points: FloatArray) -> FloatArray:
        found: FloatArray = path.products(points)[:, :, : len(spans)] @ shares
        return found

    at_end, at_start = path.ends()

    def gap(values: FloatArray) -> float:
        return float(np.abs(at_end - at_start - values.sum(1)).max())

    return {
        "tokens": len(ids),
        "targets": len(wanted),
        "difference": float(np.abs(at_end - at_start).max()),
        "gaps": {
            rule: {str(count): gap(of(read, count)) for count in POINTS}
            for rule, of in RULES.items()
        },
    }


def table(found: Mapping[str, Any]) -> str:
    """Return the table of docs/attribution.md."""
    return "\n".join(_lines(found["prompts"])) + "\n"


def _lines(prompts: Mapping[str, Any]) -> Iterator[str]:
    heads = [f"{name} {count}" for name in prompts for count in POINTS]
    yield f"| points | {' | '.join(heads)} |"
    yield "|---|" + "---|" * len(heads)
    for rule in RULES:
        gaps = [prompts[name]["gaps"][rule][str(count)] for name in prompts for count in POINTS]
        said = [f"{gap:.2f}" for gap in gaps]
        yield f"| {rule} | {' | '.join(said)} |"
    ends = [f"{prompts[name]['difference']:.1f}" for name in prompts for _ in POINTS]
    yield f"| *what is to be explained* | {' | '.join(ends)} |"


def page(text: str, found: Mapping[str, Any]) -> str:
    """Return the page with the table in its place."""
    return with_table(text, BEGIN, table(found), END)


def main() -> None:
    """Measure, print and write; or write the page from the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", nargs="*", default=[*PROMPTS], choices=[*PROMPTS])
    parser.add_argument("--output", type=Path, help="results of other prompts in it are kept")
    parser.add_argument("--page", action="store_true", help="write the table into the docs")
    chosen = parser.parse_args()
    if chosen.page:
        return rewrite(PAGE, RESULTS, page)
    known: dict[str, Any] = {}
    if chosen.output is not None and chosen.output.exists():
        known = json.loads(chosen.output.read_text(encoding="utf-8"))["prompts"]
    model = bs.load()
    for name in chosen.prompts:
        known[name] = measured(model, name)
        prompts = {one: known[one] for one in PROMPTS if one in known}
        facts = {"machine": machine(("torch", "transformers")), "prompts": prompts}
        hand_over(facts, chosen.output)


if __name__ == "__main__":
    main()
