"""`bathyscope render`: draw a run or a table again."""

from pathlib import Path
from typing import Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import note, progress_bars
from bathyscope.cli.subjects import Subject, open_subject


def command(
    subject: Subject,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FIGURE", help="A .png, .svg or .pdf file.")
    ],
    palette: options.Palette = None,
    hatch: Annotated[
        bool, typer.Option("--hatch", help="Hatch cells whose 95 % interval covers zero.")
    ] = False,
    overwrite: options.Overwrite = False,
) -> None:
    """Draw a saved run, or a plain CSV table, as a heatmap."""
    from bathyscope.files import refuse_existing
    from bathyscope.render.figure import draw

    refuse_existing(output, overwrite=overwrite, folder=False)
    with progress_bars():
        draw(open_subject(subject), output, palette=palette, hatch=hatch)
    note(f"saved: {output}")
