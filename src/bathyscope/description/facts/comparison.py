"""Facts of what changed between two maps."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from bathyscope.comparison.changes import CellChange, clear_changes, largest_changes
from bathyscope.comparison.origins import origins
from bathyscope.core.alignment import Alignment
from bathyscope.core.heatmap import Axis
from bathyscope.description.facts import UNTOLD
from bathyscope.description.facts.grid import Place
from bathyscope.runs.comparison import Comparison

DEPTH_MEASURE = ("lens", "translators", "settled at", "depth fraction")
"""Aspects of an origin that settling depths are measured by."""


@dataclass(frozen=True)
class Shared:
    """Common entries of one side of two maps.

    Attributes:
        a: How many entries A has.
        b: How many B has.
        both: How many are the same.
    """

    a: int
    b: int
    both: int


@dataclass(frozen=True)
class Moved:
    """One cell that changed.

    Attributes:
        row: Its row in A.
        column: Its column in A.
        a: Its value in A.
        b: Its value in B.
        difference: B − A.
        margin: Half the width of the 95 % interval of the difference; None where exact.
    """

    row: Place
    column: Place
    a: float
    b: float
    difference: float
    margin: float | None


@dataclass(frozen=True)
class ComparisonFacts:
    """Facts of what changed between two maps.

    Attributes:
        same: What of their origins is the same, by name.
        different: What differs, by name.
        rows: Their rows.
        columns: Their columns.
        one_scale: Whether their cells can be subtracted.
        unit: The unit of differences; empty where none is known.
        correlation: Spearman's ρ of the cells that both have; None where it is not defined.
        cells: How many cells both have.
        known: How many of them are numbers in both; 0 where nothing can be subtracted.
        changed: How many of those are not the same number.
        clear: How many of them changed by more than their 95 % interval; None if all are exact, or
            nothing can be subtracted.
        mean_change: Mean size of a change; None where nothing can be subtracted.
        largest: The cells that changed most, the largest change first.
        deep_thinking_ratios: In A and in B; None where one has none.
        same_measure: Whether what settling depths are measured by is the same in both.
        comparison: The comparison.
    """

    same: tuple[str, ...]
    different: tuple[str, ...]
    rows: Shared
    columns: Shared
    one_scale: bool
    unit: str
    correlation: float | None
    cells: int
    known: int
    changed: int
    clear: int | None
    mean_change: float | None
    largest: tuple[Moved, ...]
    deep_thinking_ratios: tuple[float, float] | None
    same_measure: bool
    comparison: Comparison = field(metadata={UNTOLD: True})
    kind: ClassVar[str] = Comparison.kind


def comparison_facts(found: Comparison) -> ComparisonFacts:
    """Return what changed between two maps."""
    same, different = origins(*found.maps)
    a, b = found.maps
    subtracted = found.cells if found.one_scale else None
    change = np.array([]) if subtracted is None else subtracted.difference
    change = change[np.isfinite(change)]
    return ComparisonFacts(
        same=tuple(aspect.name for aspect in same),
        different=tuple(aspect.name for aspect in different),
        rows=_shared(found.rows),
        columns=_shared(found.columns),
        one_scale=found.one_scale,
        unit=a.quantity.unit or b.quantity.unit if found.one_scale else "",
        correlation=found.correlation,
        cells=0 if found.cells is None else int(found.cells.a.size),
        known=int(change.size),
        changed=int(np.count_nonzero(change)),
        clear=None if subtracted is None else clear_changes(subtracted),
        mean_change=None if subtracted is None else mean_change(subtracted.difference),
        largest=tuple(_moved(one, a.rows, a.columns) for one in largest_changes(found)),
        deep_thinking_ratios=_both(found.a.deep_thinking_ratio, found.b.deep_thinking_ratio),
        same_measure=not any(aspect.name in DEPTH_MEASURE for aspect in different),
        comparison=found,
    )


def _both(a: float | None, b: float | None) -> tuple[float, float] | None:
    return None if a is None or b is None else (a, b)


def mean_change(difference: Any) -> float | None:
    """Return the mean size of changes that are numbers; None where none is."""
    size = np.abs(difference)[np.isfinite(difference)]
    return float(size.mean()) if size.size else None


def _shared(alignment: Alignment) -> Shared:
    return Shared(*alignment.sizes, len(alignment.pairs))


def _moved(change: CellChange, rows: Axis, columns: Axis) -> Moved:
    row, column = change.row[0], change.column[0]
    return Moved(
        Place(row, rows.labels[row], None),
        Place(column, columns.labels[column], None),
        change.a,
        change.b,
        change.difference,
        change.margin,
    )
