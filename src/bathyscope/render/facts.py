"""What stands out in a map, computed; `description` only puts it into words."""

from dataclasses import dataclass

import numpy as np

from bathyscope.heatmap import FloatArray, Heatmap

NEAR_ZERO_SHARE = 0.05
"""A value is near zero when its size is at most this share of the largest size in the map."""

DOMINANCE = 1.5
"""A row dominates when the sizes of its cells sum to at least this many times the next row's."""


@dataclass(frozen=True)
class Cell:
    """One cell: where it is, counted from 0, and its value."""

    row: int
    column: int
    value: float


@dataclass(frozen=True)
class Dominance:
    """A row whose cells are larger in sum than those of every other row.

    Attributes:
        row: Position of the row.
        size: Sum of the absolute values of its cells.
        next_row: Position of the row that comes second.
        next_size: The same sum there.
    """

    row: int
    size: float
    next_row: int
    next_size: float


@dataclass(frozen=True)
class Facts:
    """What stands out in a map.

    Attributes:
        largest: Cell with the largest value; the first in reading order where several are.
        smallest: Cell with the smallest value, likewise.
        near_zero_limit: The largest size that counts as near zero.
        near_zero: How many cells are near zero.
        negatives: Cells below zero and not near it, most negative first.
        dominating: The dominating row, or None.
    """

    largest: Cell
    smallest: Cell
    near_zero_limit: float
    near_zero: int
    negatives: tuple[Cell, ...]
    dominating: Dominance | None


def facts(heatmap: Heatmap) -> Facts:
    """Return what stands out in a map."""
    values = heatmap.values
    limit = NEAR_ZERO_SHARE * float(np.abs(values).max())
    negative = [_cell(values, int(flat)) for flat in np.flatnonzero(values < -limit)]
    return Facts(
        largest=_cell(values, int(values.argmax())),
        smallest=_cell(values, int(values.argmin())),
        near_zero_limit=limit,
        near_zero=int((np.abs(values) <= limit).sum()),
        negatives=tuple(sorted(negative, key=lambda cell: cell.value)),
        dominating=_dominating_row(values),
    )


def _cell(values: FloatArray, flat: int) -> Cell:
    row, column = divmod(flat, values.shape[1])
    return Cell(row, column, float(values[row, column]))


def _dominating_row(values: FloatArray) -> Dominance | None:
    sizes = np.abs(values).sum(axis=1)
    if len(sizes) < 2:
        return None
    second, first = np.argsort(sizes, kind="stable")[-2:]
    if sizes[first] == 0 or sizes[first] < DOMINANCE * sizes[second]:
        return None
    return Dominance(int(first), float(sizes[first]), int(second), float(sizes[second]))
