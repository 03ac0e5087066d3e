"""Deletion and insertion curves as two panels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import student_quantile
from bathyscope.render.caption import caption
from bathyscope.render.figure.bar import tick_numbers
from bathyscope.render.figure.canvas import DPI, fit
from bathyscope.render.figure.footnotes import write_below
from bathyscope.render.figure.heading import heading
from bathyscope.render.figure.plan import PAD, PRINT_DPI
from bathyscope.render.lettering import SIZE, Lettering
from bathyscope.render.look import Look
from bathyscope.runs.faithfulness import FaithfulnessRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart with every kind of colour vision: Okabe & Ito 2008, "Color universal design".
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKED_UP_TO = 40
_BESIDE_FROM = 5.0  # inches


def faithfulness_figure(
    run: FaithfulnessRun, footnote: str, letters: Lettering, width: float | None = None
) -> "Figure":
    """Return two panels: ln p of the target as features are removed, and as they are added.

    A line for each map; for a single map also its reverse order, dashed; the mean of random
    orders in grey, with its 95 % interval where it was sampled.

    Args:
        run: The curves.
        footnote: What stands below.
        letters: Fonts.
        width: Inches; panels stand one below the other where they have no room side by side.
    """
    from bathyscope.render.figure.shown import ShownFigure

    beside = width is None or width >= _BESIDE_FROM
    figure = ShownFigure(
        figsize=(width or 8, 3.2 if width is None else 2.6 if beside else 4.6),
        dpi=DPI if width is None else PRINT_DPI,
    )
    panels: Any = figure.subplots(1 if beside else 2, 2 if beside else 1, sharey=True)
    _panel(panels[0], run, run.deletion, run.insertion, backwards=True)
    _panel(panels[1], run, run.insertion, run.deletion, backwards=False)
    _name(panels, run, letters, beside=beside)
    if width is None:
        style = letters.style()
        panels[1].legend(
            loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False,
            prop={"family": style["family"], "size": SIZE},
        )  # fmt: skip
    figure.tight_layout(pad=0.4 if width else 1.08, h_pad=None if beside else 1.5)
    lowest, room = panels[0 if beside else 1], 7.0 if width is None else width - 2 * PAD
    entries = [] if width is None else panels[1].get_legend_handles_labels()[0]
    left = 0.0 if width is None else lowest.get_position().x0 * width - PAD
    write_below(lowest, letters, entries, [footnote], 0.34, room, left)
    return figure


def _name(
    panels: "Sequence[Axes]", run: FaithfulnessRun, letters: Lettering, *, beside: bool
) -> None:
    """Write what panels and axes are."""
    style = letters.style()
    for axes, todo, better in (
        (panels[0], "removed", "deletion: lower is better"),
        (panels[1], "added", "insertion: higher is better"),
    ):
        axes.set_xlabel(f"features {todo}, from the top", **style)
        axes.set_title(better, **style)
        axes.yaxis.set_major_formatter(tick_numbers())
        for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
            label.set(**style)
    for axes in panels[:1] if beside else panels:
        axes.set_ylabel(letters.wrapped(letters.line(run.heatmap.quantity.legend), 2.0), **style)


def _panel(
    axes: "Axes", run: FaithfulnessRun, here: FloatArray, there: FloatArray, *, backwards: bool
) -> None:
    """Draw the lines of one panel; `there` are the curves of the other one."""
    steps = np.arange(here.shape[1])
    marker = "." if len(steps) <= _MARKED_UP_TO else ""
    for index, ranked in enumerate(run.maps):
        style = "-" if index < len(_COLOURS) else ":"
        colour = _COLOURS[index % len(_COLOURS)]
        # Later lines are thinner, so that equal curves show through each other.
        width = 1.4 + 1.2 * (len(run.maps) - 1 - index)
        axes.plot(
            steps, here[index], style, marker=marker, color=colour, linewidth=width,
            label=ranked.name,
        )  # fmt: skip
    if len(run.maps) == 1:
        axes.plot(steps, there[0, ::-1], "--", marker=marker, color=_COLOURS[1], label="reverse")
    axes.plot(steps, here[-1], color="0.45", label="random orders")
    margin = _margin(run)
    if margin is not None:
        margin = margin[::-1] if backwards else margin
        axes.fill_between(
            steps, here[-1] - margin, here[-1] + margin, color="0.45", alpha=0.25, linewidth=0
        )
    axes.locator_params(axis="x", integer=True)
    axes.grid(color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)


def _margin(run: FaithfulnessRun) -> FloatArray | None:
    """Half the width of the 95 % interval of the mean insertion curve."""
    random = run.random
    if random.standard_error is None or random.pairs is None:
        return None
    return random.standard_error * student_quantile(random.pairs - 1)


def compose_curves(
    run: FaithfulnessRun, look: Look, letters: Lettering, ax: "Axes | None" = None
) -> "Figure":
    """Draw the curves on a figure of their own.

    Raises:
        InputError: There are axes, or a look that curves do not have.
    """
    if ax is not None:
        raise InputError("Curves of faithfulness take two panels; leave out the axes.")
    look.require_only(
        ("palette", "width", "font"),
        "Curves of faithfulness have no colour scale, window, hatching or layers",
    )
    said = " · ".join(filter(None, [heading(run), caption(run)]))
    drawn = faithfulness_figure(run, said, letters, look.inches)
    if look.inches is None:
        fit(drawn)
    else:
        fit(drawn, look.inches, PAD)
    return drawn
