"""Maps as matplotlib figures, and as PNG, SVG and PDF files."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from bathyscope.core.errors import InputError
from bathyscope.core.files.writing import new_file
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.description.describe import describe
from bathyscope.render import tex
from bathyscope.render.figure.alternative_text import add_alternative_text
from bathyscope.render.figure.embedded_metadata import FORMATS, Inscription
from bathyscope.render.figure.kinds import drawing_of
from bathyscope.render.figure.saving import STYLE, metadata, save_page
from bathyscope.render.labels import relabelled
from bathyscope.render.lettering import SIZE, SMALLEST, Lettering, lettering
from bathyscope.render.look import Look, LookOverrides, pages
from bathyscope.runs.base import Run
from bathyscope.runs.table import as_run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@keywords_checked
def figure(
    subject: Run | Heatmap, ax: "Axes | None" = None, **look: Unpack[LookOverrides]
) -> "Figure":
    """Draw a run or a map with matplotlib.

    Args:
        subject: What to draw.
        ax: Axes to draw on; None makes a figure of a size that fits the map, with the map on
            `figure.axes[0]` and the colour bar on `figure.axes[1]`.
        **look: Fields of `render.look.Look`, the commonest being `palette`, `limit`, `window`.

    Returns:
        The figure that was drawn on, to go on with. What no installed font draws is shown as
        escapes and warned of, once.

    Raises:
        InputError: What is asked for is not in the map, or contradicts it.
    """
    chosen = Look.chosen(None, look)
    run = relabelled(as_run(subject), chosen.labels)
    drawing = drawing_of(run)
    letters = _letters(drawing.texts(run, chosen), chosen)
    drawn = drawing.compose(run, chosen, letters, ax)
    letters.report()
    return drawn


@keywords_checked
def draw(
    subject: Run | Heatmap,
    path: str | Path,
    *,
    per_page: int | None = None,
    text: bool = False,
    overwrite: bool = True,
    **look: Unpack[LookOverrides],
) -> list[Path]:
    """Draw a run or a map into a PNG, SVG or PDF file, or a LaTeX table, whole or not at all.

    The same numbers give the same bytes. What is needed to compute the map again is embedded in
    the file, and in an SVG its description in words.

    Args:
        subject: What to draw.
        path: Where to; the ending chooses the format. `.tex` is a LaTeX table.
        per_page: At most so many positions of the long axis on a page: a PDF gets several, a PNG
            or SVG becomes several files, numbered behind the name. None draws one page.
        text: Whether an SVG holds its letters as text, to be found and edited, which looks as it
            should where its fonts are; else as outlines, which look the same everywhere.
        overwrite: Whether an existing figure is replaced; never a file that bathyscope did not
            write.
        **look: Fields of `render.look.Look`, as `figure` takes them.

    Returns:
        The files, in order; one unless PNG or SVG have several pages.

    Raises:
        InputError: The ending is not known, `figure` refuses, or a file exists and may not be
            replaced.
        WriteError: A file cannot be written.
    """
    path, chosen = Path(path), Look.chosen(None, look)
    run = relabelled(as_run(subject), chosen.labels)
    drawing = drawing_of(run)
    paths = page_paths(run, path, chosen, per_page)
    if text and path.suffix.lower() != ".svg":
        raise InputError(
            f"{path} is no SVG: in a PDF text is text in any case, in a PNG it never is; leave out "
            "--text."
        )
    if path.suffix.lower() == tex.ENDING:
        _write_tables(as_run(subject), pages(run.heatmap, chosen, per_page), paths, overwrite)
        return paths
    letters = _letters(drawing.texts(run, chosen), chosen)
    import matplotlib

    style = {**STYLE, "svg.fonttype": "none"} if text else STYLE
    with matplotlib.rc_context(style), ExitStack() as stack:
        looks = pages(run.heatmap, chosen, per_page)
        drawn = [drawing.compose(run, page, letters, None) for page in looks]
        partial = [stack.enter_context(new_file(one, overwrite=overwrite)) for one in paths]
        _save(drawn, partial, run)
    letters.report()
    return paths


def _letters(texts: Iterable[str], look: Look) -> Lettering:
    """Return the fonts of a figure; one of given width has all text as large as its labels."""
    return lettering(texts, look.font, SMALLEST if look.width is None else SIZE)


def page_paths(subject: Run | Heatmap, path: Path, look: Look, per_page: int | None) -> list[Path]:
    """Return the files that `draw` writes: `figure-1.png`, `figure-2.png` … for several pages.

    Raises:
        InputError: The ending is not known, or a page holds nothing.
    """
    if path.suffix.lower() != tex.ENDING:
        require_format(path)
    count = len(pages(as_run(subject).heatmap, look, per_page))
    if count == 1 or path.suffix.lower() == ".pdf":
        return [path]
    digits = len(str(count))
    return [path.with_stem(f"{path.stem}-{page:0{digits}}") for page in range(1, count + 1)]


def require_format(path: Path) -> None:
    """Raise InputError where the ending of a figure's name is not one that can be drawn."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(
            f"{path} does not end in {', '.join(FORMATS)}; choose one of these formats."
        )


def _write_tables(run: Run, looks: Sequence[Look], paths: Sequence[Path], overwrite: bool) -> None:
    """Write LaTeX tables, one for each page."""
    written = [tex.latex_table(run, look) for look in looks]
    with ExitStack() as stack:
        for path, table in zip(paths, written, strict=True):
            partial = stack.enter_context(new_file(path, overwrite=overwrite))
            partial.write_text(table, encoding="utf-8")


def _save(drawn: "Sequence[Figure]", paths: Sequence[Path], run: Run) -> None:
    """Save pages into their files, with nothing inside that changes from run to run."""
    ending = paths[0].suffix.lower()
    embedded = metadata(ending, Inscription.of(run))
    if ending == ".pdf":
        from matplotlib.backends.backend_pdf import PdfPages

        content = BytesIO()
        with PdfPages(content, metadata=embedded) as pdf:
            for page in drawn:
                pdf.savefig(page)
        paths[0].write_bytes(content.getvalue())
        return
    for page, path in zip(drawn, paths, strict=True):
        save_page(page, path, embedded)
        if ending == ".svg":
            add_alternative_text(path, describe(run))
