"""Totals at the edges of a map: numbers where they have room, else bars."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.render.figure.canvas import LINE, SLANT, Canvas
from bathyscope.render.figure.cells import ROOM
from bathyscope.render.figure.sums import Sums
from bathyscope.render.lettering import SIZE, Lettering
from bathyscope.render.numbers import written

_GAP = 6.0  # points between the map and what stands beside it
_BARS = 0.4  # inches
_NAME = "sum"


@dataclass(frozen=True)
class EdgeTotals:
    """Totals along one edge of a map.

    Attributes:
        values: One for each position.
        margin: Half the widths of their 95 % intervals; None if exact or not known.
        form: How they are written.
        reach: The ends of their bars, alike in every part of them: zero, the least and the largest,
            intervals included.
    """

    values: FloatArray
    margin: FloatArray | None
    form: str
    reach: tuple[float, float]

    @classmethod
    def of(cls, values: FloatArray, margin: FloatArray | None, form: str) -> "EdgeTotals":
        """Return the totals along one whole edge."""
        finite = np.where(np.isfinite(values), values, 0.0)
        spread = 0.0 if margin is None else np.nan_to_num(margin, posinf=0.0)
        low, high = min(0.0, (finite - spread).min()), max(0.0, (finite + spread).max())
        return cls(values, margin, form, (float(low), float(high) if low < high else 1.0))

    @property
    def numbers(self) -> list[str]:
        """The totals as they are written."""
        return [written(value, self.form, signed=True) for value in self.values.tolist()]

    @property
    def margins(self) -> list[str]:
        """± half the width of each interval; empty where there are none."""
        if self.margin is None:
            return []
        return [f"± {written(value, self.form)}" for value in self.margin.tolist()]

    @property
    def lines(self) -> list[str]:
        """Each total with its interval."""
        margins = self.margins or [""] * len(self.numbers)
        return [" ".join(filter(None, pair)) for pair in zip(self.numbers, margins, strict=True)]

    @property
    def longest(self) -> str:
        """The largest of them in size, as it is written."""
        return self.numbers[int(np.abs(np.nan_to_num(self.values)).argmax())]

    def only(self, places: range) -> "EdgeTotals":
        """Return the totals of some positions."""
        cut = slice(places.start, places.stop)
        margin = None if self.margin is None else self.margin[cut]
        return EdgeTotals(self.values[cut], margin, self.form, self.reach)


@dataclass(frozen=True)
class Totals:
    """Totals of a map as it is drawn.

    Attributes:
        side: Sums over what runs from left to right, along the side; None where there are none.
        foot: Sums over what runs along the side, below the map.
        everything: The sum of all, as it is written; empty where there is none.
    """

    side: EdgeTotals | None
    foot: EdgeTotals | None
    everything: str

    @classmethod
    def of(cls, sums: Sums, form: str, *, turned: bool) -> "Totals":
        """Return the totals of a map that is drawn as it is, or turned."""
        rows = EdgeTotals.of(sums.of_rows, sums.row_margin, form)
        columns = (
            None
            if sums.of_columns is None
            else EdgeTotals.of(sums.of_columns, sums.column_margin, form)
        )
        total = sums.everything
        said = "" if total is None else written(total, form, signed=True)
        return cls(columns, rows, said) if turned else cls(rows, columns, said)

    def only(self, across: range) -> "Totals":
        """Return the totals of some positions from left to right; those along the side stay."""
        return replace(self, foot=None if self.foot is None else self.foot.only(across))

    @property
    def texts(self) -> list[list[str]]:
        """What cells are to have room for, so that it can stand below them."""
        return [] if self.foot is None else [self.foot.numbers, self.foot.margins]

    def side_inches(self, letters: Lettering) -> float:
        """Return how wide the totals along the side are, numbers or bars."""
        if self.side is None:
            return 0.0
        widest = max(letters.inches(text)[0] for text in self.side.lines)
        return max(widest, _BARS) + _GAP / 72

    def foot_inches(self, letters: Lettering, cell: float) -> float:
        """Return how tall the totals below the map are, where a cell is so many inches wide."""
        if self.foot is None:
            return 0.0
        lines = 2 if self.foot.margins else 1
        fits = _fits(self.foot, cell, letters)
        return (lines * _line(letters) if fits else _BARS) + _GAP / 72


def draw_totals(
    canvas: Canvas, totals: Totals, slant: float = SLANT, *, side: bool = True
) -> list[str]:
    """Draw the totals at the edges of a map, and return what is still to be said of them.

    Args:
        canvas: The map.
        totals: Of what is drawn on it.
        slant: Degrees by which the column labels rise.
        side: Whether those along the side are drawn, too.
    """
    edges = [totals.side if side else None, totals.foot]
    beside, below = _draw_side(canvas, edges[0], slant), _draw_foot(canvas, edges[1])
    if beside and below and totals.everything:
        place = ("axes fraction", "axes fraction")
        _at(canvas, totals.everything, (1, 0), place, (_GAP, -_GAP), va="top")
    drawn = zip(edges, (beside, below), strict=True)
    in_bars = [edge.longest for edge, said in drawn if edge is not None and not said]
    said = [f"bars: sums, the longest {' and '.join(in_bars)}"] if in_bars else []
    if side and totals.everything and not (beside and below):
        said.append(f"sum of all {totals.everything}")
    return said


def _draw_side(canvas: Canvas, edge: EdgeTotals | None, slant: float) -> bool:
    """Draw the totals along the side, and tell whether as numbers."""
    if edge is None:
        return False
    line = _line(canvas.letters)
    _name(canvas, (1, 1), (_GAP + SIZE, _GAP + 1), rotation=slant)
    if canvas.inches[1] / len(edge.values) < line * 0.98:
        _bars(canvas, edge, upright=False)
        return False
    for place, text in enumerate(edge.lines):
        coordinates = ("axes fraction", "data")
        _at(canvas, text, (1, place), coordinates, (_GAP, 0), va="center_baseline")
    return True


def _draw_foot(canvas: Canvas, edge: EdgeTotals | None) -> bool:
    """Draw the totals below the map, and tell whether as numbers."""
    if edge is None:
        return False
    letters = canvas.letters
    _name(canvas, (0, 0), (-_GAP - 1, -_GAP), ha="right", va="top")
    if not _fits(edge, canvas.inches[0] / len(edge.values), letters):
        _bars(canvas, edge, upright=True)
        return False
    for index, lines in enumerate((edge.numbers, edge.margins)):
        below = -_GAP - index * _line(letters) * 72
        for place, text in enumerate(lines):
            coordinates = ("data", "axes fraction")
            _at(canvas, text, (place, 0), coordinates, (0, below), ha="center", va="top")
    return True


def _fits(edge: EdgeTotals, inches: float, letters: Lettering) -> bool:
    widest = max(letters.inches(text)[0] for text in (*edge.numbers, *edge.margins))
    return widest * ROOM <= inches * 1.01


def _line(letters: Lettering) -> float:
    return LINE * letters.height(())


def _name(canvas: Canvas, place: tuple[int, int], moved: tuple[float, float], **how: Any) -> None:
    style = {"rotation_mode": "anchor", **how, **canvas.letters.style()}
    canvas.axes.annotate(_NAME, place, moved, "axes fraction", textcoords="offset points", **style)


def _at(
    canvas: Canvas, text: str, place: tuple[float, float], coordinates: tuple[str, str],
    moved: tuple[float, float], **how: Any,
) -> None:  # fmt: skip
    canvas.axes.annotate(
        text, place, moved, coordinates, textcoords="offset points", **how,
        **canvas.letters.style(),
    )  # fmt: skip


def _bars(canvas: Canvas, edge: EdgeTotals, *, upright: bool) -> None:
    """Draw totals as bars from zero, with their intervals, along one edge."""
    wide, tall = canvas.inches
    gap = _GAP / 72
    place = (
        (0, -(gap + _BARS) / tall, 1, _BARS / tall)
        if upright
        else (1 + gap / wide, 0, _BARS / wide, 1)
    )
    axes = canvas.axes.inset_axes(place)
    values = np.where(np.isfinite(edge.values), edge.values, 0.0)
    colours = _colours(canvas, values)
    positions = np.arange(len(values))
    error: dict[str, Any] = (
        {} if edge.margin is None else {"yerr" if upright else "xerr": edge.margin}
    )
    draw = axes.bar if upright else axes.barh
    draw(positions, values, 0.8, color=colours, error_kw={"elinewidth": 0.6}, **error)
    (axes.axhline if upright else axes.axvline)(0, color="0.4", linewidth=0.6)
    (axes.set_xlim if upright else axes.set_ylim)(
        canvas.axes.get_xlim() if upright else canvas.axes.get_ylim()
    )
    (axes.set_ylim if upright else axes.set_xlim)(*edge.reach)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _colours(canvas: Canvas, values: Sequence[float] | FloatArray) -> list[Any]:
    """Return the colour of each bar: that of its sign on the map's scale."""
    scale, neutral = canvas.scale, canvas.heatmap.quantity.neutral or 0.0
    low, high = neutral + 0.75 * (scale.low - neutral), neutral + 0.75 * (scale.high - neutral)
    ends = scale.colours(np.array([low, high]))
    return [tuple(ends[int(value > 0)]) for value in values]
