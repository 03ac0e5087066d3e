"""The report on a choice: what it does to held-out questions, beside random choices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.progress import Progress, standard
from bathyscope.core.settings import Settings
from bathyscope.games.estimate import Budget
from bathyscope.games.methods import METHODS
from bathyscope.problems.problem import Problem
from bathyscope.selection.credit import Credit, credited
from bathyscope.selection.held_out import (
    FEWEST_RANDOM,
    MEASURES,
    Bench,
    Judged,
    differences,
    other_orders,
    random_sets,
    require_apart,
)
from bathyscope.selection.paired import Difference
from bathyscope.selection.select import Selection
from bathyscope.thinking.answer_rules.rules import extractor

if TYPE_CHECKING:
    from bathyscope.model.language_model import LanguageModel

COUNTER_EVIDENCE = (
    "Published findings disagree: arXiv 2404.14812 reports gains of choosing by pattern, arXiv "
    "2506.14641 finds that strong models gain nothing from worked examples but the answers' format."
)
"""What is said beside every report, whichever way it comes out."""


class JudgeOverrides(TypedDict, total=False):
    """Fields of `JudgeSettings` as keywords."""

    random_sets: int
    permute: int
    credit: str | None
    budget: int
    max_new_tokens: int
    answer: str | None
    seed: int


@dataclass(frozen=True)
class JudgeSettings(Settings):
    """Settings of the judgement of a choice.

    Attributes:
        random_sets: With how many random sets it is compared, at least 20.
        permute: In how many further orders it is shown.
        credit: Attribution method by which its demonstrations are credited, and left out one by
            one; None leaves that out.
        budget: Most sets of demonstrations that this method evaluates.
        max_new_tokens: Longest answer.
        answer: Rule of `answer_rules.extractor`; None takes what suits the right answers.
        seed: Of random sets and orders.
    """

    random_sets: int = FEWEST_RANDOM
    permute: int = 0
    credit: str | None = None
    budget: int = 256
    max_new_tokens: int = 128
    answer: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise InputError for what cannot be."""
        if self.random_sets < FEWEST_RANDOM:
            raise InputError(
                f"A choice is compared with at least {FEWEST_RANDOM} random sets, not "
                f"{self.random_sets}."
            )
        if self.permute < 0 or self.max_new_tokens < 1 or self.seed < 0:
            raise InputError(
                "Further orders and the seed are whole numbers from 0 upwards, and an answer has "
                f"at least 1 token; given were {self.permute}, {self.seed}, {self.max_new_tokens}."
            )
        if self.credit is not None:
            METHODS.require(self.credit)
        if self.answer is not None:
            extractor(self.answer)


@dataclass(frozen=True)
class SelectionReport:
    """Effect of a choice of demonstrations on held-out questions.

    Attributes:
        selection: The choice.
        own: What it does.
        others: What each random set does.
        orders: What it does in other orders.
        nothing: What the questions come to without any demonstration.
        differences: By measure, how it differs from random sets, with intervals.
        credit: Its attribution map beside what each demonstration does to accuracy, or None.
        record: What is needed to judge it so again, as plain JSON values.
    """

    selection: Selection
    own: Judged
    others: Sequence[Judged]
    orders: Sequence[Judged]
    nothing: Judged
    differences: dict[str, Difference]
    credit: Credit | None
    record: dict[str, Any]

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        pool = self.selection.pool
        return {
            "chosen": self.own.to_document(pool),
            "without": self.nothing.to_document(pool),
            "differences": {name: one.to_document() for name, one in self.differences.items()},
            "random_sets": [one.to_document(pool) for one in self.others],
            "orders": [one.to_document(pool) for one in self.orders],
            "order_range": self.order_range(),
            "credit": None if self.credit is None else self.credit.to_document(),
            "record": self.record,
        }

    def __repr__(self) -> str:
        """Return what was judged, on one line."""
        accuracy = float(self.own.values("accuracy").mean())
        return (
            f"<SelectionReport: {len(self.selection.places)} demonstrations, accuracy "
            f"{accuracy:.1%}, beside {len(self.others)} random sets>"
        )

    def _repr_markdown_(self) -> str:
        """Return what came out in words."""
        return self.words() + "\n"

    def order_range(self) -> dict[str, list[float]] | None:
        """Return the least and largest mean of each measure over all orders; None of one order."""
        if not self.orders:
            return None
        shown = [self.own, *self.orders]
        means = {name: [float(one.values(name).mean()) for one in shown] for name in MEASURES}
        return {name: [min(of), max(of)] for name, of in means.items()}

    def words(self) -> str:
        """Return what came out in words: differences with their intervals, orders, credit."""
        sentences = [_difference(name, one) for name, one in self.differences.items()]
        ranges = self.order_range()
        if ranges is not None:
            low, high = ranges["accuracy"]
            least, most = ranges["log_prob"]
            sentences.append(
                f"In {len(self.orders) + 1} orders the same demonstrations give accuracies from "
                f"{low:.1%} to {high:.1%} and {least:.3f} to {most:.3f} nats."
            )
        if self.credit is not None:
            sentences.append(_credit(self.credit))
        return " ".join([*sentences, COUNTER_EVIDENCE])


