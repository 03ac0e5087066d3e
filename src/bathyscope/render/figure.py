"""Maps as PNG, SVG and PDF."""

import json
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bathyscope.errors import InputError
from bathyscope.faithfulness_run import FaithfulnessRun
from bathyscope.files import new_file
from bathyscope.heatmap import Axis, Heatmap
from bathyscope.render.caption import caption
from bathyscope.render.faithfulness_figure import faithfulness_figure
from bathyscope.render.palette import Scale, scale_of
from bathyscope.runs import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")

# Cells show their values up to this many rows and columns.
_MAX_WRITTEN_ROWS, _MAX_WRITTEN_COLUMNS = 40, 16
_MAX_LABEL = 48
_FONT_SIZE = 8.0
_FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans",
    "Noto Sans Symbols2",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Emoji",
    "Unifont",
)


def draw(
    subject: Run | Heatmap, path: str | Path, *, palette: str | None = None, hatch: bool = False
) -> None:
    """Draw a run or a map into a PNG, SVG or PDF file, whole or not at all.

    The same numbers give the same bytes. What is needed to compute the map again is embedded in
    the file.

    Args:
        subject: What to draw.
        path: Where to; the ending chooses the format.
        palette: A name in `palette.PALETTES`; None chooses by the quantity.
        hatch: Whether cells of a sampled map whose 95 % interval covers zero are hatched.

    Raises:
        InputError: The ending or the palette is not known.
    """
    path = Path(path)
    require_format(path)
    heatmap = subject if isinstance(subject, Heatmap) else subject.heatmap
    scale = scale_of(heatmap, palette)

    import matplotlib

    with (
        matplotlib.rc_context(_style()),
        warnings.catch_warnings(record=True) as caught,
        new_file(path) as partial,
    ):
        warnings.simplefilter("always")
        if isinstance(subject, FaithfulnessRun):
            figure = faithfulness_figure(subject, caption(subject))
        else:
            figure = _figure(heatmap, scale, caption(subject))
        if hatch:
            _hatch(figure.axes[0], subject)
        figure.savefig(
            partial, bbox_inches="tight", pad_inches=0.1, metadata=_metadata(path, heatmap)
        )
    _report(caught)


