"""The lines below a map: its legend, where it comes from, and all that the colours do not show."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bathyscope.core.heatmap import Heatmap
from bathyscope.render.figure.canvas import Canvas
from bathyscope.render.lettering import SMALL, shortened
from bathyscope.render.look import long_axis
from bathyscope.render.palette import Scale

if TYPE_CHECKING:
    from matplotlib.artist import Artist

_GAP, _LEGEND = 7.0, 13.0  # points


def notes(canvas: Canvas) -> Iterator[str]:
    """Return what a reader must know to take the colours right."""
    heatmap, scale = canvas.heatmap, canvas.scale
    yield from clipping(heatmap, scale)
    if scale.linear is not None:
        about = f" of {scale.centre:g}" if scale.centre else ""
        yield f"symmetric log scale, linear within ±{scale.linear:g}{about}"
    if not canvas.part.shows_all_of(heatmap):
        axis = long_axis(heatmap)
        shown = canvas.part.columns if axis is heatmap.columns else canvas.part.rows
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
    canvas: Canvas,
    entries: "Sequence[Artist]",
    lines: Sequence[str],
    gap: float,
    least_width: float = 4.5,
) -> None:
    """Write legend and lines below a map.

    Args:
        canvas: The map.
        entries: What the legend explains.
        lines: What the lines say.
        gap: Inches that are kept free below the map's edge.
        least_width: The lines are as wide as the map, but at least so many inches.
    """
    from matplotlib.transforms import ScaledTranslation

    axes = canvas.axes
    figure = axes.get_figure(root=True)
    assert figure is not None
    below = _GAP + gap * 72
    if entries:
        moved = ScaledTranslation(0, -below / 72, figure.dpi_scale_trans)
        style = canvas.letters.style(SMALL)
        axes.legend(
            handles=list(entries), loc="upper left", bbox_to_anchor=(0, 0), ncols=len(entries),
            bbox_transform=axes.transAxes + moved, frameon=False, borderpad=0, borderaxespad=0,
            handlelength=1.6, handleheight=1, prop={"family": style["family"], "size": SMALL},
        )  # fmt: skip
        below += _LEGEND
    if lines:
        text = canvas.letters.wrapped(
            canvas.letters.line(" · ".join(lines)), max(canvas.inches[0], least_width), SMALL
        )
        axes.annotate(
            text, (0, 0), (0, -below), "axes fraction", textcoords="offset points", va="top",
            color="0.35", **canvas.letters.style(SMALL),
        )  # fmt: skip


def _place(heatmap: Heatmap, flat: int) -> str:
    row, column = divmod(flat, heatmap.values.shape[1])
    labels = shortened(heatmap.rows.labels[row]), shortened(heatmap.columns.labels[column])
    return f"{heatmap.values[row, column]:.4g} at “{labels[0]}” × “{labels[1]}”"
