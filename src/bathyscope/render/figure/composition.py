"""One figure of a size that fits its map, put together."""

from typing import TYPE_CHECKING, Any

from bathyscope.core.errors import InputError
from bathyscope.render.figure import cells, top_tokens
from bathyscope.render.figure.bar import add_bar
from bathyscope.render.figure.canvas import fit, new_figure, paint, settle
from bathyscope.render.figure.content import Content, content_of
from bathyscope.render.figure.footnotes import write_below
from bathyscope.render.figure.heading import write_heading
from bathyscope.render.figure.printed import compose_printed
from bathyscope.render.figure.totals import Totals, draw_totals
from bathyscope.render.lettering import Lettering
from bathyscope.render.look import Look
from bathyscope.render.numbers import number_format
from bathyscope.runs.base import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEAST_INCHES, _LEAST_GIVEN = 4.5, 1.5
"""Lines below a map are as wide as the map, but at least so many inches; on given axes so many."""


def compose(run: Run, look: Look, letters: Lettering, ax: "Axes | None" = None) -> "Figure":
    """Draw a map on axes, or on a figure of a size that fits; `figure.figure` says the rest.

    Raises:
        InputError: What is asked for is not in the map, or contradicts it.
    """
    content = content_of(run, look, letters)
    if look.width is not None:
        if ax is not None:
            raise InputError("Axes have a width of their own; leave out the width, or the axes.")
        return compose_printed(content)
    return _compose(content, ax)


def _compose(content: Content, ax: "Axes | None") -> "Figure":
    view, look = content.view, content.look
    form = number_format(content.numbers, look.digits)
    totals = content.totals(form)
    texts = content.texts(form)
    bar_axes = None
    if ax is None:
        made, ax, bar_axes = new_figure(view, _room(content, texts, totals))
        _move(bar_axes, content.beside_inches(totals))
    canvas = view.on(ax)
    add_bar(canvas, paint(canvas), bar_axes, look)
    content.fill(canvas)
    if bar_axes is None:
        write_heading(ax, content.heading, view.letters, max(canvas.inches[0], _LEAST_GIVEN))
        settle(canvas)
    else:
        write_heading(ax, content.heading, view.letters, max(canvas.inches[0], _LEAST_INCHES))
    said = [] if totals is None else draw_totals(canvas, totals)
    least = _LEAST_GIVEN if bar_axes is None else _LEAST_INCHES
    width = max(canvas.inches[0], least)
    below = content.below_inches(totals, canvas.inches[0] / view.values.shape[1])
    write_below(ax, view.letters, content.entries, content.lines(*said), below, width)
    if bar_axes is None:
        settle(canvas)
    if texts is not None:
        cells.write(canvas, texts)
    if content.readings is not None:
        top_tokens.write(canvas, content.readings, content.final)
    if bar_axes is not None:
        fit(made)
    drawn: Any = ax.get_figure(root=True)
    return drawn  # type: ignore[no-any-return]


def _room(
    content: Content, texts: cells.Texts | None, totals: Totals | None
) -> tuple[float, float] | None:
    """Return width and height, inches, that a cell needs for what stands in it."""
    if content.readings is not None:
        return top_tokens.room(content.view, content.readings)
    if texts is None:
        return None
    beside = [] if totals is None else totals.texts
    return cells.room([*texts, *beside], content.view.letters)


def _move(bar: "Axes", inches: float) -> None:
    """Move the colour bar to the right."""
    figure = bar.get_figure(root=True)
    assert figure is not None
    x, y, width, height = bar.get_position(original=True).bounds
    bar.set_position((x + inches / figure.get_figwidth(), y, width, height))
