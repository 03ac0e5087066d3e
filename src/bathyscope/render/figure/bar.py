"""Colour bar: the colours of the values that there are, and what they mean."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from bathyscope.core.heatmap import FloatArray, Heatmap
from bathyscope.core.text import true_minus
from bathyscope.render.figure.canvas import LINE, Canvas
from bathyscope.render.lettering import SIZE
from bathyscope.render.look import Look
from bathyscope.render.numbers import are_whole
from bathyscope.render.palette import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from matplotlib.ticker import Formatter


def add_bar(
    canvas: Canvas,
    image: "AxesImage",
    bar_axes: "Axes | None",
    look: Look,
    *,
    lying: float | None = None,
    together: Iterable[Heatmap] = (),
) -> None:
    """Add the colour bar, pointed where values lie beyond its end.

    Of a scale about a neutral value it shows what the cells use: a map without negative cells has
    no negative half. The colours stay those of the whole scale.

    Args:
        canvas: The map.
        image: Its cells.
        bar_axes: Where the bar is drawn; None takes room from the map's axes.
        look: Says where the scale ends, and whether all of it is shown.
        lying: Inches that its legend may take where it lies below the map; None where it stands.
        together: Further maps whose colours it explains.
    """
    scale, letters = canvas.scale, canvas.letters
    maps = [canvas.heatmap, *together]
    cells = np.concatenate([one.values[np.isfinite(one.values)] for one in maps])
    below, above = bool((cells < scale.low).any()), bool((cells > scale.high).any())
    figure: Any = canvas.axes.get_figure()
    bar = figure.colorbar(
        image,
        cax=bar_axes,
        ax=canvas.axes if bar_axes is None else None,
        orientation="vertical" if lying is None else "horizontal",
        extend={(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above],
    )
    box, dpi = bar.ax.get_window_extent(), canvas.axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    tall = canvas.inches[1] if bar_axes is None else box.height / dpi
    legend = letters.wrapped(_legend(canvas), tall if lying is None else lying)
    bar.set_label(legend, loc="center" if lying is None else "left", **letters.style())
    bar.outline.set_visible(False)
    _set_ticks(bar, scale, whole=are_whole(cells))
    neutral = canvas.heatmap.quantity.neutral
    if neutral is not None and not look.symmetric and cells.size:
        _show(bar, *_used(scale, cells, neutral, limited=look.limit is not None))
    powers = (bar.ax.yaxis.get_offset_text(), bar.ax.xaxis.get_offset_text())
    for label in (*bar.ax.get_yticklabels(), *bar.ax.get_xticklabels(), *powers):
        label.set(**letters.style())
    if lying is not None and bar.ax.xaxis.get_major_formatter().get_offset():
        bar.ax.xaxis.labelpad += LINE * SIZE  # the power of ten stands between


def tick_numbers() -> "Formatter":
    """Return what writes numbers at an axis, with a true minus whatever a user's settings are."""
    from matplotlib.ticker import ScalarFormatter

    formatter = ScalarFormatter(useMathText=False)
    formatter.fix_minus = true_minus  # type: ignore[method-assign, assignment]
    return formatter


def _legend(canvas: Canvas) -> str:
    quantity = canvas.heatmap.quantity
    legend = canvas.letters.line(quantity.legend or quantity.name)
    # A sign stays with its word, a difference in one piece.
    return re.sub(r"(?<=[+−]) | (?=− A\b)", "\N{NO-BREAK SPACE}", legend)


def _set_ticks(bar: Any, scale: Scale, *, whole: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    if scale.linear is not None:
        ticks = _symlog_ticks(scale)
        bar.set_ticks(ticks, labels=[true_minus(f"{tick:g}") for tick in ticks])
        bar.minorticks_off()
        return
    bar.formatter = tick_numbers()
    if (scale.low, scale.high) == (0.0, 1.0):
        bar.set_ticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    elif whole:
        bar.locator = MaxNLocator(nbins="auto", integer=True)
    bar.update_ticks()


def _used(scale: Scale, cells: FloatArray, neutral: float, *, limited: bool) -> tuple[float, float]:
    """Return the ends of what cells use of a scale; an end that was asked for is one of them."""
    low, high = (scale.low, scale.high) if limited else (float(cells.min()), float(cells.max()))
    return low if (cells < neutral).any() else neutral, high if (cells > neutral).any() else neutral


def _show(bar: Any, low: float, high: float) -> None:
    """Show a part of the scale; all of it where the part has no length."""
    if low < high:
        (bar.ax.set_xlim if bar.orientation == "horizontal" else bar.ax.set_ylim)(low, high)


def _symlog_ticks(scale: Scale) -> list[float]:
    """Return the ends of the linear part, its centre, and every power of ten of it beyond."""
    assert scale.linear is not None
    decades = np.arange(np.floor(np.abs(scale.stretched(np.array([scale.low, scale.high]))).max()))
    sizes = [0.0, *(scale.linear * 10.0**decades)]
    ticks = sorted({scale.centre + sign * size for sign in (-1, 1) for size in sizes})
    return [tick for tick in ticks if scale.low <= tick <= scale.high]
