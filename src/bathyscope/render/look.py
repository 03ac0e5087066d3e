"""Look of a figure, and which part of a map it shows."""

from dataclasses import dataclass, replace
from typing import TypedDict

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, Heatmap
from bathyscope.core.settings import Settings
from bathyscope.render.palette import LINEAR, require_palette, require_scale

Window = tuple[int, int]
"""First and last position of the long axis, counted from 1, both included."""


class LookOverrides(TypedDict, total=False):
    """Fields of `Look` as keywords."""

    palette: str | None
    limit: float | None
    scale: str
    window: Window | None
    hatch: bool
    settling: bool
    top_tokens: bool


@dataclass(frozen=True)
class Look(Settings):
    """Look of a figure, as it is asked for.

    Attributes:
        palette: A name in `palette.PALETTES`; None chooses by the quantity.
        limit: Where the colour scale ends, as `palette.scale_of` takes it; None shows all.
        scale: "linear", "symlog" or "symlog:T", likewise.
        window: Which positions of the long axis are drawn; None draws all.
        hatch: Whether cells of a sampled map whose 95 % interval covers zero are hatched.
        settling: Whether a depth map carries the settling depths as a line, and below it a strip
            of its deep tokens with the deep-thinking ratio.
        top_tokens: Whether a depth map's cells name the token each layer would say.
    """

    palette: str | None = None
    limit: float | None = None
    scale: str = LINEAR
    window: Window | None = None
    hatch: bool = False
    settling: bool = False
    top_tokens: bool = False

    def __post_init__(self) -> None:
        """Check what needs no map."""
        require_palette(self.palette)
        require_scale(self.scale)
        if self.limit is not None and not 0 < abs(self.limit) < float("inf"):
            raise InputError(f"A colour scale ends at a number other than 0, not {self.limit:g}.")
        if self.window is not None and not 1 <= self.window[0] <= self.window[1]:
            raise InputError(
                f"A window runs from a first position (from 1) to a last one, not from "
                f"{self.window[0]} to {self.window[1]}."
            )


@dataclass(frozen=True)
class Part:
    """The cells of a map that a figure shows.

    Attributes:
        rows: Which rows.
        columns: Which columns.
    """

    rows: range
    columns: range

    def shows_all_of(self, heatmap: Heatmap) -> bool:
        """Tell whether nothing of a map is left out."""
        return (len(self.rows), len(self.columns)) == heatmap.values.shape


def long_axis(heatmap: Heatmap) -> Axis:
    """Return the axis along which windows and pages run.

    The longer one; of a depth map always the tokens, of equal ones the columns.
    """
    if heatmap.rows.name == "layer" or len(heatmap.columns) >= len(heatmap.rows):
        return heatmap.columns
    return heatmap.rows


def part_of(heatmap: Heatmap, window: Window | None) -> Part:
    """Return the cells in a window.

    Raises:
        InputError: The window begins after the end of the long axis.
    """
    rows, columns = (range(size) for size in heatmap.values.shape)
    if window is None:
        return Part(rows, columns)
    axis = long_axis(heatmap)
    first, last = window
    if first > len(axis):
        raise InputError(
            f"The window begins at {first}, but the long axis ({axis.name}) ends at {len(axis)}."
        )
    chosen = range(first - 1, min(last, len(axis)))
    return Part(rows, chosen) if axis is heatmap.columns else Part(chosen, columns)


def pages(heatmap: Heatmap, look: Look, per_page: int | None) -> list[Look]:
    """Return one look for each page: windows of at most so many positions, one after the other.

    Raises:
        InputError: There is to be less than one position on a page.
    """
    if per_page is None:
        return [look]
    if per_page < 1:
        raise InputError(f"A page holds at least 1 position of the long axis, not {per_page}.")
    first, last = look.window or (1, len(long_axis(heatmap)))
    last = min(last, len(long_axis(heatmap)))
    starts = range(first, last + 1, per_page)
    return [replace(look, window=(at, min(at + per_page - 1, last))) for at in starts] or [look]
