"""Canvas of a map: the axes that a part of it is drawn on, its image and its labels."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, FloatArray, Heatmap
from bathyscope.render.lettering import SIZE, Lettering
from bathyscope.render.look import Part
from bathyscope.render.palette import UNKNOWN, Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

DPI = 200
SLANT = 40
"""Degrees by which column labels rise to the right."""

LAYER = "layer"
"""Name of the axis of layers: numbers, of which every second is enough."""

_NO_NAMES = ("row", "column")  # of a table that says no more

LINE = 1.2
"""Lines of text lie so many heights apart, at least."""

_SHORT = 0.22  # inches: labels of two letters need no slant
_MAX_INCHES = 190  # PDF pages end at 200
_MIN_MAP_INCHES = 1.2  # below that a colour bar has no room for its numbers
_MIN_NAME_INCHES = 1.2
_BAR, _BAR_GAP, _PAD = 0.2, 0.2, 0.1
_LONGEST_BAR = 2.4  # inches


@dataclass(frozen=True)
class View:
    """A part of a map as it is to be drawn: its colours, its fonts, and which way up.

    Attributes:
        heatmap: The map.
        part: Which of its cells are drawn.
        scale: From values to colours.
        letters: Fonts for its texts.
        turned: Whether columns are drawn as rows.
    """

    heatmap: Heatmap
    part: Part
    scale: Scale
    letters: Lettering
    turned: bool = False

    @cached_property
    def values(self) -> FloatArray:
        """The values that are drawn, as they are drawn."""
        values: FloatArray = self.cut(self.heatmap.values)
        return values

    @property
    def across(self) -> Axis:
        """The axis that is drawn from left to right."""
        return self.heatmap.rows if self.turned else self.heatmap.columns

    @property
    def down(self) -> Axis:
        """The axis that is drawn along the side."""
        return self.heatmap.columns if self.turned else self.heatmap.rows

    @property
    def places_across(self) -> range:
        """Which positions are drawn from left to right."""
        return self.part.rows if self.turned else self.part.columns

    @property
    def places_down(self) -> range:
        """Which positions are drawn along the side."""
        return self.part.columns if self.turned else self.part.rows

    @property
    def labels_across(self) -> list[str]:
        """Labels from left to right, as they can be drawn."""
        return [self.letters.label(self.across.labels[place]) for place in self.places_across]

    @property
    def labels_down(self) -> list[str]:
        """Labels along the side, as they can be drawn."""
        return [self.letters.label(self.down.labels[place]) for place in self.places_down]

    def cut(self, whole: Any) -> Any:
        """Return the part of an array that has the map's shape, as it is drawn."""
        part = whole[self.part.rows.start : self.part.rows.stop][
            :, self.part.columns.start : self.part.columns.stop
        ]
        return part.T if self.turned else part

    def only(self, across: range) -> "View":
        """Return the view of some positions from left to right, counted within this one."""
        shown = self.places_across[across.start : across.stop]
        part = Part(shown, self.part.columns) if self.turned else Part(self.part.rows, shown)
        return replace(self, part=part)

    def on(self, axes: "Axes") -> "Canvas":
        """Return the canvas of this view on some axes."""
        return Canvas(self.heatmap, self.part, self.scale, self.letters, self.turned, axes=axes)


