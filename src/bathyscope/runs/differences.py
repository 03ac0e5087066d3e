"""Differences of two runs, number by number, where both have it in one unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bathyscope.core.alignment import Alignment
from bathyscope.core.heatmap import FloatArray, number_or_null
from bathyscope.core.ranks import rank_correlation
from bathyscope.core.uncertainty import Estimated, difference_error
from bathyscope.runs.base import Run
from bathyscope.runs.table import TableRun

LAYERS = "layers"
"""The unit of what counts layers: it is one unit only in models of as many layers."""


@dataclass(frozen=True)
class Change:
    """Numbers of A, of B, and B − A, entry by entry of what both have.

    Attributes:
        a: In A.
        b: In B; the same shape.
        standard_error: Of B − A; None where both are exact.
        margin: Half the width of the 95 % interval of B − A; likewise.
    """

    a: FloatArray
    b: FloatArray
    standard_error: FloatArray | None = None
    margin: FloatArray | None = None

    @property
    def difference(self) -> FloatArray:
        """B − A."""
        with np.errstate(invalid="ignore"):  # infinity minus itself is NaN, and shown as such
            difference: FloatArray = self.b - self.a
        return difference

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values, null where a number is not finite."""
        arrays = {
            "a": self.a,
            "b": self.b,
            "standard_error": self.standard_error,
            "margin": self.margin,
        }
        return {
            name: None if array is None else _finite(array.tolist())
            for name, array in arrays.items()
        }


def on_one_scale(a: Run, b: Run) -> bool:
    """Tell whether cells of both can be subtracted: one unit, and both with a sign or both without.

    A table says neither; it is taken at its word that it is comparable. Layers of models of
    different depth, or of one whose depth is not known, are no unit in common, nor are answers to
    different questions.
    """
    first, second = a.heatmap.quantity, b.heatmap.quantity
    if first.unit and second.unit and first.unit != second.unit:
        return False
    if TableRun.kind in (a.kind, b.kind):
        return True
    if a.asks != b.asks:
        return False
    if first.unit == LAYERS and not same_depth(a, b):
        return False
    return (first.neutral is None) == (second.neutral is None)


def same_depth(a: Run, b: Run) -> bool:
    """Tell whether both are of models with as many layers, as far as they say."""
    return a.num_layers is not None and a.num_layers == b.num_layers


def cells_of(a: Run, b: Run, rows: Alignment, columns: Alignment) -> Change | None:
    """Return the cells that both have, shape (row pairs, column pairs); None without."""
    if not rows.pairs or not columns.pairs:
        return None
    places = np.ix_(rows.in_a, columns.in_a), np.ix_(rows.in_b, columns.in_b)
    one, other = a.heatmap.values[places[0]], b.heatmap.values[places[1]]
    errors = [
        _estimated(run, run.standard_error, run.unseen, place, values)
        for run, values, place in zip((a, b), (one, other), places, strict=True)
    ]
    return Change(one, other, *(difference_error(*errors) or ()))


def correlation_of(cells: Change | None) -> float | None:
    """Return Spearman's ρ of the cells that are numbers in both maps; None where undefined."""
    if cells is None:
        return None
    known = ~(np.isnan(cells.a) | np.isnan(cells.b))
    if known.sum() < 2:
        return None
    return rank_correlation(cells.a[known], cells.b[known])


def together_of(a: Run, b: Run, rows: Alignment) -> Change | None:
    """Return what all features together do to each row that both have, (row pairs,)."""
    if a.effect is None or b.effect is None or not rows.pairs:
        return None
    return Change(a.effect[rows.in_a], b.effect[rows.in_b])


def whole_target_of(a: Run, b: Run, columns: Alignment) -> Change | None:
    """Return what each feature that both have does to the whole target, (column pairs,)."""
    if a.whole_target is None or b.whole_target is None or not columns.pairs:
        return None
    one, other = a.whole_target[columns.in_a], b.whole_target[columns.in_b]
    errors = [
        _estimated(run, run.whole_target_error, run.whole_target_unseen, places, values)
        for run, values, places in ((a, one, columns.in_a), (b, other, columns.in_b))
    ]
    return Change(one, other, *(difference_error(*errors) or ()))


def settling_of(a: Run, b: Run, columns: Alignment) -> Change | None:
    """Return where each token that both have settles, (column pairs,), layers."""
    if a.settling_depth is None or b.settling_depth is None or not columns.pairs:
        return None
    if not same_depth(a, b):
        return None
    depths = a.settling_depth[columns.in_a], b.settling_depth[columns.in_b]
    return Change(*(one.astype(np.float64) for one in depths))


def _estimated(
    run: Run,
    error: FloatArray | None,
    unseen: FloatArray | None,
    places: Sequence[int] | tuple[Any, ...],
    values: FloatArray,
) -> Estimated:
    return Estimated(
        np.zeros_like(values) if error is None else error[places],
        run.degrees_of_freedom,
        None if unseen is None else unseen[places],
    )


def _finite(values: Any) -> Any:
    return list(map(_finite, values)) if isinstance(values, list) else number_or_null(values)
