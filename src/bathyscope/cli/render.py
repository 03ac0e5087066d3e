"""`bathyscope render`: draw a run or a table again."""

from pathlib import Path
from typing import Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import note, progress_bars, tell
from bathyscope.cli.subjects import Subject, open_subject
from bathyscope.core.errors import InputError


def command(
    subject: Subject,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FIGURE", help="A .png, .svg or .pdf file.")
    ],
    palette: options.Palette = None,
    limit: Annotated[
        float | None,
        typer.Option(metavar="X", help="End the colour scale at X; what lies beyond is announced."),
    ] = None,
    scale: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="linear, symlog, or symlog:T with the value up to which it is linear.",
        ),
    ] = "linear",
    window: Annotated[
        str | None,
        typer.Option(
            metavar="A:B", help="Positions of the long axis to draw, from 1, both included."
        ),
    ] = None,
    per_page: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Split the long axis into pages of N positions each."
        ),
    ] = None,
    hatch: Annotated[
        bool, typer.Option("--hatch", help="Hatch cells whose 95 % interval covers zero.")
    ] = False,
    settling: Annotated[
        bool, typer.Option("--settling", help="Draw settling depths and deep tokens (depth).")
    ] = False,
    statistic: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Draw this layer statistic, as depth --statistic computed it."
        ),
    ] = None,
    top_tokens: Annotated[
        bool, typer.Option("--top-tokens", help="Write what each layer would say (depth --top-k).")
    ] = False,
    overwrite: options.Overwrite = False,
) -> None:
    """Draw a saved run, or a plain table, as a heatmap."""
    with progress_bars():
        from bathyscope.core.files.outputs import require_writable
        from bathyscope.render.figure.draw import draw, page_paths
        from bathyscope.render.look import Look
        from bathyscope.runs.table import as_run

        look = Look(palette, limit, scale, _window(window), hatch, settling, top_tokens)
        opened = open_subject(subject)
        if statistic is not None:
            opened = as_run(opened.layer_statistic(statistic)).noted(opened.notes)
        for path in page_paths(opened, output, look, per_page):
            require_writable(path, overwrite=overwrite, folder=False)
        drawn = draw(opened, output, per_page=per_page, overwrite=overwrite, **vars(look))
    tell(opened.notes)
    note(f"saved: {', '.join(map(str, drawn))}")


def _window(text: str | None) -> tuple[int, int] | None:
    """Read A:B, each of which may be left out."""
    if text is None:
        return None
    first, colon, last = text.partition(":")
    try:
        window = int(first or 1), int(last or 10**9)
    except ValueError:
        colon = ""
    if not colon:
        raise InputError(
            f"A window is two positions A:B counted from 1, as in 101:200; not {text!r}."
        )
    return window