@dataclass(frozen=True)
class Canvas(View):
    """A view, and the axes it is drawn on.

    Attributes:
        axes: Where it is drawn; a cell's centre has its position within the part as coordinates.
    """

    axes: "Axes" = field(kw_only=True)

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height of the axes."""
        box = self.axes.get_window_extent()
        dpi = self.axes.get_figure(root=True).dpi  # type: ignore[union-attr]
        return float(box.width / dpi), float(box.height / dpi)


@dataclass(frozen=True)
class Labelling:
    """Setting of the labels of a map.

    Attributes:
        slant: Degrees by which those from left to right rise.
        across: The most inches that one of these takes; None is no limit.
        down: The same of those along the side.
    """

    slant: float = SLANT
    across: float | None = None
    down: float | None = None


PLAIN = Labelling()
"""Where there is room for all that is to be written."""


def new_figure(view: View, cell: tuple[float, float] | None) -> "tuple[Figure, Axes, Axes]":
    """Return a figure of a size that fits a part of a map, its axes and those of the colour bar.

    Args:
        view: What is to be drawn.
        cell: Width and height that a cell with text in it needs, inches; None for plain cells.

    Raises:
        InputError: There are more cells than a page has room for.
    """
    from bathyscope.render.figure.shown import ShownFigure

    rows, columns = view.values.shape
    if cell is None:
        width, height = _cell(columns, 16, 0, 0.3), _cell(rows, 9, 0, 0.2)
    else:
        width, height = _cell(columns, 8, cell[0], 1.0), _cell(rows, 8, cell[1], 0.4)
    size = columns * width, max(rows * height, _MIN_MAP_INCHES)
    require_room(*size)
    figure = ShownFigure(figsize=size, dpi=DPI)
    axes = figure.add_axes((0, 0, 1, 1))
    long = min(1.0, _LONGEST_BAR / size[1])
    bar = figure.add_axes((1 + _BAR_GAP / size[0], 1 - long, _BAR / size[0], long))
    return figure, axes, bar


def require_room(width: float, height: float) -> None:
    """Raise InputError where a map of so many inches has no room on a page."""
    for inches, name in ((width, "columns"), (height, "rows")):
        if inches > _MAX_INCHES:
            raise InputError(
                f"A figure of so many {name} would be {inches:.0f} inches long; draw a part with "
                "--window A:B, or pages with --per-page N."
            )


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
    upward = canvas.down.name == LAYER  # depth is drawn as it is thought of
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


def label_axes(canvas: Canvas, how: Labelling = PLAIN) -> None:
    """Label rows and columns; where labels would overlap, every second, every third … remains."""
    from bathyscope.render.figure.spaces import mark_spaces

    axes, letters = canvas.axes, canvas.letters
    width, height = canvas.inches
    shown = _within(canvas.labels_across, how.across, letters)
    short = max(letters.inches(label)[0] for label in shown) <= _SHORT
    fits = pitch(shown, 0, letters) <= width / len(shown)
    lies = canvas.across.name == LAYER or (short and fits)
    slant = 0 if lies else how.slant
    step = _step(len(shown), width, pitch(shown, slant, letters), canvas.across)
    turned: dict[str, Any] = {
        "rotation": slant,
        "rotation_mode": "anchor",
        "ha": "left" if slant else "center",
    }
    if slant == 90:
        turned["va"] = "center"
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(range(0, len(shown), step), shown[::step], **turned, **letters.style())
    shown = _within(canvas.labels_down, how.down, letters)
    step = _step(len(shown), height, LINE * letters.height(shown), canvas.down)
    axes.set_yticks(range(0, len(shown), step), shown[::step], **letters.style())
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        mark_spaces(label)
    across, down = (
        letters.fitted(
            "" if axis.name in _NO_NAMES else letters.line(axis.name), max(inches, _MIN_NAME_INCHES)
        )
        for axis, inches in ((canvas.across, width), (canvas.down, height))
    )
    axes.set_xlabel(across, **letters.style())
    # A name that is longer than the side reaches above the map, where there is room.
    where: Literal["center", "bottom"] = "center" if letters.inches(down)[0] <= height else "bottom"
    axes.set_ylabel(down, loc=where, **letters.style())


def pitch(labels: Sequence[str], slant: float, letters: Lettering) -> float:
    """Return how far apart labels from left to right have to stand, inches."""
    tall = letters.height(labels)
    if slant == 0:
        return max(letters.inches(label)[0] for label in labels) + tall / 2
    return float(LINE * tall / np.sin(np.radians(slant)))


def settle(canvas: Canvas) -> None:
    """Have the layout of a given figure make room for what was drawn, and label what it left."""
    figure = canvas.axes.get_figure(root=True)
    assert figure is not None
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        label_axes(canvas)


def fit(figure: "Figure", width: float | None = None, pad: float = _PAD) -> None:
    """Grow a figure around all that is drawn, so that it can be saved or shown as it is.

    The map's corners come to lie on whole pixels, so that its cells are equally wide.

    Args:
        figure: The figure.
        width: Inches that it is wide afterwards; None makes it as wide as what is drawn.
        pad: Inches around what is drawn.
    """
    box, size, dpi = figure.get_tightbbox(), figure.get_size_inches(), figure.dpi
    left, below = _up_to_pixel(pad - box.x0, dpi), _up_to_pixel(pad - box.y0, dpi)
    whole = _up_to_pixel(left + box.x1 + pad, dpi), _up_to_pixel(below + box.y1 + pad, dpi)
    whole = whole if width is None else (width, whole[1])
    # As they were set: a colour bar gives up a part of its place to its pointed ends.
    places = [(axes, axes.get_position(original=True).bounds) for axes in figure.axes]
    figure.set_size_inches(*whole)
    for axes, (x, y, wide, tall) in places:
        axes.set_position(
            (
                (x * size[0] + left) / whole[0],
                (y * size[1] + below) / whole[1],
                wide * size[0] / whole[0],
                tall * size[1] / whole[1],
            )
        )


def _cell(count: int, inches: float, least: float, most: float) -> float:
    """Return the size of a cell: as large as fits, between limits, a whole number of pixels."""
    wanted = max(least, min(most, inches / count))
    return max(1, int(wanted * DPI)) / DPI


def _within(labels: list[str], inches: float | None, letters: Lettering) -> list[str]:
    """Return labels, none longer than so many inches."""
    return labels if inches is None else [letters.fitted(one, inches, SIZE) for one in labels]


def _step(count: int, inches: float, line: float, axis: Axis) -> int:
    """Return every how manyth label has room when each takes so many inches; of layers the odd."""
    step = max(1, int(np.ceil(count * line / inches - 1e-6)))
    return max(2, step + step % 2) if axis.name == LAYER else step


def _up_to_pixel(inches: float, dpi: float) -> float:
    return float(np.ceil(inches * dpi - 1e-6)) / dpi
