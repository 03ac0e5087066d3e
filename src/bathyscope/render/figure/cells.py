"""Text in the cells of a map: values, or the tokens that layers would say."""

from collections.abc import Sequence

import numpy as np

from bathyscope.core.heatmap import Heatmap
from bathyscope.render.figure.canvas import Canvas
from bathyscope.render.lettering import SIZE, SMALLEST, Lettering
from bathyscope.render.look import Part
from bathyscope.runs.readings import Readings

MAX_ROWS, MAX_COLUMNS = 40, 16
"""Values are written into maps of at most so many rows and columns."""

_ROOM = 1.12  # a cell is so many times as wide as its text, at least
_TOKEN_INCHES = 0.6  # of a cell's width, at most

Texts = Sequence[Sequence[str]]


def numbers(heatmap: Heatmap, part: Part) -> Texts | None:
    """Return what a map's cells say: four decimals; None where there are too many cells.

    Where four decimals would show nothing of the largest value, or too much, all are written with
    an exponent.
    """
    if len(part.rows) > MAX_ROWS or len(part.columns) > MAX_COLUMNS:
        return None
    size = float(np.abs(heatmap.values[np.isfinite(heatmap.values)]).max(initial=0))
    form = ".4f" if size == 0 or 1e-3 <= size < 1e5 else ".2e"
    return [
        [_number(heatmap.values[row, column], form) for column in part.columns] for row in part.rows
    ]


def top_tokens(readings: Readings, part: Part, letters: Lettering) -> Texts:
    """Return the most probable token of every cell of a depth map."""
    return [
        [
            _cut(letters, readings.labels[int(readings.top_ids[row, column, 0])])
            for column in part.columns
        ]
        for row in part.rows
    ]


def room(texts: Texts, letters: Lettering, size: float) -> tuple[float, float]:
    """Return width and height, inches, of a cell that has room for each of some texts."""
    sizes = [letters.inches(text, size) for text in {text for row in texts for text in row}]
    return _ROOM * max(width for width, _ in sizes), 1.5 * max(height for _, height in sizes)


def write(canvas: Canvas, texts: Texts, size: float = SIZE) -> None:
    """Write into the cells, black or white, in letters that fit; nothing where none do."""
    cell = canvas.inches[0] / len(texts[0]), canvas.inches[1] / len(texts)
    wide, tall = (needed / _ROOM for needed in room(texts, canvas.letters, size))
    size = min(size, size * min(cell[0] / wide, cell[1] / tall))
    if size < SMALLEST - 1e-6:
        return
    inks = canvas.scale.ink(canvas.values)
    style = canvas.letters.style(size)
    colours, finite = canvas.scale.colours(canvas.values), np.isfinite(canvas.values)
    for (row, column), ink in np.ndenumerate(inks):
        written = canvas.axes.text(
            column, row, texts[row][column], ha="center", va="center_baseline", color=str(ink),
            clip_on=True, **style,
        )  # fmt: skip
        if not finite[row, column]:  # keeps the hatching off the letters
            written.set_bbox({"facecolor": colours[row, column], "linewidth": 0, "pad": 1})


def _number(value: float, form: str) -> str:
    if np.isnan(value):
        return "NaN"
    return f"{value:{form}}" if np.isfinite(value) else ("∞" if value > 0 else "-∞")


def _cut(letters: Lettering, label: str) -> str:
    """Return a token that fits a cell, its beginning where it is long."""
    text = letters.label(label)
    if letters.inches(text, SMALLEST)[0] * _ROOM <= _TOKEN_INCHES:
        return text
    while len(text) > 1 and letters.inches(text + "…", SMALLEST)[0] * _ROOM > _TOKEN_INCHES:
        text = text[:-1]
    return text + "…"
