"""Two maps and their difference beside each other, drawn."""

import json
import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bathyscope.comparison.compare import Comparison
from bathyscope.description.comparison import named
from bathyscope.files import new_file
from bathyscope.heatmap import Axis
from bathyscope.render.comparison_panels import Panel, panels_of
from bathyscope.render.figure import require_format

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_MAX_WRITTEN_ROWS, _MAX_WRITTEN_COLUMNS = 40, 16
_DPI = 200
_GAP, _BAR = 0.25, 0.16  # inches
_LINE = 0.16  # inches that a label needs
_STYLE: Any = {
    "font.size": 8.0,
    "text.parse_math": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "bathyscope",
    "pdf.fonttype": 42,
}


def draw_comparison(
    comparison: Comparison, path: str | Path, *, palette: str | None = None
) -> None:
    """Draw a comparison into a PNG, SVG or PDF file, whole or not at all.

    Panels A, B and B − A have one scale; `comparison_panels.panels_of` says where they cannot. The
    same numbers give the same bytes; where both maps come from is embedded in the file.

    Args:
        comparison: What to draw.
        path: Where to; the ending chooses the format.
        palette: A name in `palette.PALETTES`; None chooses by the quantity.

    Raises:
        InputError: The ending or the palette is not known.
    """
    path = Path(path)
    require_format(path)
    import matplotlib

    with matplotlib.rc_context(_STYLE), new_file(path) as partial:
        figure = comparison_figure(comparison, palette)
        figure.savefig(
            partial, bbox_inches="tight", pad_inches=0.1, metadata=_metadata(path, comparison)
        )


def comparison_figure(comparison: Comparison, palette: str | None = None) -> "Figure":
    """Return a figure with a panel for each map: side by side, or stacked where they are wide."""
    from matplotlib.figure import Figure

    panels = panels_of(comparison, palette)
    figure = Figure(figsize=(1, 1), dpi=_DPI)  # one inch, so that fractions of it are inches
    stacked = max(len(panel.heatmap.columns) for panel in panels) > _MAX_WRITTEN_COLUMNS
    position = 0.0
    for index, panel in enumerate(panels):
        axes = figure.add_axes((0, 0, *_inches(panel)))
        image = _paint(axes, panel)
        shared = index + 1 < len(panels) and panels[index + 1].scale == panel.scale
        if stacked or not shared:
            _add_bar(axes, image, panel)
        position = _place(axes, position, stacked)
    _write_below(figure, _footnote(comparison, panels))
    return figure


def _inches(panel: Panel) -> tuple[float, float]:
    rows, columns = panel.heatmap.values.shape
    if rows <= _MAX_WRITTEN_ROWS and columns <= _MAX_WRITTEN_COLUMNS:
        return max(0.62 * columns, 1.2), max(0.26 * rows, 1.2)
    # never less than a pixel: whatever is drawn can be seen
    return columns * max(1 / _DPI, min(0.22, 12 / columns)), rows * max(
        1 / _DPI, min(0.12, 6 / rows)
    )


def _paint(axes: "Axes", panel: Panel) -> "AxesImage":
    heatmap, scale = panel.heatmap, panel.scale
    image = axes.imshow(
        heatmap.values,
        cmap=scale.palette,
        vmin=scale.low,
        vmax=scale.high,
        aspect="auto",
        interpolation="nearest",
        origin="lower" if heatmap.rows.name == "layer" else "upper",
    )
    axes.spines[:].set_visible(False)
    width, height = _inches(panel)
    axes.xaxis.tick_top()
    step = _step(len(heatmap.columns), width)
    axes.set_xticks(
        range(0, len(heatmap.columns), step), _labels(heatmap.columns)[::step], rotation=40,
        ha="left", rotation_mode="anchor",
    )  # fmt: skip
    _mark(axes.get_xticklabels(), panel.alone[1], step)
    step = _step(len(heatmap.rows), height)
    axes.set_yticks(range(0, len(heatmap.rows), step), _labels(heatmap.rows)[::step])
    _mark(axes.get_yticklabels(), panel.alone[0], step)
    axes.annotate(
        panel.name, (0, 1), (-6, 8), "axes fraction", textcoords="offset points", ha="right",
        va="bottom", weight="bold", fontsize=10,
    )  # fmt: skip
    rows, columns = heatmap.values.shape
    if rows <= _MAX_WRITTEN_ROWS and columns <= _MAX_WRITTEN_COLUMNS:
        inks = scale.ink(heatmap.values)
        for (row, column), value in np.ndenumerate(heatmap.values):
            axes.text(
                column, row, f"{value:.4f}", ha="center", va="center", fontsize=7,
                color=str(inks[row, column]),
            )  # fmt: skip
    return image


