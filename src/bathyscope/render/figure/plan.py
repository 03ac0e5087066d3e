"""Plan of a figure whose width is given: strips, cells, and how labels are set."""

from dataclasses import dataclass

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.render.figure import cells, top_tokens
from bathyscope.render.figure.canvas import LAYER, LINE, SLANT, Labelling, View, pitch, require_room
from bathyscope.render.figure.content import Content
from bathyscope.render.numbers import number_format, shorter_formats

PRINT_DPI = 300
PAD = 0.03
"""Inches around a figure of given width: its surroundings have a margin of their own."""

_BESIDE = 0.34  # inches: the name of the axis along the side, ticks, and the gaps between
_LABELS = 0.38  # of the width, at most, for labels along the side
_UPRIGHT, _SLANTED = 1.3, 1.6  # inches of a label above the map, at most
_WIDEST, _WIDEST_PLAIN = 2.2, 0.6  # inches of a cell, with text in it and without
_LAYERS, _LAYER = 1.3, 0.12  # inches of all layers, and of one, at most
_OVERHANG = 0.22  # of the width, at most, by which the last label may reach beyond the map


@dataclass(frozen=True)
class SheetPlan:
    """Sizes of a figure, inches.

    Attributes:
        cell: Width and height of a cell.
        strips: Which positions from left to right stand in each strip.
        labels: How labels are set.
        form: How numbers are written.
        texts: Whether cells hold text.
        room: From the map's left edge to the right.
    """

    cell: tuple[float, float]
    strips: tuple[range, ...]
    labels: Labelling
    form: str
    texts: bool
    room: float


def plan_of(content: Content, width: float) -> SheetPlan:
    """Return how a figure is laid out.

    Args:
        content: What it shows.
        width: Inches that everything together may take.

    Raises:
        InputError: There is no room for a single column.
    """
    view = content.view
    down = min(max(view.letters.inches(label)[0] for label in view.labels_down), _LABELS * width)
    room = width - 2 * PAD - _BESIDE - down
    form, least = _text(content, room)
    texts = least is not None
    beside = content.beside_inches(content.totals(form))
    free, least_width = room - beside, _least_width(view) if least is None else least[0]
    per_strip = int(free / least_width + 1e-6)
    if per_strip < 1:
        raise InputError(
            f"A figure of {width:.2f} inches has no room for a column of this map; give a larger "
            "--width, fewer --digits, or shorter --labels."
        )
    count = len(view.places_across)
    per_strip = -(-count // -(-count // per_strip))
    cell = min(free / per_strip, _WIDEST if texts else _WIDEST_PLAIN)
    cell, slant = _slanted(view, cell, least_width, per_strip < count)
    starts = range(0, count, per_strip)
    strips = tuple(range(at, min(at + per_strip, count)) for at in starts)
    limit = _UPRIGHT if slant == 90 else _SLANTED
    tall = max(_height(view), 0.0 if least is None else least[1])
    require_room(0.0, tall * len(view.places_down) * len(strips))
    size = _pixels(cell), _pixels(tall)
    return SheetPlan(size, strips, Labelling(slant, limit, down), form, texts, room)


def _text(content: Content, room: float) -> tuple[str, tuple[float, float] | None]:
    """Return how numbers are written, and the size of a cell for its text; None without text."""
    view, digits = content.view, content.look.digits
    if content.readings is not None:
        return number_format(content.numbers), top_tokens.room(view, content.readings)
    forms = shorter_formats(content.numbers)
    if digits is not None:
        forms = [number_format(content.numbers, digits)]
    elif content.texts(forms[0]) is None:
        return forms[len(forms) // 2], None
    for form in forms:
        totals = content.totals(form)
        beside = [] if totals is None else totals.texts
        size = cells.room([*cells.in_form(view, form), *beside], view.letters)
        wide = size[0] * len(view.places_across) + content.beside_inches(totals)
        if wide <= room or digits is not None:
            return form, size
    return forms[len(forms) // 2], None


def _least_width(view: View) -> float:
    """Return the least width of a cell without text: its label stands upright; layers need none."""
    if view.across.name == LAYER:
        return 1 / PRINT_DPI
    return pitch(view.labels_across, 90, view.letters)


def _slanted(view: View, cell: float, least: float, wrapped: bool) -> tuple[float, float]:
    """Return the width of a cell, and the degrees by which labels rise.

    They lie where they have room, else they are slanted where the last one does not reach far
    beyond the map, else they stand.
    """
    letters, count = view.letters, len(view.places_across)
    labels = [letters.fitted(one, _SLANTED) for one in view.labels_across]
    if pitch(labels, 0, letters) <= cell or view.across.name == LAYER:
        return cell, 0
    if wrapped:
        return cell, 90
    radians, tall = np.radians(SLANT), letters.height(labels)
    wide = np.array([letters.inches(label)[0] for label in labels])
    reach = wide * np.cos(radians) + tall * np.sin(radians)
    whole = narrow = cell * count
    for _ in range(8):  # narrower cells let the labels reach further
        to_the_edge = (count - 0.5 - np.arange(count)) * narrow / count
        narrow = whole - max(0.0, float((reach - to_the_edge).max()))
    fits = narrow / count >= max(least, pitch(labels, SLANT, letters))
    return (narrow / count, SLANT) if fits and whole - narrow <= _OVERHANG * whole else (cell, 90)


def _height(view: View) -> float:
    """Return the height of a cell without text: labels stand one below the other."""
    if view.down.name == LAYER:
        return min(_LAYER, _LAYERS / len(view.places_down))
    return LINE * 1.03 * view.letters.height(view.labels_down)


def _pixels(inches: float) -> float:
    """Return a whole number of pixels, so that cells are equally large."""
    return max(1, int(inches * PRINT_DPI + 1e-6)) / PRINT_DPI
