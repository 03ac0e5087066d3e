"""`bathyscope compare`: two runs or tables beside each other."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import note, progress_bars, tell
from bathyscope.cli.subjects import Subject, open_subject

if TYPE_CHECKING:
    from bathyscope.runs.comparison import Comparison


def command(
    a: Subject,
    b: Subject,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FIGURE|FOLDER",
            help="Also draw: a .png, .svg or .pdf file; or save: a folder for the comparison.",
        ),
    ] = None,
    palette: options.Palette = None,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Say in Markdown what changed from one run or table to another, and draw both on one scale."""
    from bathyscope.cli.results import shown_if_lost
    from bathyscope.comparison.compare import compare
    from bathyscope.core.files.outputs import require_writable
    from bathyscope.render.figure.draw import draw, require_format
    from bathyscope.render.palette import require_palette

    require_palette(palette)
    drawn = output is not None and output.suffix != ""
    if output is not None:
        if drawn:
            require_format(output)
        require_writable(output, overwrite=overwrite, folder=not drawn)
    comparison = compare(open_subject(a), open_subject(b))
    show = partial(_show, comparison, as_json=as_json)
    if output is not None:
        with shown_if_lost(show), progress_bars():
            if drawn:
                draw(comparison, output, palette=palette, overwrite=overwrite)
            else:
                comparison.save(output, overwrite=overwrite)
    show()
    tell(comparison.notes)
    if output is not None:
        note(f"saved: {output}")


def _show(comparison: "Comparison", *, as_json: bool) -> None:
    from bathyscope.description.describe import describe

    if as_json:
        print_json(comparison.to_document())
    else:
        print(describe(comparison), end="")
