"""Overlays on the cells: hatching, settling depths; each with its entry in the legend."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.render.figure.canvas import Canvas, View
from bathyscope.render.palette import UNKNOWN

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.patches import PathPatch

LINE = "#0072B2"  # told apart from every palette's middle: Okabe & Ito 2008
STRIP_INCHES = 0.26
"""Height of the strip of deep tokens below a map, with the gap above it."""

_DASHES = (0, (4, 3))
_UNCERTAIN, _UNCERTAIN_GREY = "///", "0.6"
_SHARED, _SHARED_GREY = "....", "0.5"
_MEDIAN: dict[str, Any] = {
    "color": LINE,
    "marker": "o",
    "markersize": 5,
    "markeredgecolor": "white",
}


def hatch_what_is_no_number(canvas: Canvas) -> None:
    """Hatch NaN on grey, and infinities on the colour of their end of the scale."""
    for mask, _, pattern, _, ink in _no_numbers(canvas):
        canvas.axes.add_patch(_hatching(mask, pattern, ink))


def no_number_entries(view: View) -> "Iterator[Artist]":
    """Yield the legend's entries of `hatch_what_is_no_number`, with how many cells there are."""
    from matplotlib.patches import Patch

    for mask, name, pattern, colour, ink in _no_numbers(view):
        count = int(mask.sum())
        label = f"{name} ({count} cell{'s' if count > 1 else ''})"
        yield Patch(facecolor=colour, edgecolor=ink, linewidth=0, hatch=pattern, label=label)


def hatch_uncertain(canvas: Canvas, margin: FloatArray) -> None:
    """Hatch the cells that sampling cannot tell from zero."""
    mask = _uncertain(canvas, margin)
    if mask.any():
        canvas.axes.add_patch(_hatching(mask, _UNCERTAIN, _UNCERTAIN_GREY))


def uncertain_entries(view: View, margin: FloatArray) -> "Iterator[Artist]":
    """Yield the legend's entry of `hatch_uncertain`, if there are such cells."""
    from matplotlib.patches import Patch

    if _uncertain(view, margin).any():
        yield Patch(
            facecolor="white", edgecolor=_UNCERTAIN_GREY, linewidth=0, hatch=_UNCERTAIN,
            label="the 95 % interval covers 0",
        )  # fmt: skip


def hatch_shared(canvas: Canvas, shared: NDArray[np.bool_]) -> None:
    """Hatch the cells that have but a share of their group's value."""
    mask = _of_columns(canvas, shared)
    if mask.any():
        canvas.axes.add_patch(_hatching(mask, _SHARED, _SHARED_GREY))


def shared_entries(view: View, shared: NDArray[np.bool_]) -> "Iterator[Artist]":
    """Yield the legend's entry of `hatch_shared`, if there are such cells."""
    from matplotlib.patches import Patch

    if _of_columns(view, shared).any():
        yield Patch(
            facecolor="white", edgecolor=_SHARED_GREY, linewidth=0, hatch=_SHARED,
            label="not measured one by one: an even share of the group's value",
        )  # fmt: skip


def draw_settling(canvas: Canvas, depths: NDArray[np.int64], deep: int) -> None:
    """Draw a line below the layer at which each token settles, and where the deep layers begin."""
    from matplotlib.patheffects import withStroke

    columns = canvas.part.columns
    edges = np.arange(len(columns) + 1) - 0.5
    halo = [withStroke(linewidth=2.6, foreground="white")]
    canvas.axes.stairs(
        _below(depths[columns.start : columns.stop]), edges, baseline=None, color=LINE,
        linewidth=1.4, clip_on=False, path_effects=halo,
        orientation="horizontal" if canvas.turned else "vertical",
    )  # fmt: skip
    draw = canvas.axes.axvline if canvas.turned else canvas.axes.axhline
    draw(float(_below(deep)), color="white", linewidth=1.6)
    draw(float(_below(deep)), color=LINE, linewidth=0.8, linestyle=_DASHES)


def settling_entries(deep: int) -> "Iterator[Artist]":
    """Yield the legend's entries of `draw_settling`."""
    from matplotlib.lines import Line2D

    yield Line2D([], [], color=LINE, linewidth=1.4, label="settling depth")
    label = f"deep from layer {deep}"
    yield Line2D([], [], color=LINE, linewidth=0.8, linestyle=_DASHES, label=label)


