"""A figure of given width, put together: strips one below the other, all text of one size."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.render.figure import cells, top_tokens
from bathyscope.render.figure.bar import add_bar
from bathyscope.render.figure.canvas import Canvas, fit, paint
from bathyscope.render.figure.content import Content
from bathyscope.render.figure.footnotes import write_below
from bathyscope.render.figure.heading import write_heading
from bathyscope.render.figure.plan import PAD, PRINT_DPI, plan_of
from bathyscope.render.figure.totals import draw_totals
from bathyscope.render.look import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_BETWEEN = 0.1  # inches between strips, and between the last one and the bar
_BAR, _BAR_LENGTH = 0.09, 2.0
_POINT = 0.1  # inches that a pointed end of the bar takes
_HIGHEST = 400.0  # inches: more than a page
_TRIES = 6
_SLACK = 0.002  # inches: less than a pixel


class Pile:
    """Axes one below the other on a figure that has an inch as its unit.

    Attributes:
        figure: The figure; `fit` grows it around what was put on it.
        below: Height of the next axes' upper edge, inches. It stays above 0: matplotlib places no
            title of axes that lie below the figure.
    """

    def __init__(self) -> None:
        """Begin with an empty figure."""
        from bathyscope.render.figure.shown import ShownFigure

        self.figure = ShownFigure(figsize=(1, 1), dpi=PRINT_DPI)
        self.below = _HIGHEST

    def new(self, width: float, height: float) -> "Axes":
        """Return axes of a size; `settle` gives them their place when all is drawn on them."""
        return self.figure.add_axes((0, 0, width, height))

    def settle(self, axes: "Axes") -> None:
        """Move axes to below what stands there already."""
        box: Any = axes.get_tightbbox()
        top, bottom = box.y1 / PRINT_DPI, box.y0 / PRINT_DPI
        x, y, width, height = axes.get_position(original=True).bounds
        down = self.below - top
        axes.set_position((x, y + down, width, height))
        self.below = bottom + down - _BETWEEN


def compose_printed(content: Content) -> "Figure":
    """Draw a map as wide as was asked for.

    Raises:
        InputError: The width has no room for it.
    """
    wanted = content.look.inches
    assert wanted is not None
    return printed(lambda width: _composed(content, width, wanted), wanted)


def printed(composed: Callable[[float], "Figure"], wanted: float) -> "Figure":
    """Return a figure that is as wide as was asked for, to less than a pixel.

    Args:
        composed: Draws it for a width that it is to have, and may go a little beyond it.
        wanted: Inches.

    Raises:
        InputError: The width has no room for it.
    """
    width = wanted
    for _ in range(_TRIES):
        figure = composed(width)
        over = figure.get_tightbbox().width + 2 * PAD - wanted
        if over <= _SLACK:
            fit(figure, wanted, PAD)
            return figure
        width -= over
    raise InputError(
        f"A figure of {wanted:g} inches has no room for this map and its labels; give a larger "
        "--width, or shorter --labels."
    )


def draw_strips(
    pile: Pile, content: Content, width: float, name: str = ""
) -> "tuple[list[Canvas], AxesImage, list[str]]":
    """Draw a map in strips, below what a pile holds already.

    Args:
        pile: Where it is drawn.
        content: What is drawn.
        width: Inches that it may take.
        name: What stands above it instead of its heading.

    Returns:
        The strips, the cells of the first one, and what is to be said below.
    """
    view, plan = content.view, plan_of(content, width)
    totals = content.totals(plan.form)
    canvases, images, said = [], [], []
    for index, places in enumerate(plan.strips):
        strip = view.only(places)
        rows, columns = strip.values.shape
        canvas = strip.on(pile.new(columns * plan.cell[0], rows * plan.cell[1]))
        images.append(paint(canvas))
        content.fill(canvas, plan.labels, ratio=False)
        if index == 0:
            write_heading(
                canvas.axes, name or content.heading, view.letters, plan.room, "left",
                bold=bool(name),
            )  # fmt: skip
        else:
            canvas.axes.set_xlabel("")
        if totals is not None:
            last = index + 1 == len(plan.strips)
            said = draw_totals(canvas, totals.only(places), plan.labels.slant, side=last)
        if content.readings is not None:
            top_tokens.write(canvas, content.readings, content.final)
        elif plan.texts:
            cells.write(canvas, cells.in_form(strip, plan.form))
        pile.settle(canvas.axes)
        canvases.append(canvas)
    return canvases, images[0], said


def draw_bar(
    pile: Pile,
    canvas: Canvas,
    image: "AxesImage",
    look: Look,
    together: Sequence[Heatmap] = (),
) -> None:
    """Draw the colour bar below what a pile holds; `bar.add_bar` says the rest."""
    assert look.inches is not None
    left = -pile.figure.get_tightbbox().x0
    room = look.inches - 2 * PAD - left - _POINT
    axes = pile.new(min(_BAR_LENGTH, room), _BAR)
    add_bar(canvas, image, axes, look, lying=room, together=together)
    pile.settle(axes)


def _composed(content: Content, width: float, wanted: float) -> "Figure":
    """Draw strips, bar and lines; what is drawn may be wider than it should be."""
    pile = Pile()
    canvases, image, said = draw_strips(pile, content, width)
    draw_bar(pile, canvases[0], image, content.look)
    last, left = canvases[-1], -pile.figure.get_tightbbox().x0
    gap = last.axes.get_position(original=True).y0 - pile.below - _BETWEEN
    lines, room = content.lines(*said), wanted - 2 * PAD
    write_below(last.axes, last.letters, content.entries, lines, gap, room, left)
    return pile.figure
