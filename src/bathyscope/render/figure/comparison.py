"""Two maps and their difference beside each other, drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.render.caption import caption
from bathyscope.render.figure import cells, overlays
from bathyscope.render.figure.bar import add_bar
from bathyscope.render.figure.canvas import DPI, Canvas, View, fit, label_axes, paint
from bathyscope.render.figure.comparison_panels import Panel, panels_of
from bathyscope.render.figure.content import Content
from bathyscope.render.figure.heading import heading
from bathyscope.render.figure.plan import PAD
from bathyscope.render.figure.printed import Pile, draw_bar, draw_strips, printed
from bathyscope.render.lettering import SIZE, Lettering
from bathyscope.render.look import Look, part_of
from bathyscope.render.numbers import number_format
from bathyscope.runs.comparison import Comparison
from bathyscope.runs.table import TableRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GAP, _BAR_GAP, _BAR = 0.25, 0.15, 0.16  # inches


def compose_comparison(
    run: Comparison, look: Look, letters: Lettering, ax: "Axes | None" = None
) -> "Figure":
    """Draw a panel for each map: side by side, or stacked where they are wide.

    Panels A, B and B − A have one scale; `comparison_panels.panels_of` says where they cannot.

    Raises:
        InputError: There are axes, or a look that panels do not have.
    """
    if ax is not None:
        raise InputError("A comparison takes a panel for each map; leave out the axes.")
    look.require_only(
        ("palette", "symmetric", "digits", "width", "font"),
        "Panels of a comparison share what they can of one scale, and have no window, limit, "
        "hatching or layers of their own",
    )
    panels = panels_of(run, look.palette)
    if look.inches is not None:
        return _printed(run, panels, look, letters, look.inches)
    return _figure(run, panels, look, letters)


def texts_of_comparison(run: Comparison, look: Look) -> Iterator[str]:
    """Yield every text of the figure whose characters are not known beforehand."""
    panels = panels_of(run, look.palette)
    yield from _footnote(run, panels)
    for panel in panels:
        heatmap = panel.heatmap
        yield from (*heatmap.rows.labels, *heatmap.columns.labels, panel.legend, panel.name)


def _figure(
    comparison: Comparison, panels: Sequence[Panel], look: Look, letters: Lettering
) -> "Figure":
    from bathyscope.render.figure.shown import ShownFigure

    figure = ShownFigure(figsize=(1, 1), dpi=DPI)  # one inch, so that fractions of it are inches
    stacked = max(len(panel.heatmap.columns) for panel in panels) > cells.MAX_COLUMNS
    position = 0.0
    for index, panel in enumerate(panels):
        with_bar = stacked or not _shares(panels, index)
        axes = _panel(figure, panel, look, letters, _sharing(panels, panel) if with_bar else None)
        position = _place(axes, position, stacked)
    _write_below(figure, letters, _footnote(comparison, panels))
    fit(figure)
    return figure


def _shares(panels: Sequence[Panel], index: int) -> bool:
    """Tell whether the next panel has the same scale, and so the bar."""
    return index + 1 < len(panels) and panels[index + 1].scale == panels[index].scale


def _sharing(panels: Sequence[Panel], panel: Panel) -> list[Heatmap]:
    return [one.heatmap for one in panels if one.scale == panel.scale]


def _view(panel: Panel, letters: Lettering) -> View:
    quantity = replace(panel.heatmap.quantity, legend=panel.legend)
    heatmap = replace(panel.heatmap, quantity=quantity)
    return View(heatmap, part_of(heatmap, None), panel.scale, letters)


def _panel(
    figure: "Figure", panel: Panel, look: Look, letters: Lettering, bar: list[Heatmap] | None
) -> "Axes":
    """Draw a panel, with a bar for the maps that it explains where there are any."""
    view = _view(panel, letters)
    form = number_format(panel.heatmap.values, look.digits)
    texts = cells.numbers(view, look.digits, form)
    size = _inches(panel, None if texts is None else cells.room(texts, letters))
    axes = figure.add_axes((0, 0, *size))
    canvas = view.on(axes)
    image = paint(canvas)
    label_axes(canvas)
    if texts is not None:
        cells.write(canvas, texts)
    _mark(canvas, panel)
    if bar is not None:
        place = axes.inset_axes((1 + _BAR_GAP / size[0], 0, _BAR / size[0], 1))
        add_bar(canvas, image, place, look, together=bar)
    axes.annotate(
        panel.name, (0, 1), (-6, 8), "axes fraction", textcoords="offset points", ha="right",
        va="bottom", weight="bold", **letters.style(SIZE + 2),
    )  # fmt: skip
    return axes


def _mark(canvas: Canvas, panel: Panel) -> None:
    """Set the labels bold that only this map has, and hatch what is no number."""
    axes, letters = canvas.axes, canvas.letters
    shifted = canvas.part.rows.start, canvas.part.columns.start
    for ticks, alone, first in zip((axes.yaxis, axes.xaxis), panel.alone, shifted, strict=True):
        for place, label in zip(ticks.get_majorticklocs(), ticks.get_ticklabels(), strict=True):
            label.set_fontweight("bold" if first + int(place) in alone else "normal")
    overlays.hatch_what_is_no_number(canvas)
    entries = list(overlays.no_number_entries(canvas))
    if entries:
        axes.legend(
            handles=entries, loc="upper left", bbox_to_anchor=(0, 0), frameon=False, borderpad=0,
            prop={"family": list(letters.families), "size": letters.small},
        )  # fmt: skip


def _printed(
    comparison: Comparison, panels: Sequence[Panel], look: Look, letters: Lettering, wanted: float
) -> "Figure":
    """Draw the panels one below the other, together as wide as was asked for."""
    plain = Look(digits=look.digits, width=wanted)

    def composed(width: float) -> "Figure":
        pile = Pile()
        for index, panel in enumerate(panels):
            content = Content(TableRun(panel.heatmap), plain, _view(panel, letters))
            canvases, image, _ = draw_strips(pile, content, width, panel.name)
            for canvas in canvases:
                _mark(canvas, panel)
            if not _shares(panels, index):
                draw_bar(pile, canvases[0], image, look, _sharing(panels, panel))
        lines = [heading(comparison), *_footnote(comparison, panels)]
        _write_below(pile.figure, letters, [*filter(None, lines)], wanted - 2 * PAD)
        return pile.figure

    return printed(composed, wanted)


def _inches(panel: Panel, room: tuple[float, float] | None) -> tuple[float, float]:
    """Return the size of a panel: cells hold their text, and are never less than a pixel."""
    rows, columns = panel.heatmap.values.shape
    if room is not None:
        return max(max(room[0], 0.62) * columns, 1.2), max(max(room[1], 0.26) * rows, 1.2)
    wide, tall = min(0.22, 12 / columns), min(0.12, 6 / rows)
    return columns * max(1 / DPI, wide), max(rows * max(1 / DPI, tall), 1.2)


def _place(axes: "Axes", position: float, stacked: bool) -> float:
    """Move a panel to where the one before it ends, labels and all; return where it ends."""
    box: Any = axes.get_tightbbox()
    left, right, bottom, top = (edge / DPI for edge in (box.x0, box.x1, box.y0, box.y1))
    _, _, width, height = axes.get_position().bounds
    if stacked:
        axes.set_position((0, position - top, width, height))
        return float(position - top + bottom - _GAP)
    axes.set_position((position - left, -height, width, height))
    return float(position - left + right + _GAP)


def _footnote(comparison: Comparison, panels: Sequence[Panel]) -> list[str]:
    scales = {panel.scale for panel in panels}
    said = "one colour scale" if len(scales) == 1 else "a colour scale for each unit and panel"
    if len(panels) == 3 and len(scales) == 2:
        said = "A and B on one colour scale, their difference on its own"
    lines = [caption(comparison), said]
    if any(alone for panel in panels for alone in panel.alone):
        lines.append("bold: not in the other map")
    return lines


def _write_below(
    figure: "Figure", letters: Lettering, lines: Sequence[str], width: float | None = None
) -> None:
    """Write lines below all panels, as wide as they are together where no width is given."""
    box, size = figure.get_tightbbox(), letters.small
    wide = max(box.width, 4.5) if width is None else width
    text = letters.wrapped(letters.line(" · ".join(lines)), wide, size, breaking=True)
    below = figure.add_axes((box.x0, box.y0 - 0.08, box.width, 0.01))
    below.set_axis_off()
    below.text(0, 0, text, va="top", color="0.35", **letters.style(size))
