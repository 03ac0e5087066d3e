"""Settling depths in the terminal: of tokens and of groups."""

import math
from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from bathyscope.core.heatmap import FloatArray
from bathyscope.render.lettering import shortened
from bathyscope.render.palette import Scale, scale_of
from bathyscope.render.terminal.numbers import layer_bars, rich_colour
from bathyscope.render.terminal.ranking import plain_table
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.depth_groups import DepthGroupsRun
from bathyscope.runs.settling import SettlingRun

MOST = 16
"""So many tokens, those that settle latest, are shown of more."""

_BARS = 44


def depth_table(run: DepthRun) -> RenderableType:
    """Return the tokens that settle latest, in their order, with a bar for layers."""
    return _depth(run, _latest(run.settling_depth.tolist()), _BARS)


def wide_depth_table(run: DepthRun) -> RenderableType:
    """Return every token with a bar for each layer."""
    return _depth(run, range(len(run.settling_depth)), run.num_layers)


def _depth(run: DepthRun, shown: Sequence[int], room: int) -> RenderableType:
    layers, scale = run.num_layers - 1, scale_of(run.heatmap)
    each = math.ceil(layers / room)
    binned = f", {each} to a bar (their mean)" if each > 1 else ""
    table = plain_table()
    table.add_column("response token", overflow="fold", max_width=20)
    table.add_column(f"layers 1 to {layers}{binned}", no_wrap=True)
    table.add_column("settles at", justify="right")
    table.add_column("")
    for position in shown:
        depth = int(run.settling_depth[position])
        table.add_row(
            Text(shortened(run.heatmap.columns.labels[position])),
            _bars(_means(run.heatmap.values[:, position], each), scale),
            str(depth),
            "deep" if depth >= run.provenance["deep_layer"] else "",
        )
    title = "Jensen-Shannon divergence from the last layer, bits: high is undecided"
    return _with_rest(title, table, len(run.settling_depth) - len(shown))


def _means(divergences: FloatArray, each: int) -> FloatArray:
    """Return the mean of each so many layers, NaN where none of them has a number."""
    parts = [divergences[at : at + each] for at in range(0, len(divergences), each)]
    known = [part[np.isfinite(part)] for part in parts]
    return np.array([part.mean() if len(part) else np.nan for part in known])


def _bars(divergences: FloatArray, scale: Scale) -> Text:
    pieces = zip(layer_bars(divergences), scale.colours(divergences), strict=True)
    return Text.assemble(
        *((bar, Style(color=rich_colour(colour), bgcolor="grey23")) for bar, colour in pieces)
    )


def settling_table(run: SettlingRun) -> RenderableType:
    """Return the tokens that settle latest, in their order."""
    return _settling(run, _latest(run.settling_depth.tolist()))


def wide_settling_table(run: SettlingRun) -> RenderableType:
    """Return where every token settles."""
    return _settling(run, range(len(run.settling_depth)))


def _settling(run: SettlingRun, shown: Sequence[int]) -> RenderableType:
    table = plain_table()
    table.add_column("response token", overflow="fold")
    table.add_column("settles at", justify="right")
    table.add_column("")
    for position in shown:
        depth = int(run.settling_depth[position])
        deep = "deep" if depth >= run.provenance["deep_layer"] else ""
        table.add_row(Text(shortened(run.tokens.labels[position])), str(depth), deep)
    return _with_rest("Settling depth, layers", table, len(run.settling_depth) - len(shown))


def groups_table(run: DepthGroupsRun) -> RenderableType:
    """Return the groups that settle latest, in their order, with their intervals."""
    return _groups(run, _latest([group.median_layer for group in run.groups]))


def wide_groups_table(run: DepthGroupsRun) -> RenderableType:
    """Return every group."""
    return _groups(run, range(len(run.groups)))


def _groups(run: DepthGroupsRun, shown: Sequence[int]) -> RenderableType:
    table = plain_table()
    table.add_column(run.by, overflow="fold")
    for name in ("tokens", "median layer", "95 %", "deep", "share", "95 %"):
        table.add_column(name, justify="right")
    for group in (run.groups[index] for index in shown):
        layers, shares = group.median_interval, group.deep_share_interval
        table.add_row(
            Text(shortened(group.label)),
            str(group.tokens),
            f"{group.median_layer:g}",
            "" if layers is None else f"{layers.low:g} to {layers.high:g}",
            str(group.deep),
            f"{group.deep_share:.2f}",
            "" if shares is None else f"{shares.low:.2f} to {shares.high:.2f}",
        )
    title = f"Settling depth by {run.by}"
    return _with_rest(title, table, len(run.groups) - len(shown), run.by)


def _latest(depths: Sequence[float]) -> list[int]:
    """Return the positions of those that settle latest, in their order."""
    return sorted(sorted(range(len(depths)), key=lambda at: -depths[at])[:MOST])


def _with_rest(title: str, table: Table, rest: int, what: str = "token") -> RenderableType:
    parts: list[RenderableType] = [Text(title, style="bold"), table]
    if rest:
        more = f"{what} settles" if rest == 1 else f"{what}s settle"
        parts.append(Text(f"{rest:,} more {more} as early as these, or earlier", style="dim"))
    return Group(*parts)
