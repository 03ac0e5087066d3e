"""Every cell of a map in the terminal, in as many parts as its width needs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Group, RenderableType
from rich.style import Style
from rich.text import Text

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.text import true_minus
from bathyscope.description.facts.attribution import gap_is_rounding
from bathyscope.render.lettering import shortened
from bathyscope.render.palette import Scale, scale_of
from bathyscope.render.terminal.numbers import fixed, rich_colour
from bathyscope.render.terminal.shares import SHARE, what_shares_are
from bathyscope.render.terminal.wide_table import Column, WideTable
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run

_INK = {"black": Color.from_rgb(0, 0, 0), "white": Color.from_rgb(255, 255, 255)}


def wide_attribution(run: AttributionRun) -> RenderableType:
    """Return every cell, each feature's sum, and what rows are with all features and with none."""
    columns = _columns(run, [Text(fixed(value)) for value in run.whole_target])
    ends = [*zip(run.all, run.none, run.gap, strict=True)]
    ends.append((run.whole(run.all), run.whole(run.none), run.whole(run.gap)))
    shown = ("all", "none") if gap_is_rounding(run) else ("all", "none", "gap")
    for place, name in enumerate(shown):
        cells = [Text(f"{row[place]:.1e}" if name == "gap" else _plain(row[place])) for row in ends]
        columns.append(Column(Text(name), cells, style="dim"))
    grid = _grid(run, [*run.heatmap.rows.labels, "whole target"], columns, last_apart=True)
    return Group(grid, Text(EXPLAINED["gap" if "gap" in shown else "none"], style="dim"))


EXPLAINED = {
    "none": "all: the value with every feature in the prompt; none: with every feature absent.",
    "gap": "all: the value with every feature in the prompt; none: with every feature absent; gap: "
    "by how much a row's cells sum to more than all − none.",
}
"""What the last columns are."""


def _plain(value: Any) -> str:
    """Return a value without a plus; – for what is no number."""
    return "–" if np.isnan(value) else true_minus(f"{value:.4f}")


def wide_map(run: Run) -> RenderableType:
    """Return every cell of a map."""
    return _grid(run, [shortened(label) for label in run.heatmap.rows.labels], _columns(run))


def _columns(run: Run, last_row: Sequence[Text] | None = None) -> list[Column]:
    values = run.heatmap.values
    margins = np.zeros_like(values) if run.margin is None else run.margin
    still = np.zeros(values.shape, bool) if run.unvaried is None else run.unvaried
    marks = np.where(still, "*", "")
    if run.shared is not None:
        marks[:, run.shared] = SHARE
    scale = scale_of(run.heatmap)
    return [
        Column(
            Text(shortened(label)),
            [
                *_cells(values[:, index], margins[:, index], marks[:, index], scale),
                *([] if last_row is None else [last_row[index]]),
            ],
        )
        for index, label in enumerate(run.heatmap.columns.labels)
    ]


def _grid(
    run: Run,
    labels: list[str],
    columns: list[Column],
    *,
    last_apart: bool = False,
) -> RenderableType:
    still = run.unvaried is not None and run.unvaried.any()
    bound = "; *: not seen to vary, an upper bound" if still else ""
    means = what_shares_are(run)
    bound += "" if means is None else f"; {means}"
    interval = "" if run.margin is None else f" (± 95 % interval{bound})"
    rows = Column(Text(run.heatmap.rows.name), [Text(label) for label in labels])
    return WideTable(run.heatmap.quantity.legend + interval, rows, columns, last_apart)


def _cells(
    values: FloatArray, margins: FloatArray, marks: NDArray[np.str_], scale: Scale
) -> list[Text]:
    """Return one cell for each value, in the colours of a figure; plain where it may be zero."""
    cells = []
    inks, grounds = scale.ink(values), scale.colours(values)
    for value, margin, mark, ink, ground in zip(
        values.tolist(), margins.tolist(), marks.tolist(), inks, grounds, strict=True
    ):
        interval = f" ±{margin:.4f}{mark}" if margin or mark else ""
        style = (
            Style(color=_INK[str(ink)], bgcolor=rich_colour(ground))
            if abs(value) > margin
            else Style()
        )
        cells.append(Text(f"{fixed(value)}{interval}", style=style))
    return cells
