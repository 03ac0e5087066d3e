"""How much text evaluations share: of pairs, and of the random orders they are compared with.

    python -m benchmarks.sharing --output benchmarks/results/sharing.json

The demo's prompt, cut into as many features as a game has, under the coalitions of sampled
`shapley` and under those of four times as many of random orders, which is what the goal compares:
tokens of the prefix tree for an evaluation, which is what time goes with.
"""

import argparse
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Budget
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.methods import METHODS
from bathyscope.model.prefix_tree import shared_prefixes
from bathyscope.prompt import Prompt
from benchmarks.estimators import BUDGETS
from benchmarks.games import known_games
from benchmarks.orders import shapley_by_orders
from benchmarks.report import hand_over
from benchmarks.subject import subject

TIMES_AS_MANY, MOST = 4, 4000
"""Evaluations of orders for one of ours; beyond so many little more is shared."""


def drawn(features: int, evaluations: int, *, orders: bool) -> Coalitions:
    """Return the different coalitions that an estimator asks for."""
    asked: list[Coalitions] = []

    def evaluate(coalitions: Coalitions) -> FloatArray:
        asked.append(coalitions)
        return np.zeros((len(coalitions), 1))

    game, budget = Game(features, evaluate), Budget(evaluations)
    if orders:
        shapley_by_orders(game, budget)
    else:
        METHODS["shapley"].estimate(game, budget)
    return np.concatenate(asked)


@cache
def cut(features: int) -> Prompt:
    """Return the demo's prompt, its words before the question in so many features of like size."""
    text = subject().prompt.text
    before = text.rindex("Q:")
    words = [place for place in range(before) if text[place].isspace()]
    ends = [words[round(k * (len(words) - 1) / features)] for k in range(features + 1)]
    bounds = [0, *ends[1:-1], before]
    parts = [text[start:end] for start, end in pairwise(bounds)]
    return Prompt.marked("".join(f"[[{part}]]" for part in parts) + text[before:])


def tokens(features: int, coalitions: Coalitions) -> float:
    """Return the tokens of the tree of some coalitions, for each of them."""
    one, prompt = subject(), cut(features)
    ids = one.target.target_ids
    read = [
        one.model.tokens.under_another_prompt(one.target, prompt.masked(present)) + ids[:-1]
        for present in coalitions.tolist()
    ]
    edges = shared_prefixes(read, [len(ids)] * len(read))
    return sum(edge.num_tokens for edge in edges) / len(read)


def longer(features: int, evaluations: int) -> dict[str, float]:
    """Return the tokens for an evaluation of ours and of orders."""
    others = min(TIMES_AS_MANY * evaluations, MOST, 2**features - 1)
    return {
        "ours": tokens(features, drawn(features, evaluations, orders=False)),
        "orders": tokens(features, drawn(features, others, orders=True)),
    }


def report() -> dict[str, Any]:
    """Return tokens for each game and number of evaluations."""
    games = known_games()
    rows = [
        {"game": name, "evaluations": n} | longer(games[name].features, n)
        for name, budgets in BUDGETS.items()
        for n in budgets
    ]
    return {"rows": rows}


def main() -> None:
    """Count, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    hand_over(report(), parser.parse_args().output)


if __name__ == "__main__":
    main()