def draw_medians(canvas: Canvas, medians: FloatArray) -> None:
    """Draw the median layer of each column, and its interval.

    Args:
        canvas: The map, its rows layers from 1.
        medians: Median, low and high end of each column, (columns, 3); NaN without interval.
    """
    shown = medians[canvas.part.columns.start : canvas.part.columns.stop] - 1
    middle, places = shown[:, 0], np.arange(len(shown))
    reach = np.nan_to_num(np.abs(shown[:, 1:] - shown[:, :1])).T
    x, y = (middle, places) if canvas.turned else (places, middle)
    canvas.axes.errorbar(
        x, y, linestyle="none", elinewidth=1.4, capsize=3, clip_on=False,
        xerr=reach if canvas.turned else None, yerr=None if canvas.turned else reach, **_MEDIAN,
    )  # fmt: skip


def median_entries() -> "Iterator[Artist]":
    """Yield the legend's entry of `draw_medians`."""
    from matplotlib.lines import Line2D

    yield Line2D([], [], linestyle="none", label="median, 95 % interval", **_MEDIAN)


def draw_strip(
    canvas: Canvas, depths: NDArray[np.int64], deep_layer: int, *, ratio: bool = True
) -> None:
    """Draw a strip beside the tokens: deep ones filled, at its side the deep-thinking ratio."""
    from matplotlib.colors import ListedColormap

    width, height = canvas.inches
    tall, gap = 0.45 * STRIP_INCHES, 0.35 * STRIP_INCHES
    place = (
        (1 + gap / width, 0, tall / width, 1)
        if canvas.turned
        else (0, -(gap + tall) / height, 1, tall / height)
    )
    strip = canvas.axes.inset_axes(place)
    deep = depths >= deep_layer
    shown = deep[canvas.part.columns.start : canvas.part.columns.stop]
    strip.imshow(
        shown[:, None] if canvas.turned else shown[None, :], cmap=ListedColormap(["0.93", LINE]),
        vmin=0, vmax=1, aspect="auto", interpolation="nearest",
    )  # fmt: skip
    strip.spines[:].set_visible(False)
    style = canvas.letters.style()
    strip.set_xticks([])
    strip.set_yticks([])
    if canvas.turned:
        strip.xaxis.tick_top()
        strip.set_xticks([0], ["deep"], rotation=90, **style)
        return
    strip.set_yticks([0], ["deep"], **style)
    if ratio:
        strip.annotate(
            f"ratio {deep.mean():.3f} ({int(deep.sum())} of {len(deep)})",
            (1, 0.5), (0.06 / width + 1, 0.5), "axes fraction", "axes fraction", va="center",
            **style,
        )  # fmt: skip


def _no_numbers(
    view: View,
) -> Iterator[tuple[NDArray[np.bool_], str, str, Any, str]]:
    """Yield which cells are no numbers, what they are, and how they are hatched."""
    low, high = view.scale.low, view.scale.high
    ends = view.scale.colours(np.array([low, high]))
    inks = view.scale.ink(np.array([low, high]))
    for mask, name, pattern, colour, ink in (
        (np.isnan(view.values), "no number", "////", UNKNOWN, "white"),
        (np.isposinf(view.values), "+∞", "xxxx", tuple(ends[1]), str(inks[1])),
        (np.isneginf(view.values), "−∞", "....", tuple(ends[0]), str(inks[0])),
    ):
        if mask.any():
            yield mask, name, pattern, colour, ink


def _uncertain(view: View, margin: FloatArray) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = view.cut(np.abs(view.heatmap.values) <= margin)
    return mask


def _of_columns(view: View, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = view.cut(np.broadcast_to(flags, view.heatmap.values.shape))
    return mask


def _below(layer: Any) -> Any:
    """Return the height of a layer's lower edge; the row of layer 1 has its centre at 0."""
    return np.asarray(layer) - 1.5


def _hatching(mask: NDArray[np.bool_], pattern: str, colour: str) -> "PathPatch":
    """Return one patch that hatches every cell of a mask."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)])
    centres = np.argwhere(mask)[:, ::-1]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    path = Path(
        (centres[:, None, :] + corners).reshape(-1, 2), np.tile(codes, len(centres)).tolist()
    )
    patch = PathPatch(path, fill=False, hatch=pattern, edgecolor=colour, linewidth=0)
    patch.set_hatch_linewidth(0.5)
    return patch
