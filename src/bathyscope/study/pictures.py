"""Pictures of a study: forests of estimates, mean maps, profiles of layers, bins of a ratio."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bathyscope.core.files.writing import new_file
from bathyscope.render.figure.canvas import DPI
from bathyscope.render.figure.saving import STYLE, save_page
from bathyscope.render.lettering import SIZE, SMALL, Lettering, lettering
from bathyscope.study.claims.finding import Finding
from bathyscope.study.claims.words import interval
from bathyscope.study.tables import LayerProfile, MeanMap, RatioBins

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Told apart with every kind of colour vision: Okabe & Ito 2008, "Color universal design".
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# Inches: a picture of claims, a line of it, the space around a panel, the line of a claim itself.
_WIDTH, _GROUP, _AROUND, _TITLE = 6.4, 0.26, 0.9, 5.5

Draw = Callable[[Lettering], "Figure"]


def save(path: Path, texts: Sequence[str], draw: Draw) -> None:
    """Draw a picture into a new file; the same numbers give the same bytes.

    Args:
        path: The file, .png or .svg.
        texts: What stands in it.
        draw: Makes the figure with the fonts that have these texts.
    """
    import matplotlib

    letters = lettering(texts)
    made = {"Software": "bathyscope"} if path.suffix == ".png" else {"Creator": "bathyscope"}
    with matplotlib.rc_context({**STYLE, "text.parse_math": False}):
        figure = draw(letters)
        with new_file(path) as new:
            save_page(figure, new, made if path.suffix == ".png" else {**made, "Date": None})


def forest(findings: Sequence[Finding], path: Path) -> None:
    """Draw a panel for each claim: its groups with their intervals, and chance where known."""
    drawn = [f for f in findings if any(not math.isnan(g.estimate.value) for g in f.groups)]
    texts = [t for f in drawn for t in (f.claim.text, *(group.name for group in f.groups))]

    def draw(letters: Lettering) -> "Figure":
        from matplotlib.figure import Figure

        heights = [_GROUP * len(finding.groups) for finding in drawn]
        height = sum(heights) + _AROUND * len(drawn)
        figure, top = Figure(figsize=(_WIDTH, height), dpi=DPI), height
        for finding, own in zip(drawn, heights, strict=True):
            bottom = top - _AROUND / 2 - own
            axes = figure.add_axes((0.2, bottom / height, 0.6, own / height))
            _claim(axes, finding, letters)
            top = bottom - _AROUND / 2
        _fit(figure)
        return figure

    save(path, texts, draw)


def _claim(axes: Any, finding: Finding, letters: Lettering) -> None:
    """Draw the groups of one claim from above to below, what they are in words beside them."""
    rows = np.arange(len(finding.groups))[::-1]
    for row, group in zip(rows, finding.groups, strict=True):
        one, colour = group.estimate, "black" if group is finding.groups[0] else COLOURS[0]
        axes.plot([one.low, one.high], [row, row], color=colour, linewidth=1.6)
        axes.plot([one.value], [row], "o", color=colour, markersize=5)
        if not math.isnan(group.chance):
            axes.plot([group.chance], [row], "|", color="0.35", markersize=11)
        said = f"{interval(one, finding.unit, share=finding.is_share)}, n = {one.n}"
        axes.annotate(
            said, (1.02, row), xycoords=("axes fraction", "data"), va="center",
            **letters.style(SMALL),
        )  # fmt: skip
    names = [letters.label(group.name) for group in finding.groups]
    axes.set_yticks(rows, names, **letters.style())
    axes.set_ylim(-0.6, len(rows) - 0.4)
    if finding.is_share:
        axes.set_xlim(-0.03, 1.03)
    title = letters.wrapped(letters.line(finding.claim.text), _TITLE)
    axes.set_title(title, loc="left", **letters.style())
    axes.set_xlabel(finding.unit or "value", **letters.style(SMALL))
    axes.tick_params(labelsize=SMALL)
    axes.grid(axis="x", color="0.9", linewidth=0.6)


def mean_heatmap(table: MeanMap, path: Path) -> None:
    """Draw the mean map over records, in every cell its mean and its spread."""

    def draw(letters: Lettering) -> "Figure":
        from matplotlib.figure import Figure

        rows, columns = table.mean.shape
        figure = Figure(figsize=(1.2 + 0.9 * columns, 0.8 + 0.38 * rows), dpi=DPI)
        axes = figure.subplots()
        largest = float(np.nanmax(np.abs(table.mean))) if np.isfinite(table.mean).any() else 1.0
        image = axes.imshow(
            table.mean, cmap="RdBu", vmin=-(largest or 1), vmax=largest or 1, aspect="auto"
        )
        for row in range(rows):
            for column in range(columns):
                value, spread = table.mean[row, column], table.spread[row, column]
                if math.isnan(value):
                    continue
                behind = "" if math.isnan(spread) else f"\n± {spread:.2f}"
                dark = abs(value) > 0.6 * largest
                axes.text(
                    column, row, f"{value:+.2f}{behind}", ha="center", va="center",
                    color="white" if dark else "black", **letters.style(SMALL),
                )  # fmt: skip
        axes.xaxis.tick_top()
        axes.set_xticks(range(columns), [letters.label(c) for c in table.columns])
        axes.set_yticks(range(rows), [letters.label(r) for r in table.rows])
        axes.tick_params(labelsize=SIZE, length=0)
        bar = figure.colorbar(image, ax=axes)
        bar.set_label("nats, mean over records ± their standard deviation", **letters.style(SMALL))
        _fit(figure)
        return figure

    save(path, [*table.rows, *table.columns], draw)


def small_multiples(tables: Sequence[tuple[str, MeanMap]], path: Path) -> None:
    """Draw several mean maps side by side on one scale."""
    texts = [t for name, table in tables for t in (name, *table.rows, *table.columns)]

    def draw(letters: Lettering) -> "Figure":
        from matplotlib.figure import Figure

        wide = min(4, len(tables))
        high = -(-len(tables) // wide)
        figure = Figure(figsize=(3.2 * wide, 2.6 * high), dpi=DPI)
        panels = np.atleast_1d(figure.subplots(high, wide)).ravel()
        largest = max(float(np.nanmax(np.abs(t.mean), initial=0.0)) for _, t in tables) or 1.0
        for axes, (name, table) in zip(panels, tables, strict=False):
            axes.imshow(table.mean, cmap="RdBu", vmin=-largest, vmax=largest, aspect="auto")
            axes.set_title(letters.label(name), **letters.style())
            axes.set_xticks(range(len(table.columns)), [letters.label(c) for c in table.columns])
            axes.set_yticks(range(len(table.rows)), [letters.label(r) for r in table.rows])
            axes.tick_params(labelsize=SMALL, length=0)
        for axes in panels[len(tables) :]:
            axes.set_visible(False)
        figure.supxlabel(f"nats, one scale: −{largest:.2f} red to +{largest:.2f} blue",
                         **letters.style(SMALL))  # fmt: skip
        figure.tight_layout()
        return figure

    save(path, texts, draw)


def profile_lines(profiles: Sequence[LayerProfile], path: Path) -> None:
    """Draw the mean divergence of every layer from the last, with bands of 95 %."""

    def draw(letters: Lettering) -> "Figure":
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 3.6), dpi=DPI)
        axes = figure.subplots()
        for index, profile in enumerate(profiles):
            colour = COLOURS[index % len(COLOURS)]
            style = "-" if index < len(COLOURS) else "--"
            values = [one.value for one in profile.estimates]
            name = f"{profile.name} ({profile.estimates[0].n})"
            axes.plot(profile.layers, values, style, color=colour, label=letters.label(name))
            low = [max(0.0, one.low) for one in profile.estimates]
            high = [min(1.0, one.high) for one in profile.estimates]
            axes.fill_between(profile.layers, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.set_xlabel("layer", **letters.style())
        axes.set_ylabel("divergence from the last layer, bits", **letters.style())
        axes.set_ylim(0, 1)
        axes.tick_params(labelsize=SMALL)
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False,
                    prop={"family": letters.style()["family"], "size": SMALL})  # fmt: skip
        _fit(figure)
        return figure

    save(path, [profile.name for profile in profiles], draw)


def bins_line(bins: RatioBins, path: Path) -> None:
    """Draw the share of right answers over the deep-thinking ratio, as arXiv 2602.13517 does."""

    def draw(letters: Lettering) -> "Figure":
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4.4, 3.2), dpi=DPI)
        axes = figure.subplots()
        values = np.array([one.value for one in bins.right])
        low = values - np.array([one.low for one in bins.right])
        high = np.array([one.high for one in bins.right]) - values
        bounds = np.nan_to_num(np.clip([low, high], 0, None))
        axes.errorbar(bins.ratio, values, bounds, fmt="o-", color=COLOURS[0], capsize=3)
        axes.set_xlabel("deep-thinking ratio, mean of each bin", **letters.style())
        axes.set_ylabel("share of right answers, 95 %", **letters.style())
        axes.set_ylim(-0.03, 1.03)
        axes.set_title(
            f"r over bins {interval(bins.binned, '', share=False)}, "
            f"over answers {interval(bins.correlation, '', share=False)}", **letters.style(SMALL),
        )  # fmt: skip
        axes.tick_params(labelsize=SMALL)
        figure.tight_layout()
        return figure

    save(path, [], draw)


def _fit(figure: "Figure") -> None:
    """Make the figure as large as what is drawn, labels beside the axes included."""
    from bathyscope.render.figure.canvas import fit

    fit(figure)
