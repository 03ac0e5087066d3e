"""Two maps and their difference as panels on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bathyscope.core.alignment import Alignment
from bathyscope.core.heatmap import Axis, Heatmap
from bathyscope.render.palette import Scale, scale_of
from bathyscope.runs.comparison import Comparison


@dataclass(frozen=True)
class Panel:
    """One of the maps as it is drawn.

    Attributes:
        name: A, B, or B − A.
        heatmap: The map.
        scale: Its colours; panels with the same scale share a colour bar.
        legend: What stands beside its colour bar.
        alone: Rows and columns that the other map does not have; their labels are bold.
    """

    name: str
    heatmap: Heatmap
    scale: Scale
    legend: str
    alone: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())


def panels_of(comparison: Comparison, palette: str | None = None) -> list[Panel]:
    """Return the panels of a comparison: A, B, and their difference where it is defined.

    A and B have one scale where they have one unit. The difference has it, too, where the unit
    has a sign; otherwise its own, symmetric about 0.

    Raises:
        InputError: The palette is not known.
    """
    a, b = comparison.maps
    difference = comparison.difference
    alone = [(_alone(comparison.rows, side), _alone(comparison.columns, side)) for side in (0, 1)]
    if not comparison.one_scale:
        return [
            Panel(name, heatmap, scale_of(heatmap, palette), _legend(heatmap), missing)
            for name, heatmap, missing in zip("AB", (a, b), alone, strict=True)
        ]
    signed = {heatmap.quantity.neutral for heatmap in (a, b)} != {None}
    sharing = [a, b] if difference is None or not signed else [a, b, difference]
    scale, legend = _common_scale(sharing, signed, palette), _legend(a)
    panels = [Panel("A", a, scale, legend, alone[0]), Panel("B", b, scale, legend, alone[1])]
    if difference is None:
        return panels
    if signed:
        return [
            *panels,
            Panel(
                "B − A",
                difference,
                scale,
                f"{legend}; B − A: the change of it",
            ),
        ]
    plain = replace(difference, quantity=replace(difference.quantity, bounds=None))
    return [*panels, Panel("B − A", difference, scale_of(plain), _legend(difference))]


def _legend(heatmap: Heatmap) -> str:
    return heatmap.quantity.legend or heatmap.quantity.name


def _alone(alignment: Alignment, side: int) -> frozenset[int]:
    """Return the positions of one axis that the other does not have; none where all are alone."""
    if not alignment.pairs:
        return frozenset()
    return frozenset(range(alignment.sizes[side])) - {pair[side] for pair in alignment.pairs}


def _common_scale(maps: Sequence[Heatmap], signed: bool, palette: str | None) -> Scale:
    """Return the scale of one map that has the cells of all."""
    finite = np.concatenate([heatmap.values[np.isfinite(heatmap.values)] for heatmap in maps])
    finite = finite if finite.size else np.zeros(1)
    quantity = maps[0].quantity
    if quantity.bounds != maps[1].quantity.bounds:
        quantity = replace(quantity, bounds=None)
    if signed and quantity.neutral is None:
        quantity = maps[1].quantity
    together = Heatmap(finite[None], Axis("", ("",)), Axis("", ("",) * len(finite)), quantity)
    return scale_of(together, palette)
