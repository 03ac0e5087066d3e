"""Selectors by effect: what demonstrations do to the right answers to questions."""

import random
from collections.abc import Sequence

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.games.estimate import Budget
from bathyscope.games.game import Coalitions, Game
from bathyscope.games.methods import METHODS, estimated
from bathyscope.selection.demonstrations import Gains, Set
from bathyscope.selection.pool import Item
from bathyscope.selection.selector import (
    Choice,
    SelectionRequest,
    Selector,
    candidates_of,
    require_enough,
)


def demonstration_game(gains: Gains, places: Sequence[int]) -> Game:
    """Return the game whose features are demonstrations and whose targets are questions.

    v_q(S) = ln p(right answer to q | demonstrations of S in the order given), in nats.

    Args:
        gains: What sets of demonstrations are worth.
        places: The demonstrations, as positions in the pool.
    """

    def evaluate(coalitions: Coalitions) -> FloatArray:
        sets: list[Set] = [
            tuple(place for place, present in zip(places, row, strict=True) if present)
            for row in coalitions.tolist()
        ]
        return gains.log_probs(sets)

    return Game(len(places), evaluate)


def drawn_candidates(pool: Sequence[Item], asked: SelectionRequest) -> list[int]:
    """Return the positions that compete, in the order of the pool, drawn with the seed.

    Raises:
        InputError: There are fewer than are to be chosen.
    """
    candidates = candidates_of(pool)
    k, most = asked.settings.num, asked.settings.candidates
    require_enough(candidates, k)
    if most < k:
        raise InputError(
            f"{k} demonstrations cannot be chosen among {most} candidates; raise --candidates."
        )
    if len(candidates) <= most:
        return candidates
    return sorted(random.Random(asked.settings.seed).sample(candidates, most))


class Attribution(Selector):
    """The items that attribution credits most.

    Every candidate is a feature of one prompt, every question a target; an item's value is the
    mean over the questions of its Shapley value (or of another method's) for ln p of the right
    answer: data Shapley (Ghorbani & Zou 2019, arXiv 1904.02868) of demonstrations.
    """

    name = "attribution"
    summary = "largest Shapley (or --method) effect on the right answers; needs --questions"
    needs = frozenset({"questions", "model"})

    def choose(self, pool: Sequence[Item], asked: SelectionRequest) -> Choice:
        """Return the items of the largest mean effect, in the order of the pool."""
        settings = asked.settings
        places = drawn_candidates(pool, asked)
        method = METHODS.require(settings.method)
        budget = Budget(settings.budget, seed=settings.seed)
        method.require_affordable(len(places), budget)
        assert asked.gains is not None
        game = demonstration_game(asked.gains(), places)
        estimate = estimated(method, game, budget)
        means = estimate.values.mean(axis=0)
        best = sorted(range(len(places)), key=lambda at: (-means[at], at))[: settings.num]
        error = estimate.whole_target_error
        num = len(asked.questions)
        record = {
            "method": method.name,
            "evaluations": game.num_evaluations,
            "candidates": [pool[at].index for at in places],
            "effects": means.tolist(),
            "sampling_errors": None if error is None else (error / num).tolist(),
            "question_errors": _errors(estimate.values),
            "unit": "nats",
        }
        return Choice([places[at] for at in sorted(best)], record=record)


class Greedy(Selector):
    """Forward selection: each time the item that raises the right answers most.

    Starts with none and appends, beside the question, the candidate with the largest mean ln p of
    the right answers, until there are k; of equal ones the first of the pool.
    """

    name = "greedy"
    summary = "forward selection by ln p of the right answers; needs --questions"
    needs = frozenset({"questions", "model"})

    def choose(self, pool: Sequence[Item], asked: SelectionRequest) -> Choice:
        """Return the items in the order in which they were added."""
        places = drawn_candidates(pool, asked)
        assert asked.gains is not None
        gains = asked.gains()
        chosen: Set = ()
        path = [float(gains.log_probs([chosen]).mean())]
        while len(chosen) < asked.settings.num:
            longer = [(*chosen, place) for place in places if place not in chosen]
            stage = f"add demonstration {len(chosen) + 1} of {asked.settings.num}"
            means = gains.log_probs(longer, stage).mean(axis=1)
            chosen = longer[int(means.argmax())]
            path.append(float(means.max()))
        record = {
            "candidates": [pool[at].index for at in places],
            "log_probs": path,
            "unit": "nats",
        }
        return Choice(chosen, record=record)


def _errors(values: FloatArray) -> list[float] | None:
    """Return standard errors of the means over questions; None of one question."""
    if len(values) < 2:
        return None
    errors: list[float] = (values.std(axis=0, ddof=1) / np.sqrt(len(values))).tolist()
    return errors
