"""Parts of a map's size: among rows, among columns, among the roles of either."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.description.facts.grid import AxisFacts, Cell, Grid, Place
from bathyscope.description.facts.spread import not_near_zero
from bathyscope.prompt.roles import Role

DOMINANCE = 1.5
"""An entry dominates when its size is at least this many times the next one's."""

MOST_LEADING = 3
"""So many cells of a row or column are named at most."""


@dataclass(frozen=True)
class Line:
    """One row, or one column.

    Attributes:
        place: Which.
        size: Sum of the sizes of its cells, in the map's unit.
        share: Its size over the map's total, 0..1; 0 where the total is 0.
        sum: Sum of its effects, in the map's unit.
        sum_margin: Half the width of the sum's 95 % interval; None where that is not known.
        leading: Its cells that are not near zero, the largest size first, at most `MOST_LEADING`.
        noted: How many of its cells are not near zero.
    """

    place: Place
    size: float
    share: float
    sum: float
    sum_margin: float | None
    leading: tuple[Cell, ...]
    noted: int


@dataclass(frozen=True)
class RolePart:
    """All entries of one role.

    Attributes:
        role: A value of `roles.Role`.
        count: How many entries have it.
        share: Size of all their cells over the map's total, 0..1; 0 where the total is 0.
        sum: Sum of the effects of all their cells, in the map's unit.
        across: The entry of the other axis that holds most of their size.
        across_share: Its share of their size, 0..1; 0 where their size is 0.
    """

    role: Role
    count: int
    share: float
    sum: float
    across: Place
    across_share: float


@dataclass(frozen=True)
class Dominance:
    """Dominance of one line over every other.

    Attributes:
        first: The line of the largest size.
        second: The next.
        times: First size over second; None where the second is 0.
        dominates: Whether that is at least `DOMINANCE`.
    """

    first: Place
    second: Place
    times: float | None
    dominates: bool


@dataclass(frozen=True)
class Division:
    """Division of the size along one axis.

    Attributes:
        lines: Every row, or every column, the largest size first.
        dominance: Of the first over the second; None where there is one line, or only zeros.
        roles: The parts of each role, the largest share first; None without roles.
    """

    lines: tuple[Line, ...]
    dominance: Dominance | None
    roles: tuple[RolePart, ...] | None


def by_rows(grid: Grid) -> Division:
    """Return how the size divides among rows."""
    return _division(grid, grid.rows, axis=0)


def by_columns(grid: Grid, sum_margin: FloatArray | None = None) -> Division:
    """Return how the size divides among columns.

    Args:
        grid: The cells.
        sum_margin: Half the width of the 95 % interval of each column's sum, shape (columns,).
    """
    return _division(grid, grid.columns, axis=1, sum_margin=sum_margin)


def _division(
    grid: Grid, side: AxisFacts, axis: int, sum_margin: FloatArray | None = None
) -> Division:
    across = np.moveaxis(grid.sizes, axis, 0)
    noted = np.moveaxis(not_near_zero(grid), axis, 0)
    sizes, total = across.sum(axis=1), grid.total
    sums = np.nan_to_num(grid.effects, nan=0.0).sum(axis=1 - axis)
    counted = np.flatnonzero(grid.counted.any(axis=1 - axis))
    lines = []
    for index in counted[np.argsort(-sizes[counted], kind="stable")].tolist():
        largest = np.argsort(-across[index], kind="stable")[: min(noted[index].sum(), MOST_LEADING)]
        lines.append(
            Line(
                place=side.place(index),
                size=float(sizes[index]),
                share=_share(sizes[index], total),
                sum=float(sums[index]),
                sum_margin=None if sum_margin is None else float(sum_margin[index]),
                leading=tuple(
                    grid.cell(*((index, other) if axis == 0 else (other, index)))
                    for other in largest.tolist()
                ),
                noted=int(noted[index].sum()),
            )
        )
    other = grid.columns if axis == 0 else grid.rows
    return Division(tuple(lines), _dominance(lines), _role_parts(side, other, across, sums))


def _dominance(lines: Sequence[Line]) -> Dominance | None:
    if len(lines) < 2 or lines[0].size == 0:
        return None
    first, second = lines[:2]
    times = first.size / second.size if second.size else None
    return Dominance(first.place, second.place, times, times is None or times >= DOMINANCE)


def _role_parts(
    side: AxisFacts, other: AxisFacts, sizes: FloatArray, sums: FloatArray
) -> tuple[RolePart, ...] | None:
    """Return the parts of each role from sizes (entries, entries across) and sums (entries,)."""
    if side.roles is None:
        return None
    parts = []
    for role in Role:
        own = np.array([found is role for found in side.roles])
        if own.any():
            across: FloatArray = np.sum(sizes[own], axis=0)
            size, most = float(across.sum()), int(across.argmax())
            parts.append(
                RolePart(
                    role=role,
                    count=int(own.sum()),
                    share=_share(size, float(sizes.sum())),
                    sum=float(sums[own].sum()),
                    across=other.place(most),
                    across_share=_share(across[most], size),
                )
            )
    return tuple(sorted(parts, key=lambda part: -part.share))


def _share(size: float, total: float) -> float:
    return float(size) / total if total else 0.0
