"""Held-out questions: whether a choice of demonstrations pays, beside random ones."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.progress import Progress, standard
from bathyscope.problems.problem import Problem
from bathyscope.selection.demonstrations import RightAnswers, Set, asked, shown
from bathyscope.selection.paired import Difference, against
from bathyscope.selection.pool import Item
from bathyscope.selection.selector import candidates_of, require_enough
from bathyscope.selection.written import WrittenAnswer, graded, rule_for, written

if TYPE_CHECKING:
    from bathyscope.model.language_model import LanguageModel

FEWEST_RANDOM = 20
"""Random sets without which no interval is given."""

MEASURES = {
    "accuracy": "share of right answers",
    "log_prob": "ln p of the right answer, nats",
    "format": 'share of answers after "The answer is"',
}
"""What is measured of a set at each question, and its unit."""


@dataclass(frozen=True)
class Judged:
    """Effect of one set of demonstrations on each question.

    Attributes:
        places: Positions in the pool, in the order shown.
        log_probs: ln p of the right answers, shape (questions,), nats.
        answers: What was written to each question.
        prompt_tokens: Tokens of the demonstrations.
    """

    places: Set
    log_probs: FloatArray
    answers: Sequence[WrittenAnswer]
    prompt_tokens: int

    def values(self, measure: str) -> FloatArray:
        """Return a measure at each question, shape (questions,)."""
        if measure == "log_prob":
            return self.log_probs
        name = "is_right" if measure == "accuracy" else "in_format"
        return np.array([float(getattr(answer, name)) for answer in self.answers])

    def to_document(self, pool: Sequence[Item]) -> dict[str, Any]:
        """Return means and costs as plain JSON values."""
        return {
            "demonstrations": [pool[at].index for at in self.places],
            **{measure: float(self.values(measure).mean()) for measure in MEASURES},
            "prompt_tokens": self.prompt_tokens,
            "tokens_written": sum(answer.num_tokens for answer in self.answers),
        }


class Bench:
    """Held-out questions, put to a model after sets of demonstrations.

    Attributes:
        model: The model.
        pool: The items that sets are made of.
        questions: The questions.
        rule: How answers are read off texts, a name of `answer_rules`.
        max_new_tokens: Longest answer.
        seconds_writing: How long all answers so far took to write.
    """

    def __init__(
        self,
        model: "LanguageModel",
        pool: Sequence[Item],
        questions: Sequence[Problem],
        *,
        rule: str | None = None,
        max_new_tokens: int = 128,
        progress: Progress = standard,
    ) -> None:
        """Refuse questions that no interval could be had from."""
        if len(questions) < 2:
            raise InputError(
                f"An evaluation needs at least 2 held-out questions, not {len(questions)}."
            )
        self.model, self.pool, self.questions = model, pool, questions
        self.rule, self.max_new_tokens = rule or rule_for(questions), max_new_tokens
        self.right_answers = RightAnswers(model, pool, questions, progress)
        self.seconds_writing = 0.0
        self._progress = progress

    def judged(self, sets: Sequence[Set], what: str) -> list[Judged]:
        """Return what sets do to the questions.

        Args:
            sets: The sets.
            what: What they are, for progress: "random sets".
        """
        log_probs = self.right_answers.log_probs(sets, f"score right answers, {what}")
        texts = [shown([self.pool[at] for at in one]) for one in sets]
        written = self._written(texts, f"write answers, {what}")
        count = len(self.questions)
        return [
            Judged(one, own, written[row * count : (row + 1) * count], self._length(text))
            for row, (one, own, text) in enumerate(zip(sets, log_probs, texts, strict=True))
        ]

    def _written(self, texts: Sequence[str], stage: str) -> list[WrittenAnswer]:
        """Return what is written to every question after each text, text after text.

        All are written together, for prompts of one length make one batch, whatever their sets.
        """
        began = time.perf_counter()
        prompts = [text + asked(one.question) for text in texts for one in self.questions]
        found = written(self.model, prompts, self.max_new_tokens, self._progress, stage)
        self.seconds_writing += time.perf_counter() - began
        return [
            graded(answer, tokens, problem, self.rule)
            for (answer, tokens), problem in zip(found, [*self.questions] * len(texts), strict=True)
        ]

    def _length(self, text: str) -> int:
        return len(self.model.tokens.encode(text)) if text else 0


def random_sets(pool: Sequence[Item], k: int, count: int, seed: int) -> list[Set]:
    """Return random sets of k items, each item as likely, in random order.

    Raises:
        InputError: Too few are asked for, or there are too few items.
    """
    if count < FEWEST_RANDOM:
        raise InputError(
            f"A choice is compared with at least {FEWEST_RANDOM} random sets, not {count}."
        )
    candidates = candidates_of(pool)
    require_enough(candidates, k)
    draw = random.Random(seed)
    return [tuple(draw.sample(candidates, k)) for _ in range(count)]


def other_orders(places: Set, count: int, seed: int) -> list[Set]:
    """Return further orders of a set, drawn at random, none twice and none its own.

    Fewer than asked for come back where there are no more.
    """
    draw = random.Random(seed)
    found: dict[Set, None] = {}
    possible = min(count, _factorial_up_to(len(places), count + 1) - 1)
    while len(found) < possible:
        order = tuple(draw.sample(places, len(places)))
        if order != places:
            found[order] = None
    return list(found)


def _factorial_up_to(n: int, limit: int) -> int:
    """Return n!, or the limit where that is smaller."""
    product = 1
    for factor in range(2, n + 1):
        product = min(product * factor, limit)
    return product


def differences(own: Judged, others: Sequence[Judged]) -> dict[str, Difference]:
    """Return how a set differs from random ones, by measure."""
    return {
        measure: against(own.values(measure), np.array([one.values(measure) for one in others]))
        for measure in MEASURES
    }


def require_apart(
    items: Sequence[Item], questions: Sequence[Problem], held_out: Sequence[Problem]
) -> None:
    """Refuse held-out questions that were seen: in the choice, or in what may be shown.

    Args:
        items: The whole pool: random sets may show any of it.
        questions: What the choice looked at.
        held_out: What it is judged by.

    Raises:
        InputError: A held-out question is among them.
    """
    seen = {" ".join(item.question.split()): "the pool" for item in items}
    seen |= {" ".join(one.question.split()): "--questions" for one in questions}
    for problem in held_out:
        where = seen.get(" ".join(problem.question.split()))
        if where is not None:
            raise InputError(
                f"The held-out question {problem.id!r} stands in {where} too, so that the "
                "evaluation would judge by what was seen; keep them apart."
            )
