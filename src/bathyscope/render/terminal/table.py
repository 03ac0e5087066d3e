"""Maps as tables in the terminal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from bathyscope.core.heatmap import FloatArray, Heatmap
from bathyscope.core.registry import Registry
from bathyscope.render.caption import caption
from bathyscope.render.lettering import shortened
from bathyscope.render.palette import Scale, scale_of
from bathyscope.render.terminal.faithfulness import faithfulness_table
from bathyscope.render.terminal.think import think_table
from bathyscope.render.terminal.wide_table import Column, WideTable
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run
from bathyscope.runs.comparison import NO_DIFFERENCE, Comparison
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.depth_groups import DepthGroupsRun
from bathyscope.runs.settling import SettlingRun
from bathyscope.runs.table import as_run

_MOST_COLUMNS = 48
_BARS = "▁▂▃▄▅▆▇█"
_INK = {"black": Color.from_rgb(0, 0, 0), "white": Color.from_rgb(255, 255, 255)}


@dataclass(frozen=True)
class TerminalTable:
    """Terminal table of one kind of run.

    Attributes:
        name: The kind, as in `run.json`.
        content: Returns what stands above the caption.
    """

    name: str
    content: Callable[[Any], RenderableType]


def table(subject: Run | Heatmap) -> RenderableType:
    """Return a run or a map as something that rich prints."""
    run = as_run(subject)
    content = TABLES.get(run.kind, PLAIN).content(run)
    return Group(content, Text(caption(run), style="dim"))


def _attribution(run: AttributionRun) -> RenderableType:
    columns = _columns(run, [Text(f"{value:+.4f}") for value in run.whole_target])
    ends = [_ends(*row) for row in zip(run.all, run.none, run.gap, strict=True)]
    ends.append(_ends(run.whole(run.all), run.whole(run.none), run.whole(run.gap)))
    for place, name in enumerate(("all", "none", "gap")):
        columns.append(Column(Text(name), [Text(row[place]) for row in ends], style="dim"))
    return _grid(run, [*run.heatmap.rows.labels, "whole target"], columns, last_apart=True)


def _ends(everything: Any, nothing: Any, gap: Any) -> list[str]:
    """Return a row's value with all features, with none, and its gap; – for what is no number."""
    return [
        "–" if np.isnan(value) else format(float(value), form)
        for value, form in ((everything, ".4f"), (nothing, ".4f"), (gap, ".1e"))
    ]


def _map(run: Run) -> RenderableType:
    return _grid(run, [shortened(label) for label in run.heatmap.rows.labels], _columns(run))


def _columns(run: Run, last_row: Sequence[Text] | None = None) -> list[Column]:
    """Return the columns of a map; where they are very many, those that weigh most, in order."""
    values = run.heatmap.values
    margins = np.zeros_like(values) if run.margin is None else run.margin
    still = np.zeros(values.shape, bool) if run.unseen is None else np.isfinite(run.unseen)
    scale, labels = scale_of(run.heatmap), run.heatmap.columns.labels
    shown = np.sort(np.argsort(-np.abs(np.nan_to_num(values)).sum(axis=0))[:_MOST_COLUMNS])
    return [
        Column(
            Text(shortened(labels[index])),
            [
                *_cells(values[:, index], margins[:, index], still[:, index], scale),
                *([] if last_row is None else [last_row[index]]),
            ],
        )
        for index in shown.tolist()
    ]


def _grid(
    run: Run,
    labels: list[str],
    columns: list[Column],
    *,
    last_apart: bool = False,
) -> RenderableType:
    still = run.unseen is not None and np.isfinite(run.unseen).any()
    bound = "; *: not seen to vary, an upper bound" if still else ""
    interval = "" if run.margin is None else f" (± 95 % interval{bound})"
    rows = Column(Text(run.heatmap.rows.name), [Text(label) for label in labels])
    grid = WideTable(run.heatmap.quantity.legend + interval, rows, columns, last_apart)
    count = run.heatmap.values.shape[1]
    if count <= _MOST_COLUMNS:
        return grid
    left_out = (
        f"{_MOST_COLUMNS} of {count} columns, those that weigh most; all are in the run's folder"
    )
    return Group(grid, Text(left_out, style="dim"))


