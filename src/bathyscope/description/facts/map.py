"""Facts of any map."""

from dataclasses import dataclass
from typing import ClassVar

from bathyscope.core.heatmap import FloatArray, Heatmap, Quantity
from bathyscope.description.facts.grid import AxisFacts, Gaps, axis_facts, gaps, grid
from bathyscope.description.facts.parts import Division, by_columns, by_rows
from bathyscope.description.facts.spread import Spread, spread
from bathyscope.description.facts.telling import Telling, telling


@dataclass(frozen=True)
class MeasuredQuantity:
    """Quantity of a cell as descriptions name it.

    Attributes:
        name: The quantity in words.
        unit: Its unit; empty where it has none or none is known.
        neutral: The value that means "no effect"; None where signs mean nothing.
    """

    name: str
    unit: str
    neutral: float | None


@dataclass(frozen=True)
class MapFacts:
    """Facts of any map.

    Attributes:
        quantity: What a cell measures.
        rows: The first axis.
        columns: The second axis.
        gaps: Cells without a finite number, left out of everything else; None where there are none.
        spread: How the values are spread; None where no cell has a number.
        by_rows: How their size divides among the rows.
        by_columns: How it divides among the columns.
        telling: The rows that tell most.
    """

    quantity: MeasuredQuantity
    rows: AxisFacts
    columns: AxisFacts
    gaps: Gaps | None
    spread: Spread | None
    by_rows: Division
    by_columns: Division
    telling: Telling
    kind: ClassVar[str] = "map"


def map_facts(
    heatmap: Heatmap,
    margin: FloatArray | None = None,
    column_margin: FloatArray | None = None,
) -> MapFacts:
    """Return what can be said of any map.

    Args:
        heatmap: The map.
        margin: Half the width of each cell's 95 % interval; None where not sampled.
        column_margin: The same of each column's sum.
    """
    cells = grid(heatmap, margin)
    return MapFacts(
        quantity=measured(heatmap.quantity),
        rows=cells.rows,
        columns=cells.columns,
        gaps=gaps(heatmap, cells.rows, cells.columns),
        spread=spread(cells),
        by_rows=by_rows(cells),
        by_columns=by_columns(cells, column_margin),
        telling=telling(cells),
    )


def measured(quantity: Quantity) -> MeasuredQuantity:
    """Return what a cell measures."""
    return MeasuredQuantity(quantity.name, quantity.unit, quantity.neutral)


def sides(heatmap: Heatmap) -> tuple[AxisFacts, AxisFacts]:
    """Return rows and columns of a map."""
    return (
        axis_facts(heatmap.rows, heatmap.columns, heatmap),
        axis_facts(heatmap.columns, heatmap.rows, heatmap),
    )
