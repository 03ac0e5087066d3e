"""Subject of `render`, `describe`, `compare`: a run folder or a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bathyscope.core.noting import noting

if TYPE_CHECKING:
    from bathyscope.runs.base import Run

Subject = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|TABLE",
        help="A run folder, or a table: .csv, .tsv, .md, .json, .jsonl or .npz.",
    ),
]


def open_subject(path: Path) -> "Run":
    """Read a run folder or a table, with what is worth knowing of it."""
    from bathyscope.runs.table import as_run
    from bathyscope.tables.opening import open_map

    with noting() as notes:
        found = open_map(path)
    return as_run(found).noted(notes)
