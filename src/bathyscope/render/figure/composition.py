"""One figure put together: cells, labels, colour bar, what lies over them and stands below."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bathyscope.core.errors import InputError
from bathyscope.render.caption import caption
from bathyscope.render.figure import cells, overlays
from bathyscope.render.figure.canvas import (
    Canvas,
    add_bar,
    fit,
    label_axes,
    new_figure,
    paint,
    settle,
)
from bathyscope.render.figure.footnotes import notes, write_below
from bathyscope.render.lettering import SIZE, SMALLEST, Lettering
from bathyscope.render.look import Look, part_of
from bathyscope.render.palette import scale_of
from bathyscope.runs.base import Run
from bathyscope.runs.readings import Readings

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def compose(run: Run, look: Look, letters: Lettering, ax: "Axes | None" = None) -> "Figure":
    """Draw a map on axes, or on a figure of a size that fits; `figure.figure` says the rest.

    Raises:
        InputError: What is asked for is not in the map, or contradicts it.
    """
    heatmap = run.heatmap
    part = part_of(heatmap, look.window)
    scale = scale_of(heatmap, look.palette, look.limit, look.scale)
    readings = _required_readings(run, look)
    size = SMALLEST if readings else SIZE
    written = (
        cells.top_tokens(readings, part, letters) if readings else cells.numbers(heatmap, part)
    )
    bar_axes = None
    if ax is None:
        cell = None if written is None else cells.room(written, letters, size)
        made, ax, bar_axes = new_figure(part, cell)
    canvas = Canvas(ax, heatmap, part, scale, letters)
    add_bar(canvas, paint(canvas), bar_axes)
    label_axes(canvas)
    entries = list(_overlays(canvas, run, look))
    strip = overlays.STRIP_INCHES if look.settling else 0.0
    lines = [*filter(None, [caption(run)]), *notes(canvas)]
    if bar_axes is None:
        settle(canvas)
        write_below(canvas, entries, lines, strip, least_width=1.5)
        settle(canvas)
    else:
        write_below(canvas, entries, lines, strip)
    if written is not None:
        cells.write(canvas, written, size)
    if bar_axes is not None:
        fit(made)
    drawn: Any = ax.get_figure(root=True)
    return drawn  # type: ignore[no-any-return]


def _overlays(canvas: Canvas, run: Run, look: Look) -> "Iterator[Artist]":
    """Draw over and beside the cells what was asked for; yield the legend's entries."""
    yield from overlays.hatch_what_is_no_number(canvas)
    if look.hatch and run.margin is not None:
        yield from overlays.hatch_uncertain(canvas, run.margin)
    if run.column_medians is not None:
        yield overlays.draw_medians(canvas, run.column_medians)
    if look.settling and run.settling_depth is not None:
        deep = int(run.provenance["deep_layer"])
        yield from overlays.draw_settling(canvas, run.settling_depth, deep)
        overlays.draw_strip(canvas, run.settling_depth, deep)


def _required_readings(run: Run, look: Look) -> Readings | None:
    """Return the readings to write into the cells, having checked that the map has what is asked.

    Raises:
        InputError: It has not.
    """
    if look.settling and (run.settling_depth is None or run.heatmap.rows.name != "layer"):
        raise InputError("Only a depth run has settling depths; leave out --settling.")
    if not look.top_tokens:
        return None
    readings = run.readings
    if readings is None or not readings.top_k:
        raise InputError(
            "What each layer would say is not in this map; compute it with bathyscope depth "
            "--top-k 1, or leave out --top-tokens."
        )
    return readings


def texts(run: Run, look: Look) -> Iterator[str]:
    """Yield every text of a figure whose characters are not known beforehand."""
    heatmap = run.heatmap
    yield from (*heatmap.rows.labels, *heatmap.columns.labels, caption(run))
    yield from (heatmap.quantity.legend, heatmap.quantity.name)
    if look.top_tokens and run.readings is not None:
        yield from run.readings.labels.values()