def require_format(path: Path) -> None:
    """Raise InputError where the ending of a figure's name is not one that can be drawn."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(
            f"{path} does not end in {', '.join(FORMATS)}; choose one of these formats."
        )


def _figure(heatmap: Heatmap, scale: Scale, footnote: str) -> "Figure":
    from matplotlib.figure import Figure

    rows, columns = heatmap.values.shape
    written = rows <= _MAX_WRITTEN_ROWS and columns <= _MAX_WRITTEN_COLUMNS
    width = columns * (1.0 if written else max(0.06, min(0.3, 16 / columns)))
    height = rows * (0.4 if written else max(0.05, min(0.2, 9 / rows)))
    figure = Figure(figsize=(width, height), dpi=150)
    axes = figure.add_axes((0, 0, 1, 1))
    upward = heatmap.rows.name == "layer"  # depth is drawn as it is thought of: first layer below
    image = axes.imshow(
        heatmap.values,
        cmap=scale.palette,
        vmin=scale.low,
        vmax=scale.high,
        aspect="auto",
        interpolation="nearest",
        origin="lower" if upward else "upper",
    )
    _label_columns(axes, heatmap.columns, width)
    _label_rows(axes, heatmap.rows, height)
    if written:
        _write_values(axes, heatmap, scale)
    bar_axes = figure.add_axes((1 + 0.2 / width, 0, 0.2 / width, 1))
    bar = figure.colorbar(image, cax=bar_axes)
    bar.set_label(heatmap.quantity.legend or heatmap.quantity.name)
    bar.outline.set_visible(False)
    if heatmap.quantity.bounds == (0.0, 1.0):
        bar.set_ticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    if footnote:
        axes.annotate(
            footnote, (0, 0), (0, -8), "axes fraction", textcoords="offset points",
            va="top", fontsize=6.5, color="0.35",
        )  # fmt: skip
    return figure


def _label_columns(axes: "Axes", axis: Axis, inches: float) -> None:
    step = _step(len(axis), inches)
    axes.xaxis.tick_top()
    axes.set_xticks(
        range(0, len(axis), step),
        [shortened(label) for label in axis.labels[::step]],
        rotation=40,
        ha="left",
        rotation_mode="anchor",
    )


def _label_rows(axes: "Axes", axis: Axis, inches: float) -> None:
    step = _step(len(axis), inches)
    if axis.name == "layer":
        step = max(2, step + step % 2)  # ticks on odd layers
        axes.set_ylabel("layer")
    axes.set_yticks(range(0, len(axis), step), [shortened(label) for label in axis.labels[::step]])


def _step(count: int, inches: float) -> int:
    """Return every how manyth label fits when each needs a line of its own."""
    line = 1.4 * _FONT_SIZE / 72
    return max(1, int(np.ceil(count * line / inches)))


def _write_values(axes: "Axes", heatmap: Heatmap, scale: Scale) -> None:
    inks = scale.ink(heatmap.values)
    for (row, column), value in np.ndenumerate(heatmap.values):
        axes.text(
            column, row, f"{value:.4f}", ha="center", va="center", color=str(inks[row, column])
        )


def _hatch(axes: "Axes", subject: Run | Heatmap) -> None:
    """Hatch the cells that sampling cannot tell from zero."""
    from matplotlib.patches import Rectangle

    margin = getattr(subject, "margin", None)
    if isinstance(subject, Heatmap) or margin is None:
        return
    for row, column in np.argwhere(np.abs(subject.heatmap.values) <= margin):
        axes.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), 1, 1, fill=False, hatch="///", edgecolor="0.6", lw=0
            )
        )
    axes.annotate(
        "hatched: the 95 % interval covers 0", (0, 0), (0, -18), "axes fraction",
        textcoords="offset points", va="top", fontsize=6.5, color="0.35",
    )  # fmt: skip


def shortened(label: str) -> str:
    """Return a label that fits a figure: its beginning where it is long."""
    return label if len(label) <= _MAX_LABEL else label[: _MAX_LABEL - 1] + "…"


def _style() -> Any:
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return {
        "font.family": [name for name in _FONTS if name in installed],
        "font.size": _FONT_SIZE,
        "text.parse_math": False,
        "axes.spines.left": False,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.spines.bottom": False,
        "svg.fonttype": "path",
        "svg.hashsalt": "bathyscope",
        "pdf.fonttype": 42,
    }


def _metadata(path: Path, heatmap: Heatmap) -> dict[str, Any]:
    """Return what is embedded: provenance, and nothing that changes from run to run."""
    provenance = json.dumps(heatmap.provenance, ensure_ascii=True)
    dated = "SOURCE_DATE_EPOCH" in os.environ
    match path.suffix.lower():
        case ".png":
            return {"Software": "bathyscope", "Description": provenance}
        case ".svg":
            return {"Creator": "bathyscope", "Description": provenance} | (
                {} if dated else {"Date": None}
            )
        case _:
            return {"Creator": "bathyscope", "Keywords": provenance} | (
                {} if dated else {"CreationDate": None}
            )


def _report(caught: list[warnings.WarningMessage]) -> None:
    """Pass warnings on; those about characters without a glyph as one, with the remedy."""
    missing = set()
    for warning in caught:
        glyph = re.match(r"Glyph (\d+) ", str(warning.message))
        if glyph:
            missing.add(chr(int(glyph[1])))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    if missing:
        warnings.warn(
            f"no installed font draws {''.join(sorted(missing))!r}; the Debian packages "
            "fonts-noto-cjk, fonts-noto-core and fonts-noto-color-emoji have most scripts",
            stacklevel=3,
        )
