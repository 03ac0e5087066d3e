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
    from bathyscope.comparison.compare import Comparison


def command(
    a: Subject,
    b: Subject,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FIGURE", help="Also draw: a .png, .svg or .pdf file."
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
    from bathyscope.render.figure.comparison import draw_comparison
    from bathyscope.render.figure.draw import require_format
    from bathyscope.render.palette import require_palette

    require_palette(palette)
    if output is not None:
        require_format(output)
        require_writable(output, overwrite=overwrite, folder=False)
    first, second = open_subject(a), open_subject(b)
    comparison = compare(first, second)
    show = partial(_show, comparison, as_json=as_json)
    if output is not None:
        with shown_if_lost(show), progress_bars():
            draw_comparison(comparison, output, palette=palette, overwrite=overwrite)
    show()
    tell((*first.notes, *second.notes))
    if output is not None:
        note(f"saved: {output}")


def _show(comparison: "Comparison", *, as_json: bool) -> None:
    from bathyscope.description.words.comparison import describe_comparison

    if as_json:
        print_json(comparison.to_document())
    else:
        print(describe_comparison(comparison), end="")
