"""CSV and TSV."""

import csv
import io
from functools import partial

from bathyscope.core.heatmap import Heatmap
from bathyscope.tables.grid import NotATable, grid
from bathyscope.tables.text import decoded
from bathyscope.tables.tidy import is_tidy, tidy


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
    return tidy(body) if is_tidy(header) else grid(header, body, first=2)


read_csv = partial(_read, delimiter=",")
read_tsv = partial(_read, delimiter="\t")