def _labels(axis: Axis) -> list[str]:
    return [textwrap.shorten(label, 40, placeholder="…") or label for label in axis.labels]


def _mark(labels: Sequence[Any], alone: frozenset[int], step: int) -> None:
    for index, label in enumerate(labels):
        if index * step in alone:
            label.set_weight("bold")


def _step(count: int, inches: float) -> int:
    return max(1, int(np.ceil(count * _LINE / inches)))


def _add_bar(axes: "Axes", image: "AxesImage", panel: Panel) -> None:
    figure: Any = axes.get_figure()
    width, height = _inches(panel)
    bar_axes = axes.inset_axes((1 + 0.15 / width, 0, _BAR / width, 1))
    bar = figure.colorbar(image, cax=bar_axes)
    bar.set_label(textwrap.fill(panel.legend, max(20, int(height * 16))))
    bar.outline.set_visible(False)


def _place(axes: "Axes", position: float, stacked: bool) -> float:
    """Move a panel to where the one before it ends, labels and all; return where it ends."""
    box: Any = axes.get_tightbbox()
    dpi = axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    left, right, bottom, top = (edge / dpi for edge in (box.x0, box.x1, box.y0, box.y1))
    _, _, width, height = axes.get_position().bounds
    if stacked:
        axes.set_position((0, position - top, width, height))
        return float(position - top + bottom - _GAP)
    axes.set_position((position - left, -height, width, height))
    return float(position - left + right + _GAP)


def _footnote(comparison: Comparison, panels: Sequence[Panel]) -> list[str]:
    scales = {panel.scale for panel in panels}
    said = "one colour scale" if len(scales) == 1 else "a colour scale for each unit and panel"
    if len(panels) == 3 and len(scales) == 2:
        said = "A and B on one colour scale, their difference on its own"
    subjects = (("A", comparison.a), ("B", comparison.b))
    lines = [f"{name}: {named(subject)}" for name, subject in subjects]
    lines.append(said)
    if comparison.correlation is not None and comparison.cells is not None:
        lines.append(
            f"Spearman's ρ of the {comparison.cells.a.size} cells that both have "
            f"{comparison.correlation:.3f}"
        )
    if comparison.cells is None:
        lines.append("no difference: the maps have no cell in common")
    elif not comparison.one_scale:
        lines.append("no difference: the cells have no unit in common")
    if any(alone for panel in panels for alone in panel.alone):
        lines.append("bold: not in the other map")
    return lines


def _write_below(figure: "Figure", lines: Sequence[str]) -> None:
    box = figure.get_tightbbox()
    figure.text(
        box.x0, box.y0 - 0.08, textwrap.fill(" · ".join(lines), max(60, int(box.width * 20))),
        va="top", fontsize=6.5, color="0.35",
    )  # fmt: skip


def _metadata(path: Path, comparison: Comparison) -> dict[str, Any]:
    """Return what is embedded: where both maps come from, nothing that changes from run to run."""
    a, b = (dict(heatmap.provenance) for heatmap in comparison.maps)
    provenance = json.dumps({"kind": "comparison", "a": a, "b": b}, ensure_ascii=True)
    dated = "SOURCE_DATE_EPOCH" in os.environ
    match path.suffix.lower():
        case ".png":
            return {"Software": "bathyscope", "Description": provenance}
        case ".svg":
            when = {} if dated else {"Date": None}
            return {"Creator": "bathyscope", "Description": provenance, **when}
        case _:
            when = {} if dated else {"CreationDate": None}
            return {"Creator": "bathyscope", "Keywords": provenance, **when}
