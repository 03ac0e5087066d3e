"""Maps as tables in the terminal."""

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bathyscope.heatmap import FloatArray
from bathyscope.render.caption import caption
from bathyscope.render.figure import shortened
from bathyscope.runs import AttributionRun, DepthRun, Run, SettlingRun

_BARS = "▁▂▃▄▅▆▇█"


def table(run: Run | SettlingRun) -> RenderableType:
    """Return a run as something that rich prints."""
    if isinstance(run, SettlingRun):
        return _settling(run)
    match run:
        case AttributionRun():
            content = _attribution(run)
        case DepthRun():
            content = _depth(run)
    return Group(content, Text(caption(run), style="dim"))


def _attribution(run: AttributionRun) -> Table:
    result = Table(title="nats of log-probability: + supports, − opposes")
    result.add_column("target token")
    for label in run.heatmap.columns.labels:
        result.add_column(Text(shortened(label)), justify="right")
    for name in ("all", "none", "gap"):
        result.add_column(name, justify="right", style="dim")
    rest = np.column_stack([run.all, run.none])
    for position, label in enumerate(run.heatmap.rows.labels):
        result.add_row(
            Text(label),
            *_signed(run.heatmap.values[position]),
            *(f"{value:.4f}" for value in rest[position]),
            f"{run.gap[position]:.1e}",
        )
    result.add_section()
    result.add_row(
        Text("whole target"),
        *_signed(run.whole_target),
        f"{run.all.sum():.4f}",
        f"{run.none.sum():.4f}",
        f"{run.gap.sum():.1e}",
    )
    return result


def _signed(values: FloatArray) -> list[Text]:
    styles = {True: "blue", False: "red"}
    limit = 0.05
    return [
        Text(f"{value:+.4f}", style=styles[value > 0] if abs(value) >= limit else "")
        for value in values
    ]


def _depth(run: DepthRun) -> Table:
    result = Table(title="Jensen-Shannon divergence from the last layer, bits")
    result.add_column("response token")
    result.add_column(f"layers 1 to {run.num_layers - 1}")
    result.add_column("settles at", justify="right")
    result.add_column("deep")
    deep_layer = run.heatmap.provenance["deep_layer"]
    for position, label in enumerate(run.heatmap.columns.labels):
        depth = int(run.settling_depth[position])
        result.add_row(
            Text(label),
            bars(run.heatmap.values[:, position]),
            str(depth),
            "deep" if depth >= deep_layer else "",
        )
    return result


def _settling(run: SettlingRun) -> RenderableType:
    result = Table(title="Settling depth, layers")
    result.add_column("response token")
    result.add_column("settles at", justify="right")
    result.add_column("deep")
    deep_layer = run.provenance["deep_layer"]
    for label, depth in zip(run.tokens.labels, run.settling_depth.tolist(), strict=True):
        result.add_row(Text(label), str(depth), "deep" if depth >= deep_layer else "")
    conventions = (
        f"lens {run.provenance['lens']} · settled at ≤ {run.provenance['threshold']:g} bits · deep "
        f"from layer {deep_layer} · deep-thinking ratio {run.deep_thinking_ratio:.3f}"
    )
    return Group(result, Text(conventions, style="dim"))


def bars(divergences: FloatArray) -> str:
    """Return one bar per layer for a column of bits: an eighth of a bit to each step."""
    heights = np.minimum((divergences * len(_BARS)).astype(int), len(_BARS) - 1)
    return "".join(_BARS[height] for height in heights)
