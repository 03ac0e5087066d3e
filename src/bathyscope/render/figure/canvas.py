"""Canvas of a map: axes of a size that fits it, its image, labels and colour bar."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray, Heatmap
from bathyscope.render.lettering import Lettering
from bathyscope.render.look import Part
from bathyscope.render.palette import UNKNOWN, Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

DPI = 200
SLANT = 40
"""Degrees by which column labels rise to the right."""

_LINE = 1.2  # lines of text lie so many heights apart, at least
_MAX_INCHES = 190  # PDF pages end at 200
_MIN_MAP_INCHES = 1.2  # below that a colour bar has no room for its numbers
_BAR, _BAR_GAP, _PAD = 0.2, 0.2, 0.1


@dataclass(frozen=True)
class Canvas:
    """A part of a map, the axes it is drawn on, its colours and its fonts.

    Attributes:
        axes: Where it is drawn; a cell's centre has its position within the part as coordinates.
        heatmap: The map.
        part: Which of its cells are drawn.
        scale: From values to colours.
        letters: Fonts for its texts.
    """

    axes: "Axes"
    heatmap: Heatmap
    part: Part
    scale: Scale
    letters: Lettering

    @cached_property
    def values(self) -> FloatArray:
        """The values that are drawn."""
        values: FloatArray = self.cut(self.heatmap.values)
        return values

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height of the axes."""
        box = self.axes.get_window_extent()
        dpi = self.axes.get_figure(root=True).dpi  # type: ignore[union-attr]
        return float(box.width / dpi), float(box.height / dpi)

    def cut(self, whole: Any) -> Any:
        """Return the part of an array that has the map's shape."""
        return whole[self.part.rows.start : self.part.rows.stop][
            :, self.part.columns.start : self.part.columns.stop
        ]


def new_figure(part: Part, cell: tuple[float, float] | None) -> "tuple[Figure, Axes, Axes]":
    """Return a figure of a size that fits a part of a map, its axes and those of the colour bar.

    Args:
        part: What is to be drawn.
        cell: Width and height that a cell with text in it needs, inches; None for plain cells.

    Raises:
        InputError: There are more cells than a page has room for.
    """
    from matplotlib.figure import Figure

    columns, rows = len(part.columns), len(part.rows)
    if cell is None:
        width, height = _cell(columns, 16, 0, 0.3), _cell(rows, 9, 0, 0.2)
    else:
        width, height = _cell(columns, 8, cell[0], 1.0), _cell(rows, 8, cell[1], 0.4)
    size = columns * width, max(rows * height, _MIN_MAP_INCHES)
    for inches, name in zip(size, ("columns", "rows"), strict=True):
        if inches > _MAX_INCHES:
            raise InputError(
                f"A figure of so many {name} would be {inches:.0f} inches long; draw a part with "
                "--window A:B, or pages with --per-page N."
            )
    figure = Figure(figsize=size, dpi=DPI)
    axes = figure.add_axes((0, 0, 1, 1))
    bar = figure.add_axes((1 + _BAR_GAP / size[0], 0, _BAR / size[0], 1))
    return figure, axes, bar


def paint(canvas: Canvas) -> "AxesImage":
    """Draw the cells, each in the colour of its value."""
    from matplotlib import colormaps
    from matplotlib.colors import FuncNorm, Normalize

    scale, axes = canvas.scale, canvas.axes
    norm = (
        Normalize(scale.low, scale.high)
        if scale.linear is None
        else FuncNorm((scale.stretched, scale.unstretched), scale.low, scale.high)
    )
    upward = canvas.heatmap.rows.name == "layer"  # depth is drawn as it is thought of
    values = canvas.values
    image = axes.imshow(
        np.where(np.isinf(values), np.clip(values, scale.low, scale.high), values),
        cmap=colormaps[scale.palette].with_extremes(bad=UNKNOWN),
        norm=norm,
        aspect="auto",
        interpolation="nearest",
        origin="lower" if upward else "upper",
    )
    axes.spines[:].set_visible(False)
    return image


