"""Tokens that layers would say, one label for all layers in a row that say the same."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bathyscope.render.figure.canvas import LAYER, LINE, Canvas, View
from bathyscope.render.figure.cells import ROOM
from bathyscope.runs.base import Run
from bathyscope.runs.readings import Readings

_WIDEST = 7.2  # of a token in a cell, in heights of its letters: 0.6 inches at 6 points
_APART = 0.06  # inches between a token and its probability beside it


@dataclass(frozen=True)
class TokenRun:
    """Layers in a row that would say the same token at one position.

    Attributes:
        token: Position within the view.
        first: The lowest of the layers, as a row of the map from 0.
        last: The highest.
        label: The token.
        low: Its probability at the lowest layer.
        high: The same at the highest.
        final: Whether the model says this token in the end.
    """

    token: int
    first: int
    last: int
    label: str
    low: float
    high: float
    final: bool


def final_ids(run: Run) -> NDArray[np.int64] | None:
    """Return what the model says in the end at each position: its most probable token.

    None where nothing tells: the response's own tokens are that only where the model wrote them
    greedily.
    """
    if run.evidence is None or run.evidence.greedy.ids is None:
        return None
    return np.array(run.evidence.greedy.ids, dtype=np.int64)


def runs_of(readings: Readings, view: View, final: NDArray[np.int64] | None) -> Iterator[TokenRun]:
    """Yield what stands in the cells of a view, from the first position and the lowest layer on."""
    for place, column in enumerate(view.part.columns):
        layers = slice(view.part.rows.start, view.part.rows.stop)
        ids = readings.top_ids[layers, column, 0]
        chances = readings.top_probabilities[layers, column, 0]
        ends = np.flatnonzero(np.diff(ids, append=ids[-1] + 1))
        first = 0
        for last in ends.tolist():
            label = view.letters.label(readings.labels[int(ids[last])])
            is_final = final is not None and int(final[column]) == int(ids[last])
            yield TokenRun(
                place, first, last, label, float(chances[first]), float(chances[last]), is_final
            )
            first = last + 1


def room(view: View, readings: Readings) -> tuple[float, float]:
    """Return width and height, inches, that a cell needs for its token."""
    letters, size = view.letters, view.letters.smallest
    shown = readings.top_ids[
        view.part.rows.start : view.part.rows.stop,
        view.part.columns.start : view.part.columns.stop,
        0,
    ]
    labels = {view.letters.label(readings.labels[int(id)]) for id in np.unique(shown)}
    wide = max(letters.inches(label, size, bold=True)[0] for label in labels)
    return ROOM * min(wide, _WIDEST * size / 72), LINE * letters.height((), size)


def write(canvas: Canvas, readings: Readings, final: NDArray[np.int64] | None) -> None:
    """Write what each layer would say, and lines where it changes."""
    from matplotlib.collections import LineCollection

    edges = []
    for one in runs_of(readings, canvas, final):
        _write(canvas, one)
        along, across = np.array([one.last + 0.5] * 2), np.array([-0.5, 0.5]) + one.token
        edges.append(np.stack([along, across] if canvas.turned else [across, along], axis=1))
    canvas.axes.add_collection(
        LineCollection(edges, colors="0.35", linewidths=0.4), autolim=False
    )  # fmt: skip


def _write(canvas: Canvas, one: TokenRun) -> None:
    """Write one token, and where there is room its probability, beside or below it."""
    letters, size = canvas.letters, canvas.letters.smallest
    wide, tall = _cell(canvas)
    layers = one.last - one.first + 1
    wide, tall = (wide * layers, tall) if canvas.turned else (wide, tall * layers)
    line = LINE * letters.height((), size)
    if tall * ROOM < line:
        return
    label = letters.fitted(one.label, wide / ROOM, size, bold=one.final)
    chance = _chance(one)
    widths = letters.inches(label, size, bold=one.final)[0], letters.inches(chance, size)[0]
    both = sum(widths) + _APART
    if both * ROOM <= wide:
        _text(canvas, one, label, ((widths[0] - both) / 2, 0), bold=one.final)
        _text(canvas, one, chance, ((both - widths[1]) / 2, 0))
    elif widths[1] * ROOM <= wide and 2 * line <= tall:
        _text(canvas, one, label, (0, line / 2), bold=one.final)
        _text(canvas, one, chance, (0, -line / 2))
    else:
        _text(canvas, one, label, (0, 0), bold=one.final)


def _text(
    canvas: Canvas, one: TokenRun, text: str, moved: tuple[float, float], *, bold: bool = False
) -> None:
    """Write at the middle of the cells of a token, so many inches to the right and up."""
    from bathyscope.render.figure.spaces import mark_spaces

    middle = (one.first + one.last) / 2
    x, y = (middle, one.token) if canvas.turned else (one.token, middle)
    (wide, tall), upward = _cell(canvas), canvas.down.name == LAYER
    x, y = x + moved[0] / wide, y + moved[1] / tall * (1 if upward else -1)
    row, column = int(np.floor(y + 0.5)), int(np.floor(x + 0.5))
    ink = canvas.scale.ink(canvas.values[row : row + 1, column : column + 1])[0, 0]
    mark_spaces(
        canvas.axes.text(
            x, y, text, ha="center", va="center_baseline", color=str(ink), clip_on=True,
            **canvas.letters.style(canvas.letters.smallest, bold=bold),
        )
    )  # fmt: skip


def _cell(canvas: Canvas) -> tuple[float, float]:
    rows, columns = canvas.values.shape
    return canvas.inches[0] / columns, canvas.inches[1] / rows


def _chance(one: TokenRun) -> str:
    """Return the probability of a token, at the lowest and the highest of its layers."""
    ends = [_two_digits(one.low), _two_digits(one.high)]
    return ends[0] if ends[0] == ends[1] or one.first == one.last else "→".join(ends)


def _two_digits(probability: float) -> str:
    """Return a probability as a cell has room for it: .42, and 1 where it rounds to that."""
    text = f"{probability:.2f}"
    return "1" if text == "1.00" else "<.01" if text == "0.00" else text.removeprefix("0")
