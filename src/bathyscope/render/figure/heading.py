"""Heading of a figure: the text that the map is of, in quotes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from bathyscope.render.figure.canvas import LAYER
from bathyscope.render.lettering import SIZE, Lettering, on_one_line
from bathyscope.runs.base import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINES = 2
_RESPONSES = frozenset({"depth", "settling", "depth_groups", "chain"})


def heading(run: Run) -> str:
    """Return which text a run is of; empty where there is none, or more than one.

    White space within is kept as it is, line breaks as marks.
    """
    text, against = run.text, run.provenance.get("against")
    if text is None:
        return ""
    names = {run.heatmap.rows.name, run.heatmap.columns.name}
    responds = run.kind in _RESPONSES or not names.isdisjoint((LAYER, "response token"))
    noun = "Response" if responds else "Target"
    beside = f" rather than {_quoted(against)}" if isinstance(against, str) else ""
    return f"{noun} {_quoted(text)}{beside}"


def write_heading(
    axes: "Axes",
    text: str,
    letters: Lettering,
    inches: float,
    side: Literal["left", "center"] = "center",
    *,
    bold: bool = False,
) -> None:
    """Write a heading above a map, on at most two lines; what does not fit is cut with ….

    Args:
        axes: The map's.
        text: What `heading` returns.
        letters: Fonts.
        inches: As wide as it may be.
        side: Where it stands; in the middle, a title of the user's takes its place.
        bold: Whether it is bold.
    """
    if text:
        lines = list(_lines(letters.line(text), letters, inches))
        axes.set_title("\n".join(lines), loc=side, **letters.style(bold=bold))


def _lines(text: str, letters: Lettering, inches: float) -> Iterator[str]:
    rest = text
    for _ in range(_LINES - 1):
        first, broken, rest = letters.wrapped(rest, inches).partition("\n")
        if letters.inches(first)[0] > inches:  # a word that is longer than a line
            yield letters.fitted(first, inches)
            return
        yield first
        if not broken:
            return
        rest = rest.replace("\n", " ")
    yield letters.fitted(rest, inches, SIZE)


def _quoted(text: str) -> str:
    """Return a text in quotes, spaces at its ends marked, so that no line is broken there."""
    return f"“{on_one_line(text)}”"
