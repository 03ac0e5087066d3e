"""Largest changes between two maps; words and figures only show them."""

from dataclasses import dataclass

import numpy as np

from bathyscope.core.heatmap import Axis, FloatArray
from bathyscope.runs.base import Run
from bathyscope.runs.comparison import Comparison
from bathyscope.runs.differences import Change


@dataclass(frozen=True)
class CellChange:
    """One cell that both maps have.

    Attributes:
        row: Its row in A and in B, from 0.
        column: Its column in A and in B.
        a: Its value in A.
        b: Its value in B.
        margin: Half the width of the 95 % interval of b − a; None where both are exact.
    """

    row: tuple[int, int]
    column: tuple[int, int]
    a: float
    b: float
    margin: float | None

    @property
    def difference(self) -> float:
        """B − A."""
        return self.b - self.a

    @property
    def clear(self) -> bool:
        """Whether sampling error alone does not explain the difference."""
        return abs(self.difference) > (self.margin or 0.0)


@dataclass(frozen=True)
class Drive:
    """Largest effect in one row of one map.

    Attributes:
        row: Its position, from 0.
        columns: Positions of the columns, the highest value first.
        values: Their values, in that order.
    """

    row: int
    columns: tuple[int, ...]
    values: FloatArray


@dataclass(frozen=True)
class Swap:
    """A stretch of rows of A in whose place B has other rows: what drove each of them."""

    a: tuple[Drive, ...]
    b: tuple[Drive, ...]


def largest_changes(comparison: Comparison, most: int = 5) -> list[CellChange]:
    """Return the cells that changed most, the largest change first; none that did not change."""
    cells = comparison.cells
    if cells is None or not comparison.one_scale:
        return []
    return [
        CellChange(
            comparison.rows.pairs[row],
            comparison.columns.pairs[column],
            float(cells.a[row, column]),
            float(cells.b[row, column]),
            None if cells.margin is None else float(cells.margin[row, column]),
        )
        for row, column in (divmod(flat, cells.a.shape[1]) for flat in _largest(cells, most))
    ]


def _largest(change: Change, most: int) -> list[int]:
    size = np.abs(change.difference).ravel()
    order = np.argsort(-np.where(np.isfinite(size), size, 0), kind="stable")[:most]
    return [int(flat) for flat in order if np.isfinite(size[flat]) and size[flat] > 0]


def largest_entry(change: Change) -> int | None:
    """Return the position of the entry that changed most; None where none did."""
    found = _largest(change, 1)
    return found[0] if found else None


def clear_changes(change: Change) -> int | None:
    """Return how many entries changed by more than their 95 % interval; None if all are exact."""
    if change.margin is None:
        return None
    return int((np.abs(change.difference) > change.margin).sum())


def swaps(comparison: Comparison) -> list[Swap]:
    """Return the stretches of target tokens that stand in each other's place, and what drove them.

    None where the maps do not say what columns do to the whole target: what a row means must be
    known.
    """
    a, b = comparison.a, comparison.b
    if a.whole_target is None or b.whole_target is None:
        return []
    return [
        Swap(
            tuple(_drive(a, row) for row in range(*in_a)),
            tuple(_drive(b, row) for row in range(*in_b)),
        )
        for in_a, in_b in comparison.rows.replaced
    ]


def _drive(run: Run, row: int) -> Drive:
    values = run.heatmap.values[row]
    order = np.argsort(-values, kind="stable")
    return Drive(row, tuple(map(int, order)), values[order])


def axes_of(comparison: Comparison, side: str) -> tuple[Axis, Axis]:
    """Return the rows, or the columns, of both maps."""
    first, second = (getattr(heatmap, side) for heatmap in comparison.maps)
    return first, second