def _cells(
    values: FloatArray, margins: FloatArray, still: NDArray[np.bool_], scale: Scale
) -> list[Text]:
    """Return one cell for each value, in the colours of a figure; plain where it may be zero."""
    cells = []
    inks, grounds = scale.ink(values), scale.colours(values)
    for value, margin, unseen, ink, ground in zip(
        values.tolist(), margins.tolist(), still.tolist(), inks, grounds, strict=True
    ):
        interval = f" ±{margin:.4f}{'*' if unseen else ''}" if margin or unseen else ""
        style = (
            Style(color=_INK[str(ink)], bgcolor=_rich(ground)) if abs(value) > margin else Style()
        )
        cells.append(Text(f"{value:+.4f}{interval}", style=style))
    return cells


def _rich(colour: FloatArray) -> Color:
    red, green, blue = (round(255 * part) for part in colour.tolist())
    return Color.from_rgb(red, green, blue)


def _depth(run: DepthRun) -> Table:
    result = Table(title="Jensen-Shannon divergence from the last layer, bits")
    result.add_column("response token")
    result.add_column(f"layers 1 to {run.num_layers - 1}")
    result.add_column("settles at", justify="right")
    result.add_column("deep")
    deep_layer, scale = run.heatmap.provenance["deep_layer"], scale_of(run.heatmap)
    for position, label in enumerate(run.heatmap.columns.labels):
        depth = int(run.settling_depth[position])
        column = run.heatmap.values[:, position]
        result.add_row(
            Text(label),
            Text.assemble(
                *(
                    (bar, Style(color=_rich(colour), bgcolor="grey23"))
                    for bar, colour in zip(bars(column), scale.colours(column), strict=True)
                )
            ),
            str(depth),
            "deep" if depth >= deep_layer else "",
        )
    return result


def _settling(run: SettlingRun) -> RenderableType:
    result = Table(title="Settling depth, layers")
    result.add_column("response token")
    result.add_column("settles at", justify="right")
    result.add_column("deep")
    deep_layer = run.provenance["deep_layer"]
    for label, depth in zip(run.tokens.labels, run.settling_depth.tolist(), strict=True):
        result.add_row(Text(label), str(depth), "deep" if depth >= deep_layer else "")
    return result


def _comparison(run: Comparison) -> RenderableType:
    """Return B − A; where there is none, that there is none, and no number."""
    if run.difference is not None:
        return _map(run)
    sizes = [
        Text("{}: {} × {}, {}".format(name, *one.values.shape, one.quantity.name))
        for name, one in zip("AB", run.maps, strict=True)
    ]
    return Group(Text(NO_DIFFERENCE), *sizes)


def _depth_groups(run: DepthGroupsRun) -> RenderableType:
    result = Table(title=f"Settling depth by {run.by}")
    result.add_column(run.by)
    for name in ("tokens", "median layer", "95 %", "deep", "share", "95 %"):
        result.add_column(name, justify="right")
    for group in run.groups:
        layers, shares = group.median_interval, group.deep_share_interval
        result.add_row(
            Text(shortened(group.label)),
            str(group.tokens),
            f"{group.median_layer:g}",
            "" if layers is None else f"{layers.low:g} to {layers.high:g}",
            str(group.deep),
            f"{group.deep_share:.2f}",
            "" if shares is None else f"{shares.low:.2f} to {shares.high:.2f}",
        )
    return result


def bars(divergences: FloatArray) -> str:
    """Return one bar per layer for a column of bits: an eighth of a bit to each step."""
    heights = np.minimum((divergences * len(_BARS)).astype(int), len(_BARS) - 1)
    return "".join(_BARS[height] for height in heights)


PLAIN = TerminalTable("table", _map)
"""How a map looks of which no more is known."""

TABLES: Registry[TerminalTable] = Registry(
    "terminal table",
    "bathyscope.terminal_tables",
    (
        TerminalTable("attribution", _attribution),
        TerminalTable("interactions", _map),
        TerminalTable("depth", _depth),
        TerminalTable("settling", _settling),
        TerminalTable("think", think_table),
        TerminalTable("depth_groups", _depth_groups),
        TerminalTable("faithfulness", faithfulness_table),
        TerminalTable("comparison", _comparison),
        PLAIN,
    ),
)
"""By kind of run; one that is not here is shown as a map."""
