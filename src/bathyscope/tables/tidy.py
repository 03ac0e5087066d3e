"""Tidy tables, one cell a line, as `scores.csv` of a run is."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from bathyscope.core.heatmap import Axis, Heatmap
from bathyscope.tables.grid import Line, NotATable, number, require_size, table_map

TIDY = ("row", "row_label", "column", "column_label", "value")
"""What the header of a tidy table begins with; positions count from 0."""


def is_tidy(header: Line) -> bool:
    """Tell whether a header is that of a tidy table."""
    return tuple(header[: len(TIDY)]) == TIDY


def tidy(lines: Sequence[Line]) -> Heatmap:
    """Return the map whose cells are listed, each once, in any order.

    Raises:
        NotATable: A cell is missing, there twice, or no number; labels of a position differ.
    """
    rows: dict[int, str] = {}
    columns: dict[int, str] = {}
    cells: dict[tuple[int, int], float] = {}
    for place, line in enumerate(lines, start=2):
        try:
            row, row_label, column, column_label, value = line[: len(TIDY)]
            cell = _position(row), _position(column)
            cells_before = len(cells)
            cells[cell] = number(value)
        except (ValueError, TypeError, OverflowError):
            raise NotATable(
                f"line {place} does not hold what the first line names: {', '.join(TIDY)}."
            ) from None
        agree = rows.setdefault(cell[0], row_label) == row_label
        agree &= columns.setdefault(cell[1], column_label) == column_label
        if len(cells) == cells_before or not agree:
            raise NotATable(f"line {place} contradicts an earlier line about cell {cell}.")
    require_size(len(rows), len(columns))
    complete = len(cells) == len(rows) * len(columns)
    for positions in (rows, columns):
        complete &= sorted(positions) == list(range(len(positions)))
    if not complete or not cells:
        raise NotATable(f"{len(cells)} cells are listed, which do not fill rows and columns.")
    values = np.empty((len(rows), len(columns)))
    for cell, value in cells.items():
        values[cell] = value
    return table_map(values, _axis("row", rows), _axis("column", columns))


def _position(cell: Any) -> int:
    """Return a whole number; programs that know only fractions write 3 as 3.0.

    Raises:
        ValueError: It is something else, which `int` would cut or take for a number.
    """
    if isinstance(cell, bool) or not re.fullmatch(r"\s*\d+(\.0*)?\s*", str(cell)):
        raise ValueError(cell)
    return int(float(cell))


def _axis(name: str, labels: dict[int, str]) -> Axis:
    return Axis(name, tuple(str(labels[position]) for position in range(len(labels))))
