"""What `render`, `describe`, `compare` take: a run folder or a table."""

from pathlib import Path
from typing import Annotated

import typer

from bathyscope.core.heatmap import Heatmap
from bathyscope.runs.base import Run
from bathyscope.tables.opening import open_map

Subject = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|TABLE",
        help="A run folder, or a table: .csv, .tsv, .md, .json, .jsonl or .npz.",
    ),
]


def open_subject(path: Path) -> Run | Heatmap:
    """Read a run folder or a table."""
    return open_map(path)
