"""Look of a figure, and which part of a map it shows."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import TypedDict

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, Heatmap
from bathyscope.core.settings import Settings
from bathyscope.render.labels import Labels
from bathyscope.render.palette import LINEAR, require_palette, require_scale

Window = tuple[int, int]
"""First and last position of the long axis, counted from 1, both included."""


WIDTHS = {"column": 3.25, "page": 6.75}
"""Inches of a column of a two-column page, and of both with what lies between them."""

_NARROWEST, _WIDEST = 1.5, 100.0
_MOST_DIGITS = 12


class LookOverrides(TypedDict, total=False):
    """Fields of `Look` as keywords."""

    palette: str | None
    limit: float | None
    scale: str
    window: Window | None
    hatch: bool
    settling: bool
    top_tokens: bool
    width: str | float | None
    transpose: bool
    totals: bool
    symmetric: bool
    digits: int | None
    labels: Labels | None
    font: str | None


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
        width: Of the figure as it is printed: "column", "page", or inches. All text then has 8
            points, and what is too long is wrapped into strips. None: as large as the map needs.
        transpose: Whether columns are drawn as rows.
        totals: Whether the sums of rows and columns stand beside the map.
        symmetric: Whether the colour bar shows both ends, where cells lie on one side of zero;
            refused where a quantity has no sign.
        digits: Decimals of the cells; None writes four, or as many as a given width has room for.
        labels: What rows and columns are called instead, as `labels.relabelled` takes it.
        font: Name of an installed font family; None takes DejaVu Sans.
    """

    palette: str | None = None
    limit: float | None = None
    scale: str = LINEAR
    window: Window | None = None
    hatch: bool = False
    settling: bool = False
    top_tokens: bool = False
    width: str | float | None = None
    transpose: bool = False
    totals: bool = False
    symmetric: bool = False
    digits: int | None = None
    labels: Labels | None = None
    font: str | None = None

    def __post_init__(self) -> None:
        """Check what needs no map."""
        _ = self.inches
        if self.digits is not None and (
            type(self.digits) is not int or not 0 <= self.digits <= _MOST_DIGITS
        ):
            raise InputError(
                f"A cell has 0 to {_MOST_DIGITS} decimals, a whole number, not {self.digits!r}."
            )
        require_palette(self.palette)
        require_scale(self.scale)
        if self.limit is not None and not 0 < abs(self.limit) < float("inf"):
            raise InputError(f"A colour scale ends at a number other than 0, not {self.limit:g}.")
        if self.window is not None and not 1 <= self.window[0] <= self.window[1]:
            raise InputError(
                f"A window runs from a first position (from 1) to a last one, not from "
                f"{self.window[0]} to {self.window[1]}."
            )

    @property
    def inches(self) -> float | None:
        """The width in inches; None where none was asked for.

        Raises:
            InputError: It is no width.
        """
        if self.width is None:
            return None
        try:
            inches = float(WIDTHS.get(str(self.width), self.width))
        except (TypeError, ValueError):
            inches = float("nan")
        if not _NARROWEST <= inches <= _WIDEST:
            raise InputError(
                f"A figure is as wide as a column ({WIDTHS['column']:g} inches), a page "
                f"({WIDTHS['page']:g}), or {_NARROWEST:g} to {_WIDEST:g} inches wide, not "
                f"{self.width!r}."
            )
        return inches

    def asks_beyond(self, known: Collection[str]) -> list[str]:
        """Return the names of what is asked for beside some fields, as options are spelt."""
        plain = Look()
        return [
            f"--{one.name.replace('_', '-')}"
            for one in fields(self)
            if one.name not in known and getattr(self, one.name) != getattr(plain, one.name)
        ]

    def require_only(self, known: Collection[str], what: str) -> None:
        """Refuse what a picture does not have.

        Args:
            known: The fields that it has.
            what: The picture, as a sentence begins.

        Raises:
            InputError: Something else is asked for.
        """
        beyond = self.asks_beyond(known)
        if beyond:
            raise InputError(f"{what}; leave out {' and '.join(beyond)}.")


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
