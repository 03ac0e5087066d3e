"""Facts of interactions: what features do together."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bathyscope.description.facts.attribution import ROUNDING, Asked, Sampling, asked, sampling
from bathyscope.description.facts.grid import AxisFacts, Cell, Gaps, Grid, gaps, grid
from bathyscope.description.facts.map import MeasuredQuantity, measured
from bathyscope.description.facts.parts import MOST_LEADING
from bathyscope.description.facts.spread import Spread, not_near_zero, spread
from bathyscope.runs.interactions import InteractionRun


@dataclass(frozen=True)
class InteractionFacts:
    """Facts of an interaction map.

    Attributes:
        asked: What was asked of which model.
        quantity: What a cell measures.
        features: Both axes.
        gaps: Cells without a finite number, left out of everything else; None where there are none.
        sampling: How exact it is; None where nothing was sampled.
        alone: The diagonal: each feature's Shapley value, in the order of the prompt.
        pairs: Each pair once, the cells above the diagonal: how they are spread; None without.
        complements: The clearly positive pairs that are not near zero, the largest first, at most
            `MOST_LEADING`.
        replacements: The clearly negative ones, the most negative first, likewise.
        asymmetry: The largest difference between a cell and its mirror image at the diagonal.
        mirrored: Whether that is rounding: at most `ROUNDING` of the largest size.
    """

    asked: Asked
    quantity: MeasuredQuantity
    features: AxisFacts
    gaps: Gaps | None
    sampling: Sampling | None
    alone: tuple[Cell, ...]
    pairs: Spread | None
    complements: tuple[Cell, ...]
    replacements: tuple[Cell, ...]
    asymmetry: float
    mirrored: bool
    kind: ClassVar[str] = InteractionRun.kind


def interaction_facts(run: InteractionRun) -> InteractionFacts:
    """Return what can be said of an interaction map."""
    values = run.heatmap.values
    diagonal = grid(run.heatmap, run.margin, np.eye(len(values), dtype=bool))
    pairs = grid(run.heatmap, run.margin, np.triu(np.ones(values.shape, dtype=bool), k=1))
    mirrored = values - values.T
    asymmetry = float(np.abs(mirrored[np.isfinite(mirrored)]).max(initial=0.0))
    largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
    return InteractionFacts(
        asked=asked(run),
        quantity=measured(run.heatmap.quantity),
        features=diagonal.columns,
        gaps=gaps(run.heatmap, diagonal.rows, diagonal.columns),
        sampling=sampling(run),
        alone=diagonal.cells(diagonal.counted),
        pairs=spread(pairs),
        complements=_strongest(pairs, 1.0),
        replacements=_strongest(pairs, -1.0),
        asymmetry=asymmetry,
        mirrored=asymmetry <= ROUNDING * largest,
    )


def _strongest(pairs: Grid, sign: float) -> tuple[Cell, ...]:
    found = pairs.cells(pairs.clear & (sign * pairs.effects > 0) & not_near_zero(pairs))
    return tuple(sorted(found, key=lambda cell: -sign * cell.value)[:MOST_LEADING])
