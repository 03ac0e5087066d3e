"""The cells of a run as a table: one a line, for whoever goes on with them elsewhere."""

import csv
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.files.outputs import require_writable
from bathyscope.core.files.writing import new_file
from bathyscope.core.keywords import keywords_checked
from bathyscope.runs.base import Run
from bathyscope.runs.validation import numbers_or_null

ENDINGS = (".csv", ".parquet")


def require_table(path: Path | None, *, overwrite: bool) -> None:
    """Refuse a table that could not be written, before anything is computed; None is none.

    Raises:
        InputError: The ending is not known, a package is missing, or the file exists.
    """
    if path is None:
        return
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{path} does not end in {' or '.join(ENDINGS)}; choose one of these.")
    if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise InputError(
            "Parquet files need pyarrow, which is not installed; install it with: pip install "
            "'bathyscope[parquet]', or write a .csv."
        )
    require_writable(path, overwrite=overwrite, folder=False)


@keywords_checked
def write_table(run: Run, path: str | Path, *, overwrite: bool = True) -> None:
    """Write the cells of a run as a table, whole or not at all: CSV or Parquet, by the ending.

    A line has the position and the label of its row and its column, from 0, the value, and whatever
    else the run says of each cell (standard error, ends of intervals, numbers beside).

    Args:
        run: What to write.
        path: Where to; a name that ends in .csv or .parquet.
        overwrite: Whether an existing table is replaced; never a file that bathyscope did not
            write.

    Raises:
        InputError: The ending is not known, pyarrow is missing, or the file exists.
        WriteError: The file cannot be written.
    """
    path = Path(path)
    require_table(path, overwrite=overwrite)
    lines = cells_of(run)
    with new_file(path, overwrite=overwrite) as partial:
        if path.suffix.lower() == ".csv":
            with partial.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(lines)
                writer.writerows(zip(*lines.values(), strict=True))
            return
        from pyarrow import table
        from pyarrow.parquet import write_table as write_parquet

        marked = table(lines).replace_schema_metadata({"origin": "written by bathyscope"})
        write_parquet(marked, partial)


def cells_of(run: Run) -> dict[str, list[Any]]:
    """Return the cells of a run, row after row, as named columns; None for what is no number."""
    rows, columns = run.heatmap.rows.labels, run.heatmap.columns.labels
    shape = len(rows), len(columns)
    lines: dict[str, list[Any]] = {
        "row": [row for row in range(shape[0]) for _ in columns],
        "row_label": [label for label in rows for _ in columns],
        "column": [column for _ in rows for column in range(shape[1])],
        "column_label": [label for _ in rows for label in columns],
        "value": numbers_or_null(run.heatmap.values.reshape(-1)),
    }
    for name, array in run.arrays().items():
        if name != "values" and array.shape == shape and name not in lines:
            lines[name.removeprefix("beside_")] = numbers_or_null(array.reshape(-1))
    return lines
