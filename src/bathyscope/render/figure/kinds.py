"""Figures by kind of run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bathyscope.core.registry import Registry
from bathyscope.render.figure.comparison import compose_comparison, texts_of_comparison
from bathyscope.render.figure.composition import compose
from bathyscope.render.figure.content import texts
from bathyscope.render.figure.faithfulness import compose_curves
from bathyscope.render.lettering import Lettering
from bathyscope.render.look import Look
from bathyscope.runs.base import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """The figure of one kind of run.

    Attributes:
        name: The kind, as in `run.json`.
        texts: Yields every text that is written whose characters are not known beforehand.
        compose: Draws a run on axes, or on a figure of a size that fits where there are none.
    """

    name: str
    texts: Callable[[Any, Look], Iterable[str]]
    compose: Callable[[Any, Look, Lettering, "Axes | None"], "Figure"]


MAP = Drawing("table", texts, compose)
"""How a map is drawn."""

_MAPS = ("attribution", "interactions", "depth", "settling", "think", "depth_groups", "chain")
"""Kinds of bathyscope's own that are drawn so; of others it is asked who brings a drawing."""

DRAWINGS: Registry[Drawing] = Registry(
    "drawing",
    "bathyscope.drawings",
    (
        Drawing("faithfulness", texts, compose_curves),
        Drawing("comparison", texts_of_comparison, compose_comparison),
        *(replace(MAP, name=kind) for kind in _MAPS),
        MAP,
    ),
)
"""By kind of run; one that is not here is drawn as a map."""


def drawing_of(run: Run) -> Drawing:
    """Return how a run is drawn."""
    return DRAWINGS.get(run.kind, MAP)
