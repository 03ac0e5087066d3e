"""`bathyscope render`: draw a run or a table again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import note, progress_bars, tell
from bathyscope.cli.subjects import Subject, open_subject
from bathyscope.core.errors import InputError

if TYPE_CHECKING:
    from bathyscope.render.look import Look
    from bathyscope.runs.base import Run


def command(
    subject: Subject,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FIGURE", help="A .png, .svg or .pdf file, or a .tex file."
        ),
    ] = None,
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
    width: Annotated[
        str | None,
        typer.Option(
            metavar="column|page|INCHES",
            help="Width in print: 3.25 inches, 6.75, or any; all text then has 8 points.",
        ),
    ] = None,
    transpose: Annotated[bool, typer.Option("--transpose", help="Draw columns as rows.")] = False,
    totals: Annotated[
        bool, typer.Option("--totals", help="Write the sums of rows and columns beside the map.")
    ] = False,
    symmetric: Annotated[
        bool,
        typer.Option("--symmetric", help="Show both ends of the colour scale, used or not."),
    ] = False,
    digits: Annotated[
        int | None, typer.Option(metavar="N", help="Decimals in the cells. [default: 4]")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help='Other labels: a column on each line, or JSON {"rows": […], "columns": […]}.',
        ),
    ] = None,
    font: Annotated[
        str | None, typer.Option(metavar="NAME", help="An installed font. [default: DejaVu Sans]")
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="Keep text as text in an SVG, not as outlines.")
    ] = False,
    tex: Annotated[
        bool,
        typer.Option("--tex", help="A LaTeX table instead of a picture; printed without --output."),
    ] = False,
    overwrite: options.Overwrite = False,
) -> None:
    """Draw a saved run, or a plain table, as a heatmap."""
    with progress_bars():
        from bathyscope.render.labels import read_labels
        from bathyscope.render.look import Look
        from bathyscope.runs.table import as_run

        look = Look(
            palette, limit, scale, _window(window), hatch, settling, top_tokens, width, transpose,
            totals, symmetric, digits, None if labels is None else read_labels(labels), font,
        )  # fmt: skip
        opened = open_subject(subject)
        if statistic is not None:
            opened = as_run(opened.layer_statistic(statistic)).noted(opened.notes)
        saved = _drawn(
            opened, output, look, per_page=per_page, text=text, tex=tex, overwrite=overwrite
        )
    tell(opened.notes)
    if saved:
        note(f"saved: {', '.join(map(str, saved))}")


def _drawn(
    run: "Run", output: Path | None, look: "Look", *, per_page: int | None, text: bool, tex: bool,
    overwrite: bool,
) -> list[Path]:  # fmt: skip
    """Draw a run, and return the files; a LaTeX table without a file is printed."""
    from bathyscope.cli.figures import import_matplotlib
    from bathyscope.core.files.outputs import require_writable
    from bathyscope.render.figure.draw import draw, page_paths
    from bathyscope.render.tex import ENDING, latex_table

    if output is None:
        if not tex:
            raise InputError(
                "A picture needs a file: give --output FIGURE, or --tex to print a table."
            )
        print(latex_table(run, look), end="")
        return []
    if tex and output.suffix.lower() != ENDING:
        raise InputError(
            f"{output} does not end in {ENDING}, as a LaTeX table does; leave out --tex."
        )
    if not tex:
        import_matplotlib()
    for path in page_paths(run, output, look, per_page):
        require_writable(path, overwrite=overwrite, folder=False)
    return draw(run, output, per_page=per_page, text=text, overwrite=overwrite, **vars(look))


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
