"""Deletion and insertion curves as two panels."""

from typing import TYPE_CHECKING

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import student_quantile
from bathyscope.render.caption import caption
from bathyscope.render.figure.canvas import DPI, fit
from bathyscope.render.lettering import SIZE, SMALL, Lettering
from bathyscope.render.look import Look
from bathyscope.runs.faithfulness import FaithfulnessRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart with every kind of colour vision: Okabe & Ito 2008, "Color universal design".
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKED_UP_TO = 40


def faithfulness_figure(run: FaithfulnessRun, footnote: str, letters: Lettering) -> "Figure":
    """Return two panels: ln p of the target as features are removed, and as they are added.

    A line for each map; for a single map also its reverse order, dashed; the mean of random
    orders in grey, with its 95 % interval where it was sampled.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), dpi=DPI)
    panels = figure.subplots(1, 2, sharey=True)
    _panel(panels[0], run, run.deletion, run.insertion, backwards=True)
    _panel(panels[1], run, run.insertion, run.deletion, backwards=False)
    style = letters.style()
    for axes, todo, better in (
        (panels[0], "removed", "deletion: lower is better"),
        (panels[1], "added", "insertion: higher is better"),
    ):
        axes.set_xlabel(f"features {todo}, from the top", **style)
        axes.set_title(better, **style)
        axes.tick_params(labelsize=SIZE)
    panels[0].set_ylabel(letters.wrapped(run.heatmap.quantity.legend, 2.5), **style)
    panels[1].legend(
        loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False,
        prop={"family": style["family"], "size": SIZE},
    )  # fmt: skip
    figure.tight_layout()
    panels[0].annotate(
        letters.wrapped(letters.line(footnote), 7, SMALL), (0, 0), (0, -32), "axes fraction",
        textcoords="offset points", va="top", color="0.35", **letters.style(SMALL),
    )  # fmt: skip
    return figure


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
    if look != Look(palette=look.palette):
        raise InputError(
            "Curves of faithfulness have no colour scale, window, hatching or layers; leave these "
            "options out."
        )
    drawn = faithfulness_figure(run, caption(run), letters)
    fit(drawn)
    return drawn
