"""Maps from plain CSV tables: first column row labels, first line column labels."""

import csv
import io
import math
from pathlib import Path

import numpy as np

from bathyscope.errors import InputError
from bathyscope.files import sha256
from bathyscope.heatmap import Axis, Heatmap, Quantity


def read_table(path: Path) -> Heatmap:
    """Read a table of numbers as a map.

    The first cell of the first line names the row axis. A table with negative values is taken
    as signed, with 0 as neutral; its unit is not known.

    Raises:
        InputError: The file cannot be read or is no rectangular table of finite numbers.
    """
    header, *lines = _lines(path)
    if len(header) < 2 or not lines:
        raise InputError(
            f"{path} is no number table: expected a line of column labels, then lines of a label "
            "and numbers."
        )
    values = [_numbers(path, number, line, header) for number, line in enumerate(lines, start=2)]
    signed = min(map(min, values)) < 0
    row_axis = header[0].strip() or "row"
    return Heatmap(
        values=np.array(values),
        rows=Axis(row_axis, tuple(line[0] for line in lines)),
        columns=Axis("column", tuple(header[1:])),
        quantity=Quantity(
            name=f"{row_axis} attribution" if signed else "value",
            neutral=0.0 if signed else None,
            legend=f"{row_axis} attribution".title() if signed else "",
        ),
        provenance={"table": path.name, "sha256": sha256(path)},
    )


def _lines(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = [line for line in csv.reader(io.StringIO(text), strict=True) if line]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is no CSV text table ({error}).") from error
    if not lines:
        raise InputError(f"{path} is empty; expected a table of numbers with labels.")
    return lines


def _numbers(path: Path, number: int, line: list[str], header: list[str]) -> list[float]:
    if len(line) != len(header):
        raise InputError(
            f"{path} is no number table: row {number} has {len(line)} cells where the first has "
            f"{len(header)}."
        )
    numbers = []
    for label, cell in zip(header[1:], line[1:], strict=True):
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(
                f"{path} is no number table: {cell!r} in row {number}, column {label!r} is not a "
                "finite number."
            )
        numbers.append(value)
    return numbers
