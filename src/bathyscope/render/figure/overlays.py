"""Overlays on the cells: hatching, settling depths; each with its entry in the legend."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.render.figure.canvas import Canvas
from bathyscope.render.palette import UNKNOWN

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.patches import PathPatch

LINE = "#0072B2"  # told apart from every palette's middle: Okabe & Ito 2008
STRIP_INCHES = 0.26
"""Height of the strip of deep tokens below a map, with the gap above it."""


def hatch_what_is_no_number(canvas: Canvas) -> "Iterator[Artist]":
    """Hatch NaN on grey, and infinities on the colour of their end of the scale."""
    from matplotlib.patches import Patch

    values, low, high = canvas.values, canvas.scale.low, canvas.scale.high
    ends = canvas.scale.colours(np.array([low, high]))
    inks = canvas.scale.ink(np.array([low, high]))
    for mask, name, pattern, colour, ink in (
        (np.isnan(values), "no number", "////", UNKNOWN, "white"),
        (np.isposinf(values), "+∞", "xxxx", tuple(ends[1]), str(inks[1])),
        (np.isneginf(values), "−∞", "....", tuple(ends[0]), str(inks[0])),
    ):
        count = int(mask.sum())
        if count:
            canvas.axes.add_patch(_hatching(mask, pattern, ink))
            label = f"{name} ({count} cell{'s' if count > 1 else ''})"
            yield Patch(facecolor=colour, edgecolor=ink, linewidth=0, hatch=pattern, label=label)


def hatch_uncertain(canvas: Canvas, margin: FloatArray) -> "Iterator[Artist]":
    """Hatch the cells that sampling cannot tell from zero, if there are any."""
    from matplotlib.patches import Patch

    mask = canvas.cut(np.abs(canvas.heatmap.values) <= margin)
    if not mask.any():
        return
    canvas.axes.add_patch(_hatching(mask, "///", "0.6"))
    yield Patch(
        facecolor="white", edgecolor="0.6", linewidth=0, hatch="///",
        label="the 95 % interval covers 0",
    )  # fmt: skip


def draw_settling(canvas: Canvas, depths: NDArray[np.int64], deep: int) -> "Iterator[Artist]":
    """Draw a line below the layer at which each token settles, and where the deep layers begin."""
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke

    columns = canvas.part.columns
    edges = np.arange(len(columns) + 1) - 0.5
    halo = [withStroke(linewidth=2.6, foreground="white")]
    canvas.axes.stairs(
        _below(depths[columns.start : columns.stop]), edges, baseline=None,
        color=LINE, linewidth=1.4, clip_on=False, path_effects=halo,
    )  # fmt: skip
    yield Line2D([], [], color=LINE, linewidth=1.4, label="settling depth")
    height, dashes = float(_below(deep)), (0, (4, 3))
    canvas.axes.axhline(height, color="white", linewidth=1.6)
    canvas.axes.axhline(height, color=LINE, linewidth=0.8, linestyle=dashes)
    label = f"deep from layer {deep}"
    yield Line2D([], [], color=LINE, linewidth=0.8, linestyle=dashes, label=label)


def draw_medians(canvas: Canvas, medians: FloatArray) -> "Artist":
    """Draw the median layer of each column, and its interval; return the entry in the legend.

    Args:
        canvas: The map, its rows layers from 1.
        medians: Median, low and high end of each column, (columns, 3); NaN without interval.
    """
    from matplotlib.lines import Line2D

    shown = medians[canvas.part.columns.start : canvas.part.columns.stop] - 1
    middle = shown[:, 0]
    reach = np.nan_to_num(np.abs(shown[:, 1:] - shown[:, :1])).T
    look: dict[str, Any] = {
        "color": LINE,
        "marker": "o",
        "markersize": 5,
        "markeredgecolor": "white",
    }
    canvas.axes.errorbar(
        np.arange(len(shown)), middle, yerr=reach, linestyle="none", elinewidth=1.4, capsize=3,
        clip_on=False, **look,
    )  # fmt: skip
    return Line2D([], [], linestyle="none", label="median, 95 % interval", **look)


def draw_strip(canvas: Canvas, depths: NDArray[np.int64], deep_layer: int) -> None:
    """Draw a strip below the map: deep tokens filled, at its side the deep-thinking ratio."""
    from matplotlib.colors import ListedColormap

    width, height = canvas.inches
    tall = 0.45 * STRIP_INCHES
    strip = canvas.axes.inset_axes((0, -0.8 * STRIP_INCHES / height, 1, tall / height))
    deep = depths >= deep_layer
    shown = deep[canvas.part.columns.start : canvas.part.columns.stop]
    strip.imshow(
        shown[None, :], cmap=ListedColormap(["0.93", LINE]), vmin=0, vmax=1, aspect="auto",
        interpolation="nearest",
    )  # fmt: skip
    strip.spines[:].set_visible(False)
    style = canvas.letters.style()
    strip.set_xticks([])
    strip.set_yticks([0], ["deep"], **style)
    strip.annotate(
        f"ratio {deep.mean():.3f} ({int(deep.sum())} of {len(deep)})",
        (1, 0.5), (0.06 / width + 1, 0.5), "axes fraction", "axes fraction", va="center", **style,
    )  # fmt: skip


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
