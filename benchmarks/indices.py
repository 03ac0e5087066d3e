"""Banzhaf values and interactions of known games, beside what they were sampled from at first.

python -m benchmarks.indices --output benchmarks/results/indices.json
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.banzhaf import banzhaf, exact_banzhaf
from bathyscope.games.estimate import Budget, Estimate
from bathyscope.games.game import Coalitions
from bathyscope.games.interaction_blocks import by_blocks
from bathyscope.games.interactions import exact_interactions, interactions
from benchmarks.estimators import Estimator, judged
from benchmarks.games import Known, real
from benchmarks.report import hand_over

GAMES = ("demos12", "words12")
BUDGETS = {"Banzhaf values": (300, 1200), "interactions": (1200, 2400)}
"""Evaluations tried: blocks of orders need 800 of twelve features before they know an error."""


def of_banzhaf(known: Known) -> Known:
    """Return a game with its Banzhaf values as what is right."""
    return replace(known, exact=exact_banzhaf(known.game()))


def of_interactions(known: Known) -> Known:
    """Return the game of the sum over all targets with its map of interactions as what is right."""

    def evaluate(coalitions: Coalitions) -> FloatArray:
        whole: FloatArray = known.evaluate(coalitions).sum(axis=1, keepdims=True)
        return whole

    one = replace(known, evaluate=evaluate)
    return replace(one, exact=exact_interactions(one.game()))


def banzhaf_by_means(known: Known, evaluations: int, seed: int) -> Estimate:
    """Return each feature's mean of ±(v(S) − v(complement of S)) over uniform coalitions S."""
    generator = np.random.default_rng(seed)
    some = generator.integers(0, 2, (evaluations // 2, known.features)).astype(np.bool_)
    apart = known.evaluate(some) - known.evaluate(~some)
    return Estimate((apart.T @ np.where(some, 1.0, -1.0)) / len(some))


OTHERS: dict[str, tuple[Callable[[Known], Known], dict[str, Estimator]]] = {
    "Banzhaf values": (
        of_banzhaf,
        {
            "ours": lambda known, n, seed: banzhaf(known.game(), Budget(n, seed=seed)),
            "first": banzhaf_by_means,
        },
    ),
    "interactions": (
        of_interactions,
        {
            "ours": lambda known, n, seed: interactions(known.game(), Budget(n, seed=seed)),
            "first": lambda known, n, seed: by_blocks(known.game(), Budget(n, seed=seed)),
        },
    ),
}
"""By what is asked for: the game with what is right, today's estimator, and the first one."""


def report(seeds: int) -> dict[str, Any]:
    """Return errors, coverage and seconds, for each index, game and number of evaluations."""
    rows = [
        {"index": index, "game": name, "evaluations": evaluations}
        | {by: judged(of(real(name)), one, evaluations, seeds) for by, one in pair.items()}
        for index, (of, pair) in OTHERS.items()
        for name in GAMES
        for evaluations in BUDGETS[index]
    ]
    return {"seeds": seeds, "rows": rows}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    hand_over(report(asked.seeds), asked.output)


if __name__ == "__main__":
    main()
