"""How far estimators of Shapley values are off at equal numbers of evaluations.

    python -m benchmarks.estimators --output benchmarks/results/estimators.json

Sampled `shapley` beside the regression on the same pairs, the random orders that it was sampled
from before, and, where it is installed, shapiq's KernelSHAP. `--page` writes the table into
docs/attribution.md.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.by_regression import shapley_by_regression
from bathyscope.games.draws import draw_by_size
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.methods import METHODS
from bathyscope.games.pair_sample import see
from benchmarks.games import Known, known_games
from benchmarks.orders import shapley_by_orders
from benchmarks.report import hand_over, rewrite, with_table

BUDGETS = {
    "demos12": (134, 150, 600, 1200),
    "words12": (134, 300, 1200),
    "words13": (146, 320, 1280),
    "question11": (122, 300, 1000),
    "labels10": (110, 250, 600),
    "saturating20": (230, 1000, 4000),
    "conjunctions40": (470, 1000, 4000),
}
"""Evaluations tried on each game, the fewest that `shapley` takes first."""

RESULTS = Path(__file__).parent / "results" / "estimators.json"
PAGE = Path(__file__).parents[1] / "docs" / "attribution.md"
BEGIN, END = "<!-- benchmarks.estimators -->\n", "<!-- end -->\n"

Estimator = Callable[[Known, int, int], Estimate]


def process(known: Known, evaluations: int, seed: int) -> Estimate:
    """Return what `shapley` gives."""
    return METHODS["shapley"].estimate(known.game(), Budget(evaluations, seed=seed))


def regression(known: Known, evaluations: int, seed: int) -> Estimate:
    """Return the regression on the same pairs."""
    pairs = draw_by_size(known.features, (evaluations - 2) // 2, seed)
    return shapley_by_regression(see(known.game(), pairs))


def orders(known: Known, evaluations: int, seed: int) -> Estimate:
    """Return the mean over random orders and their reverses."""
    return shapley_by_orders(known.game(), Budget(evaluations, seed=seed))


def kernel_shap(known: Known, evaluations: int, seed: int) -> Estimate:
    """Return shapiq's, one target at a time: it knows games of one."""
    from shapiq.approximator import KernelSHAP

    rows = []
    for target in range(len(known.exact)):

        def value(coalitions: FloatArray, target: int = target) -> FloatArray:
            return known.evaluate(np.asarray(coalitions, dtype=np.bool_))[:, target]

        approximator = KernelSHAP(n=known.features, pairing_trick=True, random_state=seed)
        found = approximator.approximate(evaluations, value)
        rows.append(found.get_n_order_values(1))
    return Estimate(np.stack(rows))


def contestants() -> dict[str, Estimator]:
    """Return the estimators by name."""
    found: dict[str, Estimator] = {"orders": orders, "regression": regression, "shapley": process}
    return found | ({"shapiq": kernel_shap} if find_spec("shapiq") else {})


def judged(known: Known, estimator: Estimator, evaluations: int, seeds: int) -> dict[str, float]:
    """Return root mean squared error, share of cells in their 95 % interval, and seconds."""
    squares, inside, begin = [], [], time.process_time()
    for seed in range(seeds):
        found = estimator(known, evaluations, seed)
        off = np.abs(found.values - known.exact)
        squares.append((off**2).mean())
        if found.margin is not None:
            inside.append((off <= found.margin).mean())
    seconds = (time.process_time() - begin) / seeds
    held = {"coverage": float(np.mean(inside))} if inside else {}
    return {"error": float(np.sqrt(np.mean(squares))), "seconds": seconds} | held


def report(seeds: int) -> dict[str, Any]:
    """Return all of it, for each game and number of evaluations."""
    estimators, games = contestants(), known_games()
    rows = [
        {"game": name, "evaluations": evaluations}
        | {by: judged(games[name], one, evaluations, seeds) for by, one in estimators.items()}
        for name, budgets in BUDGETS.items()
        for evaluations in budgets
    ]
    peer = {"shapiq": version("shapiq")} if "shapiq" in estimators else {}
    return {"seeds": seeds, "versions": {"numpy": np.__version__} | peer, "rows": rows}


def table(found: Mapping[str, Any]) -> str:
    """Return the table of docs/attribution.md."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "| game | evaluations | `shapley` | held | regression | orders | shapiq "
        "| orders would take |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for row in found["rows"]:
        times = (row["orders"]["error"] / row["shapley"]["error"]) ** 2
        peer = f"{row['shapiq']['error']:.4f}" if "shapiq" in row else "–"
        cells = [f"{row[by]['error']:.4f}" for by in ("shapley", "regression", "orders")]
        cells.insert(1, f"{row['shapley']['coverage']:.1%}")
        yield (
            f"| {row['game']} | {row['evaluations']:,} | {' | '.join(cells)} | {peer} "
            f"| {times:.1f} × as many |"
        )


def page(text: str, found: Mapping[str, Any]) -> str:
    """Return the page with the table in its place."""
    return with_table(text, BEGIN, table(found), END)


def main() -> None:
    """Measure, print and write; or write the page from the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--page", action="store_true", help="write the table into the docs")
    asked = parser.parse_args()
    if asked.page:
        return rewrite(PAGE, RESULTS, page)
    return hand_over(report(asked.seeds), asked.output)


if __name__ == "__main__":
    main()
