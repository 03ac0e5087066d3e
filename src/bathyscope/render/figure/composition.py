"""One figure put together: cells, labels, colour bar, what lies over them and stands below."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
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
from bathyscope.render.figure.faithfulness import faithfulness_figure
from bathyscope.render.figure.footnotes import notes, write_below
from bathyscope.render.lettering import SIZE, SMALLEST, Lettering, lettering
from bathyscope.render.look import Look, part_of
from bathyscope.render.palette import scale_of
from bathyscope.runs.base import Run
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.faithfulness import FaithfulnessRun
from bathyscope.runs.readings import Readings

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def compose(
    subject: Run | Heatmap, look: Look, letters: Lettering, ax: "Axes | None" = None
) -> "Figure":
    """Draw on axes, or on a figure of a size that fits; `figure.figure` says the rest.

    Raises:
        InputError: What is asked for is not in the map, or contradicts it.
    """
    if isinstance(subject, FaithfulnessRun):
        return _curves(subject, look, letters, ax)
    heatmap = subject if isinstance(subject, Heatmap) else subject.heatmap
    part = part_of(heatmap, look.window)
    scale = scale_of(heatmap, look.palette, look.limit, look.scale)
    readings = _required_readings(subject, look)
    size = SMALLEST if readings else SIZE
    texts = cells.top_tokens(readings, part, letters) if readings else cells.numbers(heatmap, part)
    bar_axes = None
    if ax is None:
        cell = None if texts is None else cells.room(texts, letters, size)
        made, ax, bar_axes = new_figure(part, cell)
    canvas = Canvas(ax, heatmap, part, scale, letters)
    add_bar(canvas, paint(canvas), bar_axes)
    label_axes(canvas)
    entries = list(_overlays(canvas, subject, look))
    strip = overlays.STRIP_INCHES if look.settling else 0.0
    lines = [*filter(None, [caption(subject)]), *notes(canvas)]
    if bar_axes is None:
        settle(canvas)
        write_below(canvas, entries, lines, strip, least_width=1.5)
        settle(canvas)
    else:
        write_below(canvas, entries, lines, strip)
    if texts is not None:
        cells.write(canvas, texts, size)
    if bar_axes is not None:
        fit(made)
    drawn: Any = ax.get_figure(root=True)
    return drawn  # type: ignore[no-any-return]


def letters_of(subject: Run | Heatmap, look: Look) -> Lettering:
    """Find fonts for all that a figure of a map may write."""
    return lettering(_texts(subject, look))


def _overlays(canvas: Canvas, subject: Run | Heatmap, look: Look) -> "Iterator[Artist]":
    """Draw over and beside the cells what was asked for; yield the legend's entries."""
    yield from overlays.hatch_what_is_no_number(canvas)
    margin = None if isinstance(subject, Heatmap) else getattr(subject, "margin", None)
    if look.hatch and margin is not None:
        yield from overlays.hatch_uncertain(canvas, margin)
    if look.settling and isinstance(subject, DepthRun):
        yield from overlays.draw_settling(canvas, subject)
        overlays.draw_strip(canvas, subject)


def _required_readings(subject: Run | Heatmap, look: Look) -> Readings | None:
    """Return the readings to write into the cells, having checked that the map has what is asked.

    Raises:
        InputError: It has not.
    """
    if look.settling and not isinstance(subject, DepthRun):
        raise InputError("Only a depth run has settling depths; leave out --settling.")
    if not look.top_tokens:
        return None
    readings = subject.readings if isinstance(subject, DepthRun) else None
    if readings is None or not readings.top_k:
        raise InputError(
            "What each layer would say is not in this map; compute it with bathyscope depth "
            "--top-k 1, or leave out --top-tokens."
        )
    return readings


def _texts(subject: Run | Heatmap, look: Look) -> Iterator[str]:
    """Yield every text of a figure whose characters are not known beforehand."""
    heatmap = subject if isinstance(subject, Heatmap) else subject.heatmap
    yield from (*heatmap.rows.labels, *heatmap.columns.labels, caption(subject))
    yield from (heatmap.quantity.legend, heatmap.quantity.name)
    if look.top_tokens and isinstance(subject, DepthRun) and subject.readings is not None:
        yield from subject.readings.labels.values()


def _curves(run: FaithfulnessRun, look: Look, letters: Lettering, ax: "Axes | None") -> "Figure":
    if ax is not None:
        raise InputError("Curves of faithfulness take two panels; leave out the axes.")
    if look != Look(palette=look.palette):
        raise InputError(
            "Curves of faithfulness have no colour scale, window, hatching or layers; leave these "
            "options out."
        )
    drawn = faithfulness_figure(run, caption(run), letters)
    fit(drawn)
    return drawn