def label_axes(canvas: Canvas) -> None:
    """Label rows and columns; where labels would overlap, every second, every third … remains."""
    axes, heatmap, letters = canvas.axes, canvas.heatmap, canvas.letters
    width, height = canvas.inches
    shown = [letters.label(heatmap.columns.labels[index]) for index in canvas.part.columns]
    tall = max(letters.inches(label)[1] for label in shown)
    step = _step(len(shown), width, tall / np.sin(np.radians(SLANT)))
    axes.xaxis.tick_top()
    axes.set_xticks(
        range(0, len(shown), step), shown[::step], rotation=SLANT, ha="left",
        rotation_mode="anchor", **letters.style(),
    )  # fmt: skip
    shown = [letters.label(heatmap.rows.labels[index]) for index in canvas.part.rows]
    step = _step(len(shown), height, max(letters.inches(label)[1] for label in shown))
    if heatmap.rows.name == "layer":
        step = max(2, step + step % 2)  # ticks on odd layers
        axes.set_ylabel("layer", **letters.style())
    axes.set_yticks(range(0, len(shown), step), shown[::step], **letters.style())


def add_bar(canvas: Canvas, image: "AxesImage", bar_axes: "Axes | None") -> None:
    """Add the colour bar, pointed where values lie beyond its end."""
    scale, letters = canvas.scale, canvas.letters
    finite = canvas.heatmap.values[scale.beyond(canvas.heatmap.values)]
    below, above = bool((finite < scale.low).any()), bool((finite > scale.high).any())
    figure: Any = canvas.axes.get_figure()
    bar = figure.colorbar(
        image,
        cax=bar_axes,
        ax=canvas.axes if bar_axes is None else None,
        extend={(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above],
    )
    quantity = canvas.heatmap.quantity
    legend = letters.line(quantity.legend or quantity.name)
    legend = re.sub(r"(?<=[+−]) ", "\N{NO-BREAK SPACE}", legend)  # a sign stays with its word
    bar.set_label(letters.wrapped(legend, canvas.inches[1]), **letters.style())
    bar.outline.set_visible(False)
    if scale.linear is not None:
        ticks = _symlog_ticks(scale)
        bar.set_ticks(ticks, labels=[f"{tick:g}".replace("-", "−") for tick in ticks])
        bar.minorticks_off()
    elif (scale.low, scale.high) == (0.0, 1.0):
        bar.set_ticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    for label in bar.ax.get_yticklabels():
        label.set(**letters.style())


def settle(canvas: Canvas) -> None:
    """Have the layout of a given figure make room for what was drawn, and label what it left."""
    figure = canvas.axes.get_figure(root=True)
    assert figure is not None
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        label_axes(canvas)


def fit(figure: "Figure") -> None:
    """Grow a figure around all that is drawn, so that it can be saved or shown as it is.

    The map's corners come to lie on whole pixels, so that its cells are equally wide.
    """
    box, size = figure.get_tightbbox(), figure.get_size_inches()
    left, below = _up_to_pixel(_PAD - box.x0), _up_to_pixel(_PAD - box.y0)
    whole = _up_to_pixel(left + box.x1 + _PAD), _up_to_pixel(below + box.y1 + _PAD)
    places = [(axes, axes.get_position().bounds) for axes in figure.axes]
    figure.set_size_inches(*whole)
    for axes, (x, y, width, height) in places:
        axes.set_position(
            (
                (x * size[0] + left) / whole[0],
                (y * size[1] + below) / whole[1],
                width * size[0] / whole[0],
                height * size[1] / whole[1],
            )
        )


def _cell(count: int, inches: float, least: float, most: float) -> float:
    """Return the size of a cell: as large as fits, between limits, a whole number of pixels."""
    wanted = max(least, min(most, inches / count))
    return max(1, int(wanted * DPI)) / DPI


def _step(count: int, inches: float, line: float) -> int:
    """Return every how manyth label has room when each takes a line."""
    return max(1, int(np.ceil(count * line * _LINE / inches)))


def _symlog_ticks(scale: Scale) -> list[float]:
    """Return the ends of the linear part, its centre, and every power of ten of it beyond."""
    assert scale.linear is not None
    decades = np.arange(np.floor(np.abs(scale.stretched(np.array([scale.low, scale.high]))).max()))
    sizes = [0.0, *(scale.linear * 10.0**decades)]
    ticks = sorted({scale.centre + sign * size for sign in (-1, 1) for size in sizes})
    return [tick for tick in ticks if scale.low <= tick <= scale.high]


def _up_to_pixel(inches: float) -> float:
    return float(np.ceil(inches * DPI - 1e-6)) / DPI