@keywords_checked
def judge_selection(
    selection: Selection,
    held_out: Sequence[Problem],
    *,
    model: "LanguageModel | None" = None,
    questions: Sequence[Problem] = (),
    progress: Progress = standard,
    settings: JudgeSettings | None = None,
    **overrides: Unpack[JudgeOverrides],
) -> SelectionReport:
    """What chosen demonstrations do to held-out questions, beside random ones.

    Every set is put before every question; right answers are scored, and answers are written
    greedily and graded. Costs are tokens and seconds.

    Args:
        selection: The choice.
        held_out: Questions with right answers that neither the pool nor the choice has seen.
        model: A language model; None loads the embedded one.
        questions: What the choice looked at, to be sure that it is apart.
        progress: Told of the steps.
        settings: How to judge; fields may be given as keywords instead.
        **overrides: Fields of `JudgeSettings`.

    Raises:
        InputError: A held-out question was seen, there are too few of them, or too few items for
            random sets.
    """
    chosen = JudgeSettings.chosen(settings, overrides)
    require_apart(selection.pool, questions, held_out)
    sets = random_sets(selection.pool, len(selection.places), chosen.random_sets, chosen.seed)
    if chosen.credit is not None:
        budget = Budget(chosen.budget, seed=chosen.seed)
        METHODS.require(chosen.credit).require_affordable(len(selection.places), budget)
    if model is None:
        from bathyscope.model.loading import load

        model = load(progress=progress)
    bench = Bench(
        model,
        selection.pool,
        held_out,
        rule=chosen.answer,
        max_new_tokens=chosen.max_new_tokens,
        progress=progress,
    )
    own, nothing = bench.judged([selection.places, ()], "the choice and none")
    others = bench.judged(sets, "random sets")
    orders = other_orders(selection.places, chosen.permute, chosen.seed)
    in_orders = bench.judged(orders, "other orders") if orders else []
    credit = None if chosen.credit is None else credited(bench, own, chosen.credit, budget)
    record = {
        "settings": replace(chosen, answer=bench.rule).to_document(),
        "questions": len(held_out),
        "model": model.provenance,
        "seconds_writing": bench.seconds_writing,
        "tokens_scored": bench.right_answers.num_tokens,
    }
    return SelectionReport(
        selection,
        own,
        others,
        in_orders,
        nothing,
        differences(own, others),
        credit,
        record,
    )


def _difference(name: str, one: Difference) -> str:
    """Return how a measure differs, and whether its interval leaves out 0."""
    percent = name != "log_prob"
    number = "{:+.1%}" if percent else "{:+.3f}"
    unit = "" if percent else " nats"
    what = {"accuracy": "Accuracy", "log_prob": "ln p of the right answers", "format": "Format"}
    mean = f"{one.mean:.1%}" if percent else f"{one.mean:.3f} nats"
    beside = f"{what[name]}: {mean}, better than {one.better_than} of {one.of} random sets"
    if one.half_width is None:
        return f"{beside}; all of them are equal here, which says nothing of other questions."
    low, high = one.estimate - one.half_width, one.estimate + one.half_width
    verdict = "no difference is shown" if low <= 0 <= high else "a difference is shown"
    return (
        f"{beside}; the difference from them is {number.format(one.estimate)}{unit}, 95 % interval "
        f"{number.format(low)} to {number.format(high)}: {verdict}."
    )


def _credit(credit: Credit) -> str:
    """Return whether what attribution credits raises accuracy."""
    document = credit.to_document()
    best = int(np.argmax([one["mean"] for one in document["attribution"]]))
    effect, gain = document["attribution"][best], document["accuracy_gain"][best]
    name = document["demonstrations"][best]
    half = "" if gain["half_width"] is None else f" ± {gain['half_width']:.1%}"
    rho = document["rank_correlation"]
    order = (
        "one of the two is the same for all, so that their ranks cannot be compared"
        if rho is None
        else f"over all demonstrations the ranks of both correlate by {rho:+.2f} (Spearman)"
    )
    return (
        f"Attribution ({credit.method}) credits demonstration {name} most, {effect['mean']:+.3f} "
        f"nats of ln p of the right answer; with it in, accuracy is {gain['mean']:+.1%}{half} "
        f"against without it; {order}."
    )
