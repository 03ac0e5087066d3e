"""CSV and TSV."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from functools import partial

from bathyscope.core.heatmap import Heatmap
from bathyscope.tables.frames import only_counts
from bathyscope.tables.grid import Line, NotATable, grid, is_number
from bathyscope.tables.text import decoded
from bathyscope.tables.tidy import TIDY, is_tidy, tidy

_DECIMAL_COMMA = re.compile(r"\s*[-+−]?\d*,\d+(e[-+−]?\d+)?\s*", flags=re.I)


def _read(content: bytes, delimiter: str) -> Heatmap:
    """Return a table whose cells stand between delimiters, quoted where they hold one."""
    try:
        reader = csv.reader(io.StringIO(decoded(content)), strict=True, delimiter=delimiter)
        lines = [line for line in reader if line]
    except csv.Error as error:
        raise NotATable(f"{error}.") from error
    if not lines:
        raise NotATable("it is empty; expected a table of numbers with labels.")
    header, *body = lines
    if is_tidy(header):
        return tidy(_with_points(body, len(TIDY) - 1, delimiter))
    rectangular = all(len(line) == len(header) for line in body)
    if rectangular and header[0] == "" and only_counts([line[0] for line in body]):
        return _indexed(header, body, delimiter)
    return grid(header, _with_points(body, 1, delimiter), first=2)


def _indexed(header: Line, body: Sequence[Line], delimiter: str) -> Heatmap:
    """Return a table with an index that only counts, which pandas writes unless told otherwise.

    It labels the rows, unless the column after it holds anything but numbers: then that one does.
    """
    numbers = _with_points(body, 1, delimiter)
    if len(header) < 3 or all(is_number(line[1]) for line in numbers):
        return grid(header, numbers, first=2)
    cells = [line[1:] for line in body]
    return grid(header[1:], _with_points(cells, 1, delimiter), first=2)


def _with_points(lines: Sequence[Line], first: int, delimiter: str) -> Sequence[Line]:
    """Return lines whose numbers have decimal points, also where the file has decimal commas.

    It has where no comma divides its cells, and no cell has a point: one file, one mark.
    """
    cells = [str(cell) for line in lines for cell in line[first:]]
    if delimiter == "," or any("." in cell for cell in cells if _digits(cell)):
        return lines
    return [[*line[:first], *(_with_point(str(cell)) for cell in line[first:])] for line in lines]


def _digits(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+−\d.,e\s]+", cell, flags=re.I))


def _with_point(cell: str) -> str:
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell


def read_csv(content: bytes) -> Heatmap:
    """Return a table divided by commas or, as where the comma is the decimal mark, by semicolons.

    Raises:
        NotATable: It is neither.
    """
    try:
        return _read(content, ",")
    except NotATable as error:
        by_semicolon = _first_line_has(content, ";")
        if not by_semicolon:
            raise
        try:
            return _read(content, ";")
        except NotATable as other:
            raise (error if _first_line_has(content, ",") else other) from error


def _first_line_has(content: bytes, delimiter: str) -> bool:
    return delimiter in decoded(content).lstrip().partition("\n")[0]


read_tsv: Callable[[bytes], Heatmap] = partial(_read, delimiter="\t")
