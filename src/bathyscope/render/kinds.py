"""Do words of the template settle earlier than the numbers? Computed, whichever way it falls."""

from dataclasses import dataclass

import numpy as np

from bathyscope.runs import DepthRun

TEMPLATE = frozenset({"the", "is", "."})
OPERATORS = frozenset("+-−–*×x/÷=")


@dataclass(frozen=True)
class Kinds:
    """Two kinds of tokens and how deep they settle.

    Attributes:
        template: How many tokens are template words: `the`, `is` and the full stop.
        template_median: Median of their settling depths, layers.
        completions: How many tokens are digits, or follow an operator.
        completions_median: Median of their settling depths.
    """

    template: int
    template_median: float
    completions: int
    completions_median: float


def kinds(run: DepthRun) -> Kinds | None:
    """Return how deep both kinds settle, or None where the response lacks one of them."""
    words = [label.strip("▁⏎").lower() for label in run.heatmap.columns.labels]
    before = ["", *words[:-1]]
    completed = np.array(
        [word.isdigit() or last in OPERATORS for word, last in zip(words, before, strict=True)]
    )
    template = np.array([word in TEMPLATE for word in words]) & ~completed
    if not template.any() or not completed.any():
        return None
    depths = run.settling_depth
    return Kinds(
        int(template.sum()),
        float(np.median(depths[template])),
        int(completed.sum()),
        float(np.median(depths[completed])),
    )
