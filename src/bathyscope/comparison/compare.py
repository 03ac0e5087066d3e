"""Two maps become one comparison: aligned, subtracted where that means something, ranked."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bathyscope.comparison.alignment import Alignment, aligned_axes
from bathyscope.comparison.uncertainty import Estimated, difference_error
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, Quantity, number_or_null
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.ranks import rank_correlation
from bathyscope.runs.base import Run
from bathyscope.runs.folder import SCHEMA
from bathyscope.runs.table import TableRun, as_run


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


@dataclass(frozen=True)
class Comparison:
    """Two maps beside each other.

    Attributes:
        a: The first run or map, whole.
        b: The second.
        rows: Which rows are the same.
        columns: Which columns are the same.
        one_scale: Whether the cells of both are in one unit, so that they can be subtracted.
        cells: The cells that both have, shape (row pairs, column pairs); None where there are none.
        correlation: Spearman's ρ of those cells, `core.ranks.rank_correlation`; None where there
            are fewer than 2, or one map gives all of them the same value.
        together: What all features do to each row that both have, all − none, shape (row pairs,);
            None where one of the maps does not say so, or they share no row or unit.
        whole_target: What each feature that both have does to the whole target, shape
            (column pairs,); likewise.
        settling: Layer at which each token that both have settles, shape (column pairs,); None
            where one is no depth run, they share no token, or their models differ in layers.
    """

    a: Run
    b: Run
    rows: Alignment
    columns: Alignment
    one_scale: bool
    cells: Change | None
    correlation: float | None
    together: Change | None
    whole_target: Change | None
    settling: Change | None

    @property
    def maps(self) -> tuple[Heatmap, Heatmap]:
        """The two maps."""
        return self.a.heatmap, self.b.heatmap

    @property
    def difference(self) -> Heatmap | None:
        """The map of B − A over what both have; None where cells cannot be subtracted."""
        if self.cells is None or not self.one_scale:
            return None
        a, b = self.maps
        return Heatmap(
            self.cells.difference,
            _shared(a.rows, self.rows.in_a),
            _shared(a.columns, self.columns.in_a),
            _of_differences(a.quantity, b.quantity),
            {"a": dict(a.provenance), "b": dict(b.provenance)},
        )

    def to_document(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        difference = self.difference
        return {
            "schema": SCHEMA,
            "kind": "comparison",
            "a": self.a.to_document(),
            "b": self.b.to_document(),
            "rows": asdict(self.rows),
            "columns": asdict(self.columns),
            "one_scale": self.one_scale,
            "difference": None if difference is None else difference.to_document(),
            "rank_correlation": self.correlation,
            **{
                name: None if change is None else change.to_document()
                for name, change in (
                    ("cells", self.cells),
                    ("together", self.together),
                    ("whole_target", self.whole_target),
                    ("settling", self.settling),
                )
            },
        }

    @property
    def coupled(self) -> bool:
        """Whether both were sampled with one seed, so that their errors may move together."""
        seeds = [heatmap.provenance.get("seed") for heatmap in self.maps]
        sampled = [run.standard_error is not None for run in (self.a, self.b)]
        return all(sampled) and seeds[0] == seeds[1]


@keywords_checked
def compare(a: Run | Heatmap, b: Run | Heatmap) -> Comparison:
    """Compare two maps: of two prompts, models, methods, dtypes, or tools.

    Rows and columns are aligned by what they are and where they stand (`alignment.align`). Cells
    of rows and columns that both have are subtracted where both are in one unit; a map that does
    not say its unit is taken to be in the other's.

    Args:
        a: A run or a map.
        b: One of the same kind, or a map.

    Raises:
        InputError: The two are of different kinds, or of a kind that cannot be compared.
    """
    a, b = _comparable(a), _comparable(b)
    _require_one_kind(a, b)
    rows, columns = aligned_axes(a.heatmap, b.heatmap)
    one_scale = _one_scale(a, b)
    cells = _cells(a, b, rows, columns) if rows.pairs and columns.pairs else None
    return Comparison(
        a=a,
        b=b,
        rows=rows,
        columns=columns,
        one_scale=one_scale,
        cells=cells,
        correlation=None if cells is None else _correlation(cells),
        together=_together(a, b, rows) if one_scale else None,
        whole_target=_whole_target(a, b, columns) if one_scale else None,
        settling=_settling(a, b, columns),
    )


def _comparable(subject: Run | Heatmap) -> Run:
    run = as_run(subject)
    if run.not_compared is not None:
        raise InputError(run.not_compared)
    return run


def _require_one_kind(a: Run, b: Run) -> None:
    if len({a.kind, b.kind} - {TableRun.kind}) > 1:
        raise InputError(
            f"The first is of kind {a.kind}, the second of kind {b.kind}: their cells measure "
            "different things; compare two of one kind."
        )


def _one_scale(a: Run, b: Run) -> bool:
    """Tell whether cells of both can be subtracted: one unit, and both with a sign or both without.

    A table says neither; it is taken at its word that it is comparable.
    """
    first, second = a.heatmap.quantity, b.heatmap.quantity
    if first.unit and second.unit and first.unit != second.unit:
        return False
    if TableRun.kind in (a.kind, b.kind):
        return True
    return (first.neutral is None) == (second.neutral is None)


def _cells(a: Run, b: Run, rows: Alignment, columns: Alignment) -> Change:
    places = np.ix_(rows.in_a, columns.in_a), np.ix_(rows.in_b, columns.in_b)
    one, other = a.heatmap.values[places[0]], b.heatmap.values[places[1]]
    errors = [
        Estimated(
            np.zeros_like(values) if error is None else error[place],
            run.degrees_of_freedom,
            None if unseen is None else unseen[place],
        )
        for run, values, place in zip((a, b), (one, other), places, strict=True)
        for error, unseen in [(run.standard_error, run.unseen)]
    ]
    return Change(one, other, *(difference_error(*errors) or ()))


def _correlation(cells: Change) -> float | None:
    """Return ρ of the cells that are numbers in both maps."""
    known = ~(np.isnan(cells.a) | np.isnan(cells.b))
    if known.sum() < 2:
        return None
    return rank_correlation(cells.a[known], cells.b[known])


def _together(a: Run, b: Run, rows: Alignment) -> Change | None:
    if a.effect is None or b.effect is None or not rows.pairs:
        return None
    return Change(a.effect[rows.in_a], b.effect[rows.in_b])


def _whole_target(a: Run, b: Run, columns: Alignment) -> Change | None:
    if a.whole_target is None or b.whole_target is None or not columns.pairs:
        return None
    one, other = a.whole_target[columns.in_a], b.whole_target[columns.in_b]
    errors = [
        Estimated(
            np.zeros(len(places)) if error is None else error[places],
            run.degrees_of_freedom,
            None if unseen is None else unseen[places],
        )
        for run, places in ((a, columns.in_a), (b, columns.in_b))
        for error, unseen in [(run.whole_target_error, run.whole_target_unseen)]
    ]
    return Change(one, other, *(difference_error(*errors) or ()))


def _settling(a: Run, b: Run, columns: Alignment) -> Change | None:
    if a.settling_depth is None or b.settling_depth is None or not columns.pairs:
        return None
    if a.num_layers != b.num_layers:
        return None
    depths = a.settling_depth[columns.in_a], b.settling_depth[columns.in_b]
    return Change(*(one.astype(np.float64) for one in depths))


def _finite(values: Any) -> Any:
    return list(map(_finite, values)) if isinstance(values, list) else number_or_null(values)


def _shared(axis: Axis, positions: list[int]) -> Axis:
    return Axis(axis.name, tuple(axis.labels[position] for position in positions))


def _of_differences(a: Quantity, b: Quantity) -> Quantity:
    unit = a.unit or b.unit
    bounds = None
    if a.bounds is not None and a.bounds == b.bounds:
        reach = a.bounds[1] - a.bounds[0]
        bounds = (-reach, reach)
    legend = f"B − A, {unit}" if unit else "B − A"
    return Quantity(f"change of {a.name}", unit, bounds, neutral=0.0, legend=legend)
