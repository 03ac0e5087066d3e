"""Rankings and strongest rows: what a map of any size shows within 80 columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bathyscope.core.heatmap import FloatArray
from bathyscope.description.words.short.names import cut
from bathyscope.render.lettering import shortened
from bathyscope.render.terminal.numbers import alike, signed_bar
from bathyscope.render.terminal.shares import column_labels
from bathyscope.runs.base import Run

MOST_RANKED, MOST_ROWS, MOST_CELLS = 20, 8, 2
"""So many entries are ranked, so many rows are shown, so many cells of each."""

_BAR = 22
_LABEL = 30


@dataclass(frozen=True)
class Ranked:
    """Numbers to be ranked.

    Attributes:
        title: What they are.
        what: What an entry is called.
        labels: Of each entry.
        values: Shape (entries,).
        margins: Half the widths of their 95 % intervals; None where exact.
        signed: Whether a plus is written.
    """

    title: str
    what: str
    labels: Sequence[str]
    values: FloatArray
    margins: FloatArray | None = None
    signed: bool = True


def ranking(ranked: Ranked) -> RenderableType:
    """Return entries, the highest value first, with a bar; of very many those of largest size."""
    values = ranked.values
    sizes = np.abs(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0))
    shown = np.argsort(-sizes, kind="stable")[:MOST_RANKED]
    order = shown[np.argsort(-np.nan_to_num(values[shown], nan=-np.inf), kind="stable")]
    margins = ranked.margins
    largest = max(float(sizes.max(initial=0.0)), 0.0 if margins is None else _largest(margins))
    write = alike(largest, sign="+" if ranked.signed else "")
    error = alike(largest, sign="")
    finite = values[np.isfinite(values)]
    least, most = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
    table = plain_table()
    table.add_column(ranked.what, overflow="fold", max_width=_LABEL)
    table.add_column("effect" if ranked.signed else "size", justify="right", no_wrap=True)
    table.add_column("", width=_BAR, no_wrap=True)
    for index in order.tolist():
        value = float(values[index])
        clear = margins is None or abs(value) > margins[index]
        half = "" if margins is None else f" ± {error(float(margins[index]))}"
        bar = Text(signed_bar(value, least, most, _BAR), style="blue" if value > 0 else "red")
        label = Text(shortened(ranked.labels[index]))
        table.add_row(label, f"{write(value)}{half}", bar, style="" if clear else "dim")
    rest = np.delete(values, shown)
    title = Text(ranked.title, style="bold")
    if not len(rest):
        return Group(title, table)
    together = write(float(np.nansum(rest)))
    left = f"and {len(rest):,} more, none larger in size, together {together}"
    return Group(title, table, Text(left, style="dim"))


def _largest(sizes: FloatArray) -> float:
    return float(np.abs(sizes[np.isfinite(sizes)]).max(initial=0.0))


def strongest(
    run: Run,
    rows: Sequence[int] | None = None,
    beside: tuple[str, FloatArray] | None = None,
) -> RenderableType:
    """Return the rows of the largest sizes, in their order, with their strongest cells.

    Args:
        run: The run.
        rows: Which rows are looked at; None for all.
        beside: A number of each row, shape (rows,), and what it is.
    """
    heatmap = run.heatmap
    effects = heatmap.values - (heatmap.quantity.neutral or 0.0)
    sizes = np.abs(np.where(np.isfinite(effects), effects, 0.0))
    among = np.arange(len(sizes)) if rows is None else np.array(rows, dtype=int)
    order = np.argsort(-sizes[among].sum(axis=1), kind="stable")[:MOST_ROWS]
    chosen = np.sort(among[order])
    name, across = heatmap.rows.name, heatmap.columns.name
    left = "" if len(chosen) == len(among) else f"The strongest {len(chosen)} of {len(among)}: "
    title = Text(f"{left}{heatmap.quantity.legend or heatmap.quantity.name}", style="bold")
    table = plain_table()
    table.add_column(name, overflow="fold", max_width=20)
    if beside is not None:
        table.add_column(beside[0], justify="right", no_wrap=True)
        write = alike(_largest(beside[1][chosen]))
    table.add_column(f"strongest: {across}", overflow="fold")
    cells = _cells(run, sizes)
    for row in chosen.tolist():
        own = [] if beside is None else [write(float(beside[1][row]))]
        table.add_row(Text(shortened(heatmap.rows.labels[row])), *own, cells(row))
    return Group(title, table)


def _cells(run: Run, sizes: FloatArray) -> Callable[[int], Text]:
    """Return what writes the strongest cells of a row; those that may be neutral are dim."""
    values, margin = run.heatmap.values, run.margin
    sign = "" if run.heatmap.quantity.neutral is None else "+"
    write = alike(_largest(values), sign=sign)
    names = _names(column_labels(run))

    def written(row: int) -> Text:
        order: NDArray[np.intp] = np.argsort(-sizes[row], kind="stable")
        line = Text()
        for place, column in enumerate(order[:MOST_CELLS].tolist()):
            clear = margin is None or sizes[row, column] > margin[row, column]
            half = "" if margin is None else f" ± {margin[row, column]:.2g}"
            line.append(" · " if place else "")
            line.append(
                f"{names[column]}: {write(float(values[row, column]))}{half}",
                style="" if clear else "dim",
            )
        return line

    return written


def _names(labels: Sequence[str]) -> list[str]:
    """Return labels, long ones by the beginning of their text, numbered."""
    return [
        one if one == cut(one) else f"{number} {cut(one)}"
        for number, one in enumerate(map(shortened, labels), 1)
    ]


def plain_table() -> Table:
    """Return a table with a line below its head and none beside."""
    return Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
