"""Credit: whether the demonstration that attribution credits raises accuracy when it is in."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bathyscope.core.heatmap import Axis, FloatArray, Heatmap
from bathyscope.core.ranks import rank_correlation
from bathyscope.games.estimate import Budget
from bathyscope.games.methods import ATTRIBUTION, METHODS, estimated
from bathyscope.selection.effects import demonstration_game
from bathyscope.selection.held_out import Bench, Judged
from bathyscope.selection.paired import of_mean


@dataclass(frozen=True)
class Credit:
    """The attribution map of a set, beside what each demonstration does to accuracy.

    Attributes:
        heatmap: Rows the held-out questions, columns the demonstrations: what each did to ln p of
            the right answer, nats.
        gains: Of each demonstration the accuracy with all minus that without it, at each
            question, shape (demonstrations, questions).
        method: By which method the map was made.
    """

    heatmap: Heatmap
    gains: FloatArray
    method: str

    def to_document(self) -> dict[str, Any]:
        """Return means with half their 95 % intervals over questions, and their rank correlation.

        Spearman's ρ between attribution and gain over the demonstrations; null where one of them
        is the same for all.
        """
        effects = [of_mean(column) for column in self.heatmap.values.T]
        gains = [of_mean(row) for row in self.gains]
        return {
            "method": self.method,
            "demonstrations": [int(label) for label in self.heatmap.columns.labels],
            "attribution": [_both(one) for one in effects],
            "accuracy_gain": [_both(one) for one in gains],
            "rank_correlation": rank_correlation(
                np.array([mean for mean, _ in effects]), np.array([mean for mean, _ in gains])
            ),
        }


def credited(bench: Bench, own: Judged, method: str, budget: Budget) -> Credit:
    """Return the attribution map of a set on held-out questions, and its demonstrations' gains.

    Args:
        bench: The questions.
        own: The set, judged.
        method: Attribution method by name; `shapley` is exact where the budget covers all sets.
        budget: What it may spend.
    """
    used = METHODS.require(method)
    used.require_affordable(len(own.places), budget)
    game = demonstration_game(bench.right_answers, own.places)
    estimate = estimated(used, game, budget)
    without = [own.places[:at] + own.places[at + 1 :] for at in range(len(own.places))]
    judged = bench.judged(without, "sets with one left out")
    right = own.values("accuracy")
    gains = np.array([right - one.values("accuracy") for one in judged])
    provenance = {
        "method": used.name,
        "model": bench.model.provenance,
        "budget": budget.evaluations,
        "seed": budget.seed,
        "value": "ln p(right answer | demonstrations, question, 'The answer is')",
    }
    heatmap = Heatmap(
        estimate.values,
        Axis("question", tuple(problem.id for problem in bench.questions)),
        Axis("demonstration", tuple(str(bench.pool[at].index) for at in own.places)),
        ATTRIBUTION,
        provenance,
    )
    return Credit(heatmap, gains, used.name)


def _both(value: tuple[float, float | None]) -> dict[str, float | None]:
    mean, half = value
    return {"mean": mean, "half_width": half}
