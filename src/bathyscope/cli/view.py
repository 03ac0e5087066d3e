"""`bathyscope view`: maps as one interactive page."""

from pathlib import Path
from typing import Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import note, tell
from bathyscope.cli.subjects import open_subject


def command(
    subjects: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN|TABLE…", help="Run folders and tables; those of one answer are linked."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="PAGE.html", help="The page.")],
    overwrite: options.Overwrite = False,
) -> None:
    """Write maps as one interactive HTML file.

    It needs no network.
    """
    from bathyscope.core.files.outputs import require_writable
    from bathyscope.page.document import view

    require_writable(output, overwrite=overwrite, folder=False)
    names = [path.resolve().name for path in subjects]
    maps = [open_subject(path) for path in subjects]
    view(maps, output, names=names, overwrite=overwrite)
    tell(text for one in maps for text in one.notes)
    note(f"open {output} in a browser")
