"""The lines below a map: its legend, where it comes from, and all that the colours do not show."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bathyscope.core.heatmap import Heatmap
from bathyscope.core.text import true_minus
from bathyscope.render.figure.canvas import View
from bathyscope.render.lettering import SMALL, Lettering, shortened
from bathyscope.render.look import long_axis
from bathyscope.render.palette import Scale

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_GAP, _LEGEND = 7.0, 13.0  # points


def notes(view: View) -> Iterator[str]:
    """Return what a reader must know to take the colours right."""
    heatmap, scale = view.heatmap, view.scale
    yield from clipping(heatmap, scale)
    if scale.linear is not None:
        about = f" of {true_minus(f'{scale.centre:g}')}" if scale.centre else ""
        yield f"symmetric log scale, linear within ±{scale.linear:g}{about}"
    if not view.part.shows_all_of(heatmap):
        axis = long_axis(heatmap)
        shown = view.part.columns if axis is heatmap.columns else view.part.rows
        noun = axis.name if axis.name.endswith("s") else f"{axis.name}s"
        yield f"{noun} {shown.start + 1} to {shown.stop} of {len(axis)}"


def clipping(heatmap: Heatmap, scale: Scale) -> Iterator[str]:
    """Return which values lie beyond the ends of the scale, of the whole map; nothing if none."""
    beyond = scale.beyond(heatmap.values)
    count = int(beyond.sum())
    if not count:
        return
    extremes = []
    above = np.where(beyond & (heatmap.values > scale.high), heatmap.values, -np.inf)
    below = np.where(beyond & (heatmap.values < scale.low), heatmap.values, np.inf)
    if np.isfinite(above).any():
        extremes.append(f"max {_place(heatmap, int(above.argmax()))}")
    if np.isfinite(below).any():
        extremes.append(f"min {_place(heatmap, int(below.argmin()))}")
    cells = f"{count} cell{'s' if count > 1 else ''}"
    yield f"{', '.join(extremes)}; {cells} beyond the scale"


def write_below(
    axes: "Axes",
    letters: Lettering,
    entries: "Sequence[Artist]",
    lines: Sequence[str],
    gap: float,
    width: float,
    left: float = 0.0,
) -> None:
    """Write legend and lines below a map.

    Args:
        axes: The map's.
        letters: Fonts.
        entries: What the legend explains.
        lines: What the lines say.
        gap: Inches that are kept free below the map's edge.
        width: Inches that they take at most.
        left: Inches by which they begin to the left of the map.
    """
    from matplotlib.transforms import ScaledTranslation

    figure = axes.get_figure(root=True)
    assert figure is not None
    below, size = _GAP + gap * 72, letters.small
    if entries:
        columns, rows = _grid([str(one.get_label()) for one in entries], letters, width)
        moved = ScaledTranslation(-left, -below / 72, figure.dpi_scale_trans)
        axes.legend(
            handles=list(entries), loc="upper left", bbox_to_anchor=(0, 0), ncols=columns,
            bbox_transform=axes.transAxes + moved, frameon=False, borderpad=0, borderaxespad=0,
            handlelength=1.6, handleheight=1,
            prop={"family": list(letters.families), "size": size},
        )  # fmt: skip
        below += _LEGEND * rows * size / SMALL
    if lines:
        text = letters.wrapped(letters.line(" · ".join(lines)), width, size, breaking=True)
        axes.annotate(
            text, (0, 0), (-72 * left, -below), "axes fraction", textcoords="offset points",
            va="top", color="0.35", **letters.style(size),
        )  # fmt: skip


def _grid(labels: Sequence[str], letters: Lettering, width: float) -> tuple[int, int]:
    """Return in how many columns a legend has room, and how many rows it takes then."""
    size = letters.small
    widest = max(letters.inches(label, size)[0] for label in labels) + 4.8 * size / 72
    columns = max(1, min(len(labels), int(width / widest)))
    return columns, -(-len(labels) // columns)


def _place(heatmap: Heatmap, flat: int) -> str:
    row, column = divmod(flat, heatmap.values.shape[1])
    labels = shortened(heatmap.rows.labels[row]), shortened(heatmap.columns.labels[column])
    value = true_minus(f"{heatmap.values[row, column]:.4g}")
    return f"{value} at “{labels[0]}” × “{labels[1]}”"
