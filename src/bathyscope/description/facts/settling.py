"""Facts of settling depths without their map."""

from dataclasses import dataclass
from typing import ClassVar

from bathyscope.description.facts.depth import SettledText, settled_text
from bathyscope.description.facts.map import sides
from bathyscope.runs.settling import SettlingRun


@dataclass(frozen=True)
class SettlingFacts(SettledText):
    """Facts of settling depths.

    Attributes:
        num_layers: Layers of the model; None in runs of before they were recorded.
    """

    num_layers: int | None
    kind: ClassVar[str] = SettlingRun.kind


def settling_facts(run: SettlingRun) -> SettlingFacts:
    """Return what can be said of settling depths."""
    tokens = sides(run.heatmap)[1]
    return SettlingFacts(**vars(settled_text(run, tokens)), num_layers=run.num_layers)
