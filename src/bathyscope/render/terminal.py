"""Maps as tables in the terminal."""

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bathyscope.faithfulness_run import FaithfulnessRun
from bathyscope.heatmap import FloatArray, Heatmap
from bathyscope.render.caption import caption
from bathyscope.render.faithfulness_table import faithfulness_table
from bathyscope.render.figure import shortened
from bathyscope.runs import AttributionRun, DepthRun, Run

_BARS = "▁▂▃▄▅▆▇█"


def table(run: Run) -> RenderableType:
    """Return a run as something that rich prints."""
    match run:
        case AttributionRun():
            content = _attribution(run)
        case DepthRun():
            content = _depth(run)
        case FaithfulnessRun():
            content = faithfulness_table(run)
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
            _sparkline(run.heatmap, position),
            str(depth),
            "deep" if depth >= deep_layer else "",
        )
    return result


def _sparkline(heatmap: Heatmap, column: int) -> str:
    """Return one bar per layer: an eighth of a bit to each step."""
    heights = np.minimum((heatmap.values[:, column] * len(_BARS)).astype(int), len(_BARS) - 1)
    return "".join(_BARS[height] for height in heights)
