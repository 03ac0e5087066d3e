"""Runs in the terminal: the short account, the text, what weighs most, and how it was made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from bathyscope.core.heatmap import Heatmap
from bathyscope.core.registry import Registry
from bathyscope.description.describe import describe
from bathyscope.render.caption import caption
from bathyscope.render.terminal.faithfulness import faithfulness_table
from bathyscope.render.terminal.maps import (
    attribution_table,
    chain_table,
    comparison_table,
    interactions_table,
    map_table,
    wide_comparison_table,
)
from bathyscope.render.terminal.settling import (
    depth_table,
    groups_table,
    settling_table,
    wide_depth_table,
    wide_groups_table,
    wide_settling_table,
)
from bathyscope.render.terminal.think import think_table
from bathyscope.render.terminal.wide import wide_attribution, wide_map
from bathyscope.render.terminal.written import written
from bathyscope.runs.base import Run
from bathyscope.runs.table import as_run


@dataclass(frozen=True)
class TerminalTable:
    """Terminal table of one kind of run.

    Attributes:
        name: The kind, as in `run.json`.
        content: Returns what stands between text and caption, within 80 columns.
        wide: The same, with everything that the run holds; None where `content` has it.
    """

    name: str
    content: Callable[[Any], RenderableType]
    wide: Callable[[Any], RenderableType] | None = None


def table(subject: Run | Heatmap, *, wide: bool = False) -> RenderableType:
    """Return a run or a map as something that rich prints.

    Args:
        subject: The run or the map.
        wide: Whether every cell is shown, in as many parts as the terminal's width needs.
    """
    run = as_run(subject)
    kind = TABLES.get(run.kind, PLAIN)
    content = kind.wide if wide and kind.wide is not None else kind.content
    text = written(run)
    parts: list[RenderableType] = [
        Padding(Text(describe(run, "text", short=True).strip()), (0, 0, 1, 0)),
        *([] if text is None else [text]),
        content(run),
        Text(caption(run), style="dim"),
    ]
    if kind.wide is not None and not wide:
        parts.append(Text("--wide prints every cell.", style="dim"))
    return Group(*parts)


PLAIN = TerminalTable("table", map_table, wide_map)
"""How a map looks of which no more is known."""

TABLES: Registry[TerminalTable] = Registry(
    "terminal table",
    "bathyscope.terminal_tables",
    (
        TerminalTable("attribution", attribution_table, wide_attribution),
        TerminalTable("interactions", interactions_table, wide_map),
        TerminalTable("depth", depth_table, wide_depth_table),
        TerminalTable("settling", settling_table, wide_settling_table),
        TerminalTable("think", think_table),
        TerminalTable("depth_groups", groups_table, wide_groups_table),
        TerminalTable("faithfulness", faithfulness_table),
        TerminalTable("comparison", comparison_table, wide_comparison_table),
        TerminalTable("chain", chain_table, wide_map),
        PLAIN,
    ),
)
"""By kind of run; one that is not here is shown as a map."""
