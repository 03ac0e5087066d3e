"""Hundreds of features: what methods make of games whose Shapley values are known.

    python -m benchmarks.hundreds --output benchmarks/results/hundreds.json

`owen` beside `surrogate`, `leave_one_out` and sampled `shapley`, on games of 200 and 500 features
in which few matter, many matter little, effects cancel between neighbours, or need one another.
`--page` writes the table into docs/attribution.md.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.methods import METHODS
from benchmarks.report import hand_over, rewrite, with_table

RESULTS = Path(__file__).parent / "results" / "hundreds.json"
PAGE = Path(__file__).parents[1] / "docs" / "attribution.md"
BEGIN, END = "<!-- benchmarks.hundreds -->\n", "<!-- end of hundreds -->\n"

TARGETS = 3
FEATURES = (200, 500)
BUDGETS: dict[str, tuple[int | None, ...]] = {
    "owen": (400, 1000, None),
    "surrogate": (400, 1000),
    "leave_one_out": (None,),
    "shapley": (None,),
}
"""Evaluations tried; None is what a method takes of itself: `owen` the default budget and
tolerance, the others the fewest they work with."""

SEEDS = {"shapley": 2}
"""Seeds at most, of a method that takes minutes."""

LARGEST = 10


@dataclass(frozen=True)
class Planted:
    """A game that is a sum of conjunctions: AND of the features of each term.

    Attributes:
        terms: Features of each term.
        worth: What each term is worth to each target, shape (terms, targets).
        features: How many features there are.
    """

    terms: list[tuple[int, ...]]
    worth: FloatArray
    features: int

    def values(self, coalitions: Coalitions) -> FloatArray:
        """Return the values of coalitions, (n, targets)."""
        held = [coalitions[:, list(term)].all(axis=1) for term in self.terms]
        return np.asarray(np.stack(held, axis=1).astype(np.float64) @ self.worth)

    @property
    def exact(self) -> FloatArray:
        """Shapley values: each term is shared evenly by its features; (targets, features)."""
        found = np.zeros((self.worth.shape[1], self.features))
        for term, worth in zip(self.terms, self.worth, strict=True):
            found[:, list(term)] += worth[:, None] / len(term)
        return found


def planted(kind: str, features: int, seed: int) -> Planted:
    """Return a game of a kind, the same for the same seed."""
    rng = np.random.default_rng([seed, features, list(KINDS).index(kind)])
    terms, worth = KINDS[kind](rng, features)
    return Planted(terms, np.array(worth), features)


Terms = tuple[list[tuple[int, ...]], list[FloatArray]]


def _sizes(rng: np.random.Generator, count: int) -> list[FloatArray]:
    """Return effects of 0.4 to 1.5 nats, of one sign in all targets."""
    signs = rng.choice([-1.0, 1.0], (count, 1))
    return [*(signs * rng.uniform(0.4, 1.5, (count, TARGETS)))]


def _single(rng: np.random.Generator, features: int) -> Terms:
    at = rng.choice(features, LARGEST, replace=False)
    return [(int(one),) for one in at], _sizes(rng, LARGEST)


def _background(rng: np.random.Generator, features: int) -> Terms:
    terms, worth = _single(rng, features)
    small = [*rng.normal(0, 0.02, (features, TARGETS))]
    return terms + [(one,) for one in range(features)], worth + small


def _cancelling(rng: np.random.Generator, features: int) -> Terms:
    first = rng.choice(features // 2, LARGEST // 2, replace=False) * 2
    sizes = _sizes(rng, LARGEST // 2)
    terms: list[tuple[int, ...]] = [(int(one) + side,) for one in first for side in (0, 1)]
    return terms, [sign * size for size in sizes for sign in (1, -1)]


def _pairs(near: bool) -> Callable[[np.random.Generator, int], Terms]:
    """Return a maker of five pairs: three that need each other, two that replace each other."""

    def make(rng: np.random.Generator, features: int) -> Terms:
        if near:
            first = rng.choice(features // 2, LARGEST // 2, replace=False) * 2
            pairs = [(int(one), int(one) + 1) for one in first]
        else:
            at = rng.choice(features, LARGEST, replace=False)
            pairs = [(int(one), int(other)) for one, other in at.reshape(-1, 2)]
        terms: list[tuple[int, ...]] = []
        worth: list[FloatArray] = []
        for place, (pair, size) in enumerate(zip(pairs, _sizes(rng, LARGEST // 2), strict=True)):
            terms.append(pair)
            worth.append(2 * size if place < 3 else -2 * size)
            if place >= 3:
                terms += [(pair[0],), (pair[1],)]
                worth += [2 * size, 2 * size]
        return terms, worth

    return make


def _threes(rng: np.random.Generator, features: int) -> Terms:
    at = rng.choice(features, 9, replace=False).reshape(3, 3)
    return [tuple(map(int, one)) for one in at], [3 * size for size in _sizes(rng, 3)]


KINDS: dict[str, Callable[[np.random.Generator, int], Terms]] = {
    "ten single": _single,
    "ten, and all others a little": _background,
    "five neighbours that cancel": _cancelling,
    "five pairs of neighbours": _pairs(near=True),
    "five pairs apart": _pairs(near=False),
    "three threes": _threes,
}


def judged(found: Estimate, known: Planted) -> dict[str, float]:
    """Return error, share of the largest ten that were found, and what the intervals hold."""
    exact, off = known.exact, np.abs(found.values - known.exact)
    size = np.abs(exact).max(axis=0)
    large = np.argsort(-size, kind="stable")[: min(LARGEST, int((size > 0).sum()))]
    own = np.argsort(-np.abs(found.values).max(axis=0), kind="stable")[: len(large)]
    result = {
        "error": float(np.sqrt((off**2).mean())),
        "found": len(set(large.tolist()) & set(own.tolist())) / len(large),
    }
    if found.margin is not None:
        inside = off <= found.margin + 1e-9
        result["coverage"] = float(inside.mean())
        result["coverage_of_largest"] = float(inside[:, large].mean())
        result["margin"] = float(np.median(found.margin))
        result["margin_of_largest"] = float(np.median(found.margin[:, large]))
    if found.group_of is not None:
        alone = np.bincount(found.group_of)[found.group_of] == 1
        result["alone"] = float(alone.sum())
    return result


def asked(method: str, known: Planted, evaluations: int | None, seed: int) -> dict[str, float]:
    """Return what a method makes of a game, and what it cost."""
    game = Game(known.features, known.values)
    fewest = METHODS[method].fewest(known.features)
    budget = Budget(fewest if evaluations is None else evaluations, seed=seed)
    if method == "owen" and evaluations is None:
        budget = Budget(tolerance=0.05, seed=seed)
    begin = time.process_time()
    found = METHODS[method].estimate(game, budget)
    seconds = time.process_time() - begin
    return judged(found, known) | {"evaluations": game.num_evaluations, "seconds": seconds}


def report(kinds: list[str], seeds: int) -> list[dict[str, Any]]:
    """Return the means over seeds, for each game, method and number of evaluations."""
    rows = []
    for kind in kinds:
        for features in FEATURES:
            for method, budgets in BUDGETS.items():
                for evaluations in budgets:
                    if evaluations is None or evaluations >= METHODS[method].fewest(features):
                        rows.append(mean(kind, features, method, evaluations, seeds))
    return rows


def mean(
    kind: str, features: int, method: str, evaluations: int | None, seeds: int
) -> dict[str, Any]:
    """Return the means of what a method makes of the games of some seeds."""
    count = min(seeds, SEEDS.get(method, seeds))
    each = [asked(method, planted(kind, features, s), evaluations, s) for s in range(count)]
    names = sorted(set.intersection(*map(set, each)))
    about = {"game": kind, "features": features, "method": method, "budget": evaluations}
    means = {name: float(np.mean([one[name] for one in each])) for name in names}
    return about | {"seeds": count} | means


def table(found: Mapping[str, Any]) -> str:
    """Return the table of docs/attribution.md."""
    return "\n".join(_lines(found)) + "\n"


COLUMNS: tuple[tuple[str, int | None], ...] = (
    ("owen", 400),
    ("owen", 1000),
    ("owen", None),
    ("surrogate", 400),
    ("surrogate", 1000),
    ("leave_one_out", None),
    ("shapley", None),
)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    heads = [name if count is None else f"{name} {count:,}" for name, count in COLUMNS]
    yield "| game | F | " + " | ".join(f"`{head}`" for head in heads) + " |"
    yield "|---|---|" + "---|" * len(COLUMNS)
    rows = found["rows"]
    for kind, features in dict.fromkeys((row["game"], row["features"]) for row in rows):
        own = {
            (row["method"], row["budget"]): row
            for row in rows
            if (row["game"], row["features"]) == (kind, features)
        }
        cells = [_cell(own.get(column)) for column in COLUMNS]
        yield f"| {kind} | {features} | {' | '.join(cells)} |"


def _cell(row: Mapping[str, Any] | None) -> str:
    """Return error, share found, share of the largest in their intervals, and evaluations."""
    if row is None:
        return "–"
    held = f", {row['coverage_of_largest']:.0%}" if "coverage_of_largest" in row else ""
    free = f" ({row['evaluations']:,.0f})" if row["budget"] is None else ""
    return f"{row['error']:.3f}, {row['found']:.0%}{held}{free}"


def page(text: str, found: Mapping[str, Any]) -> str:
    """Return the page with the table in its place."""
    return with_table(text, BEGIN, table(found), END)


def main() -> None:
    """Measure, print and write; or write the page from the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--games", nargs="*", default=[*KINDS], choices=[*KINDS], metavar="GAME")
    parser.add_argument("--output", type=Path, help="results of other games in it are kept")
    parser.add_argument("--page", action="store_true", help="write the table into the docs")
    chosen = parser.parse_args()
    if chosen.page:
        return rewrite(PAGE, RESULTS, page)
    known = chosen.output is not None and chosen.output.exists()
    before = json.loads(chosen.output.read_text(encoding="utf-8"))["rows"] if known else []
    rows = [row for row in before if row["game"] not in chosen.games]
    rows += report(chosen.games, chosen.seeds)
    rows.sort(key=lambda row: [*KINDS].index(row["game"]))
    return hand_over({"rows": rows}, chosen.output)


if __name__ == "__main__":
    main()
