"""The cells that statistics are taken over, and how one of them is named."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import Axis, FloatArray, Heatmap
from bathyscope.prompt.roles import Role, axis_roles


@dataclass(frozen=True)
class Place:
    """One entry of an axis.

    Attributes:
        position: Where it stands, counted from 0.
        label: Its display text; labels repeat, positions do not.
        role: What it is, a value of `roles.Role`; None where the axis holds no pieces of text.
    """

    position: int
    label: str
    role: str | None


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        row: Its row.
        column: Its column.
        value: Its value, in the map's unit.
        margin: Half the width of its 95 % interval; None where the map was not sampled.
    """

    row: Place
    column: Place
    value: float
    margin: float | None


@dataclass(frozen=True)
class AxisFacts:
    """One side of a map.

    Attributes:
        name: What its entries are.
        labels: Display text of each.
        roles: Role of each; None where the axis holds no pieces of text.
    """

    name: str
    labels: tuple[str, ...]
    roles: tuple[Role, ...] | None

    def place(self, position: int) -> Place:
        """Return one entry."""
        role = None if self.roles is None else str(self.roles[position])
        return Place(int(position), self.labels[position], role)


@dataclass(frozen=True)
class Grid:
    """A map, or the part of it that statistics are taken over.

    Attributes:
        effects: Values minus the neutral value (minus 0 where there is none), shape (rows,
            columns); NaN in cells that do not count: left out on purpose, or not finite.
        values: The values themselves, NaN likewise.
        margin: Half the width of each 95 % interval, same shape; None where not sampled.
        signed: Whether the quantity has a neutral value, so that signs mean something.
        rows: The first axis.
        columns: The second axis.
    """

    effects: FloatArray
    values: FloatArray
    margin: FloatArray | None
    signed: bool
    rows: AxisFacts
    columns: AxisFacts

    @property
    def sizes(self) -> FloatArray:
        """Absolute effects, 0 in cells that do not count."""
        sizes: FloatArray = np.nan_to_num(np.abs(self.effects), nan=0.0)
        return sizes

    @property
    def total(self) -> float:
        """Sum of all sizes."""
        return float(self.sizes.sum())

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Which cells count."""
        return ~np.isnan(self.effects)

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Which cells count and are told from neutral: those whose 95 % interval excludes it.

        All that count where the map was not sampled.
        """
        if self.margin is None:
            return self.counted
        return self.counted & (self.sizes > self.margin)

    def cell(self, row: int, column: int) -> Cell:
        """Return one cell."""
        margin = None if self.margin is None else float(self.margin[row, column])
        value = float(self.values[row, column])
        return Cell(self.rows.place(row), self.columns.place(column), value, margin)

    def cells(self, which: NDArray[np.bool_]) -> tuple[Cell, ...]:
        """Return the cells of a mask in reading order."""
        return tuple(self.cell(int(row), int(column)) for row, column in np.argwhere(which))


def axis_facts(axis: Axis, across: Axis, heatmap: Heatmap) -> AxisFacts:
    """Return one side of a map with the roles of its entries."""
    return AxisFacts(axis.name, axis.labels, axis_roles(axis, across, heatmap.provenance))


def grid(
    heatmap: Heatmap,
    margin: FloatArray | None = None,
    where: NDArray[np.bool_] | None = None,
) -> Grid:
    """Return the grid of a map.

    Args:
        heatmap: The map.
        margin: Half the width of each cell's 95 % interval; None where not sampled.
        where: Which cells count, if finite; None takes all.
    """
    counts = np.isfinite(heatmap.values)
    if where is not None:
        counts &= where
    values = np.where(counts, heatmap.values, np.nan)
    neutral = heatmap.quantity.neutral
    return Grid(
        effects=values - (neutral or 0.0),
        values=values,
        margin=margin,
        signed=neutral is not None,
        rows=axis_facts(heatmap.rows, heatmap.columns, heatmap),
        columns=axis_facts(heatmap.columns, heatmap.rows, heatmap),
    )


@dataclass(frozen=True)
class Gaps:
    """Cells without a finite number; no statistic contains them.

    Attributes:
        nan: How many are no number.
        infinite: How many are plus infinity.
        minus_infinite: How many are minus infinity.
        places: The first ones in reading order, at most `MOST_GAPS`: row and column.
    """

    nan: int
    infinite: int
    minus_infinite: int
    places: tuple[tuple[Place, Place], ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return self.nan + self.infinite + self.minus_infinite


MOST_GAPS = 8
"""So many places without a number are named."""


def gaps(heatmap: Heatmap, rows: AxisFacts, columns: AxisFacts) -> Gaps | None:
    """Return the cells of a map that hold no finite number, or None where all do."""
    values: NDArray[Any] = heatmap.values
    where = np.argwhere(~np.isfinite(values))
    if not len(where):
        return None
    return Gaps(
        nan=int(np.isnan(values).sum()),
        infinite=int((values == np.inf).sum()),
        minus_infinite=int((values == -np.inf).sum()),
        places=tuple((rows.place(row), columns.place(column)) for row, column in where[:MOST_GAPS]),
    )
