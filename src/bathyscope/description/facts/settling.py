"""Facts of settling depths without their map."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bathyscope.description.facts.depth import Settled, lens_summary
from bathyscope.description.facts.evidence import Likelihood, likelihood
from bathyscope.description.facts.map import sides
from bathyscope.runs.settling import SettlingRun


@dataclass(frozen=True)
class SettlingFacts:
    """Facts of settling depths.

    Attributes:
        model: Name of the model.
        response: The text that was looked into.
        generated: Whether the model wrote it.
        likelihood: How probable it was; None where that is not known.
        lens: How intermediate layers were read.
        lens_summary: The same in words.
        threshold: Divergence at which a token has settled, bits.
        deep_layer: The first layer that counts as deep.
        settled: Every token with its layer, in the order of the text.
        median_layer: Median of those layers.
        deep: How many tokens settle at the deep layer or later.
        deep_thinking_ratio: Their share, 0..1.
    """

    model: str
    response: str
    generated: bool
    likelihood: Likelihood | None
    lens: str
    lens_summary: str
    threshold: float
    deep_layer: int
    settled: tuple[Settled, ...]
    median_layer: float
    deep: int
    deep_thinking_ratio: float
    kind: ClassVar[str] = SettlingRun.kind


def settling_facts(run: SettlingRun) -> SettlingFacts:
    """Return what can be said of settling depths."""
    said, tokens = run.provenance, sides(run.heatmap)[1]
    depths = run.settling_depth
    return SettlingFacts(
        model=said["model"]["name"],
        response=said["target"],
        generated=said["generated"],
        likelihood=likelihood(run.evidence),
        lens=said["lens"],
        lens_summary=lens_summary(said),
        threshold=said["threshold"],
        deep_layer=said["deep_layer"],
        settled=tuple(
            Settled(tokens.place(index), int(layer)) for index, layer in enumerate(depths)
        ),
        median_layer=float(np.median(depths)),
        deep=int((depths >= said["deep_layer"]).sum()),
        deep_thinking_ratio=run.deep_thinking_ratio,
    )
