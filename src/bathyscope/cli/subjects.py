"""What `render` and `describe` take: a run folder or a CSV table."""

from pathlib import Path
from typing import Annotated

import typer

from bathyscope.errors import InputError
from bathyscope.heatmap import Heatmap
from bathyscope.runs import Run, open_run
from bathyscope.table import read_table

Subject = Annotated[
    Path, typer.Argument(metavar="RUN|TABLE.csv", help="A run folder or a CSV table.")
]


def open_subject(path: Path) -> Run | Heatmap:
    """Read a run folder or a table.

    Raises:
        InputError: There is nothing, or what is there cannot be read as either.
    """
    if not path.exists():
        raise InputError(f"There is no {path}; give a run folder or a CSV table.")
    return open_run(path) if path.is_dir() else read_table(path)
