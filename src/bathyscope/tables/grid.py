"""Labels and cells, however they were written down, and how they become a map."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import LARGEST, Axis, FloatArray, Heatmap, Quantity

MAX_CELLS = 2**24
"""The largest table that is read: 4,096 × 4,096."""

Line = Sequence[Any]

_MISSING = {"", "nan", "-nan", "na", "n/a", "<na>", "#n/a", "#na", "none", "null"}
"""What pandas, R and spreadsheets write into a cell without a number, in small letters."""


class NotATable(InputError):
    """Reason why something is no number table; whoever knows its name puts that before it."""


def grid(header: Line, lines: Sequence[Line], first: int = 1) -> Heatmap:
    """Return a table as a map: the header names the columns, the first cell of a line its row.

    The first cell of the header names the row axis. Labels may repeat.

    Args:
        header: The first line.
        lines: The others, each as long as the header.
        first: What the first of `lines` is counted as in messages.

    Raises:
        NotATable: There is no cell, a line is too short or too long, or a cell is no number.
    """
    if len(header) < 2 or not lines:
        raise NotATable("expected a line of column labels, then lines of a label and numbers.")
    require_size(len(lines), len(header) - 1)
    values = [_numbers(number, line, header) for number, line in enumerate(lines, start=first)]
    return table_map(
        np.array(values),
        Axis(_label(header[0]).strip() or "row", tuple(_label(line[0]) for line in lines)),
        Axis("column", tuple(map(_label, header[1:]))),
    )


def table_map(
    values: FloatArray,
    rows: Axis,
    columns: Axis,
    quantity: Quantity | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Heatmap:
    """Return a map of known axes whose quantity may have to be guessed.

    A table with negative values is taken as signed, with 0 as neutral; its unit is not known.
    NaN and infinities stay what they are.

    Raises:
        NotATable: The values do not fit the axes, none of them is finite, or one is too large.
    """
    expected = (len(rows), len(columns))
    if 0 in expected or values.shape != expected:
        raise NotATable(
            f"{expected[0]} row labels and {expected[1]} column labels do not fit values of shape "
            f"{values.shape}."
        )
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise NotATable("none of its cells is a finite number.")
    if np.abs(finite).max() > LARGEST:
        raise NotATable(
            f"its values reach {np.abs(finite).max():.3g}; at most {LARGEST:g} can be summed and "
            "drawn. Rescale them."
        )
    if quantity is None:
        quantity = _signed(rows.name) if finite.min() < 0 else Quantity("value")
    return Heatmap(values, rows, columns, quantity, provenance or {})


def require_size(rows: int, columns: int) -> None:
    """Raise NotATable where a table has more cells than are read."""
    if rows * columns > MAX_CELLS:
        raise NotATable(
            f"it has {rows:,} × {columns:,} cells; at most {MAX_CELLS:,} are read. Take a part."
        )


def number(cell: Any) -> float:
    """Return the number that a cell holds; NaN where it is empty or says that it is missing.

    Raises:
        ValueError: It holds something else.
    """
    if cell is None:
        return np.nan
    if isinstance(cell, str):
        if cell.strip().lower() in _MISSING:
            return np.nan
        if "_" in cell:  # which Python allows between digits, and no table means
            raise ValueError(cell)
        return float(cell.strip().replace("−", "-"))
    if isinstance(cell, bool) or not isinstance(cell, (int, float, np.integer, np.floating)):
        raise ValueError(cell)
    return float(cell)


def is_number(cell: Any) -> bool:
    """Tell whether a cell holds a number, or that it is missing."""
    try:
        number(cell)
    except (ValueError, OverflowError):
        return False
    return True


def _numbers(position: int, line: Line, header: Line) -> list[float]:
    if len(line) != len(header):
        raise NotATable(f"row {position} has {len(line)} cells where the first has {len(header)}.")
    numbers = []
    for label, cell in zip(header[1:], line[1:], strict=True):
        try:
            numbers.append(number(cell))
        except (ValueError, OverflowError):
            raise NotATable(
                f"{str(cell)[:80]!r} in row {position}, column {str(label)[:80]!r} is not a number."
            ) from None
    return numbers


def _label(cell: Any) -> str:
    if cell is None or isinstance(cell, (list, dict)):
        raise NotATable(f"{str(cell)[:80]!r} stands where a label is expected.")
    return str(cell)


def _signed(row_axis: str) -> Quantity:
    name = f"{row_axis} attribution"
    return Quantity(name, neutral=0.0, legend=name.title())
