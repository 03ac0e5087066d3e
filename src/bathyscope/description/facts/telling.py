"""Telling rows of a map: the one that depends most on which column stands, and those alike."""

from dataclasses import dataclass

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.description.facts.grid import Cell, Grid, Place
from bathyscope.description.facts.spread import not_near_zero
from bathyscope.prompt.roles import Role

ALIKE = 2.0
"""Columns support a row alike where the largest effect is at most so many times the smallest."""

_SAYS_LITTLE = frozenset({Role.NEWLINE, Role.SPACE, Role.OTHER, Role.PUNCTUATION})


@dataclass(frozen=True)
class Driven:
    """Row of which the columns differ most.

    Attributes:
        row: Which: of the rows that are no white space, punctuation or special token, if any of
            them has a size, the one with the largest difference between its largest and its
            smallest effect; of one column, the largest size. Cells that may be neutral (a sampled
            map) count as neutral here.
        top: Its cell of the largest size, the first where several are.
        equals: How many further cells of it have the same value.
        larger: How many cells of it are larger in size, but not told from neutral (a sampled map).
        others: How many other cells of it count.
        rest: Sum of their effects, in the map's unit.
    """

    row: Place
    top: Cell
    equals: int
    larger: int
    others: int
    rest: float


@dataclass(frozen=True)
class Alike:
    """Row that every column supports alike, the largest sum of them.

    Attributes:
        row: Which.
        smallest: The smallest effect in it, above 0, in the map's unit.
        largest: The largest; at most `ALIKE` times the smallest.
        rows: How many such rows there are.
    """

    row: Place
    smallest: float
    largest: float
    rows: int


@dataclass(frozen=True)
class Idle:
    """Rows without a cell that is told from neutral and not near zero.

    Attributes:
        rows: Which; those with a gap are not among them.
        largest: The largest size of a cell in them that is told from neutral, in the map's unit; 0
            where none is.
    """

    rows: tuple[Place, ...]
    largest: float


@dataclass(frozen=True)
class Telling:
    """Rows that tell most.

    Attributes:
        driven: The one whose columns differ most; None where no cell is told from neutral.
        alike: The one that all columns support alike; None where none is, or without signs.
        idle: Those that no column has a notable effect on.
    """

    driven: Driven | None
    alike: Alike | None
    idle: Idle


def telling(grid: Grid) -> Telling:
    """Return which rows of a grid tell most."""
    return Telling(_driven(grid), _alike(grid) if grid.signed else None, _idle(grid))


def _driven(grid: Grid) -> Driven | None:
    clear = np.where(grid.clear, grid.effects, 0.0)
    sizes = np.abs(clear)
    differ = clear.max(axis=1) - clear.min(axis=1) if clear.shape[1] > 1 else sizes[:, 0]
    known = sizes.max(axis=1) > 0
    if not known.any():
        return None
    if grid.rows.roles is not None:
        says = known & np.array([role not in _SAYS_LITTLE for role in grid.rows.roles])
        known = says if says.any() else known
    # Of rows that differ alike, all columns equal in each, the one of the largest size.
    rows = np.flatnonzero(known)
    row = int(rows[np.lexsort((-sizes[rows].max(axis=1), -differ[rows]))[0]])
    column = int(sizes[row].argmax())
    counted = grid.counted[row]
    others = counted & (np.arange(len(counted)) != column)
    return Driven(
        row=grid.rows.place(row),
        top=grid.cell(row, column),
        equals=int((clear[row][others] == clear[row, column]).sum()),
        larger=int((grid.sizes[row] > sizes[row, column]).sum()),
        others=int(others.sum()),
        rest=float(grid.effects[row][others].sum()),
    )


def _alike(grid: Grid) -> Alike | None:
    effects = np.where(grid.clear & not_near_zero(grid), grid.effects, 0.0)
    smallest, largest = effects.min(axis=1), effects.max(axis=1)
    alike = (smallest > 0) & (largest <= ALIKE * smallest)
    if effects.shape[1] < 2 or not alike.any():
        return None
    row = int(np.where(alike, effects.sum(axis=1), -np.inf).argmax())
    place = grid.rows.place(row)
    return Alike(place, float(smallest[row]), float(largest[row]), int(alike.sum()))


def _idle(grid: Grid) -> Idle:
    if not grid.counted.any():
        return Idle((), 0.0)
    notable = (grid.clear & not_near_zero(grid)).any(axis=1)
    idle = np.flatnonzero(~notable & grid.counted.all(axis=1))
    sizes: FloatArray = np.where(grid.clear, grid.sizes, 0.0)[idle]
    return Idle(tuple(map(grid.rows.place, idle.tolist())), float(sizes.max(initial=0.0)))
