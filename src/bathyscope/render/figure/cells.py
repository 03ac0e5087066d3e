"""Values in the cells of a map."""

from collections.abc import Sequence

import numpy as np

from bathyscope.render.figure.canvas import LINE, Canvas, View
from bathyscope.render.lettering import SIZE, Lettering
from bathyscope.render.numbers import written

MAX_ROWS, MAX_COLUMNS = 100, 16
"""Values are written unasked into maps of at most so many rows and columns as they are drawn."""

ROOM = 1.12
"""A cell is so many times as wide as its text, at least."""

Texts = Sequence[Sequence[str]]


def numbers(view: View, digits: int | None, form: str) -> Texts | None:
    """Return what a map's cells say; None where there are too many, unless digits were asked for.

    Args:
        view: The map.
        digits: Decimals that were asked for.
        form: As `numbers.number_format` gives it.
    """
    rows, columns = view.values.shape
    if digits is None and (rows > MAX_ROWS or columns > MAX_COLUMNS):
        return None
    return in_form(view, form)


def in_form(view: View, form: str) -> Texts:
    """Return what a map's cells say, written in one form; with a sign where a sign means one."""
    signed = view.heatmap.quantity.neutral is not None
    return [[written(value, form, signed=signed) for value in row] for row in view.values.tolist()]


def room(texts: Texts, letters: Lettering, size: float = SIZE) -> tuple[float, float]:
    """Return width and height, inches, of a cell that has room for each of some texts."""
    sizes = [letters.inches(text, size) for text in {text for row in texts for text in row}]
    tall = max(1.5 * max(height for _, height in sizes), LINE * letters.height((), size))
    return ROOM * max(width for width, _ in sizes), tall


def write(canvas: Canvas, texts: Texts) -> None:
    """Write into the cells, black or white, in letters that fit; nothing where none do."""
    cell = canvas.inches[0] / len(texts[0]), canvas.inches[1] / len(texts)
    wide, tall = (needed / ROOM for needed in room(texts, canvas.letters))
    size = min(SIZE, SIZE * min(cell[0] / wide, cell[1] / tall))
    if size < canvas.letters.smallest - 1e-6:
        return
    inks = canvas.scale.ink(canvas.values)
    style = canvas.letters.style(size)
    colours, finite = canvas.scale.colours(canvas.values), np.isfinite(canvas.values)
    for (row, column), ink in np.ndenumerate(inks):
        shown = canvas.axes.text(
            column, row, texts[row][column], ha="center", va="center_baseline", color=str(ink),
            clip_on=True, **style,
        )  # fmt: skip
        if not finite[row, column]:  # keeps the hatching off the letters
            shown.set_bbox({"facecolor": colours[row, column], "linewidth": 0, "pad": 1})
