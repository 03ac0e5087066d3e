"""Comparison: two runs beside each other, aligned, and subtracted where that means something."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.alignment import Alignment, aligned_axes
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, Quantity
from bathyscope.runs.base import Run
from bathyscope.runs.consistency import require_agreement, require_same_map
from bathyscope.runs.differences import (
    Change,
    cells_of,
    correlation_of,
    on_one_scale,
    settling_of,
    together_of,
    whole_target_of,
)
from bathyscope.runs.kinds import rebuilt, require_known, require_whole
from bathyscope.runs.table import TableRun

NO_DIFFERENCE = "no difference: nothing that both maps have can be subtracted"
"""What stands beside the colours of a comparison without one."""


@dataclass(frozen=True, repr=False)
class Comparison(Run):
    """Two maps beside each other.

    Attributes:
        heatmap: B − A over what both have; the cells of A, each NaN, where nothing can be
            subtracted.
        a: The first run, whole; a map is a table.
        b: The second.
        rows: Which rows are the same.
        columns: Which columns are the same.
        one_scale: Whether the cells of both are in one unit, so that they can be subtracted.
        cells: The cells that both have, shape (row pairs, column pairs); None where there are none.
        correlation: Spearman's ρ of those cells, `core.ranks.rank_correlation`; None where there
            are fewer than 2, or one map gives all of them the same value.
        together: What all features do to each row that both have, all − none, shape (row pairs,);
            None where one of the maps does not say so, or they share no row or unit.
        of_whole_target: What each feature that both have does to the whole target, shape
            (column pairs,); likewise.
        settling: Layer at which each token that both have settles, shape (column pairs,); None
            where one has no settling depths, they share no token, or their models differ in layers.
        standard_error: Of each cell of B − A; None where both are exact, or there is no difference.
        notes: Those of A and of B, with the letter of the one where the other has it not.
    """

    heatmap: Heatmap
    a: Run
    b: Run
    rows: Alignment
    columns: Alignment
    one_scale: bool
    cells: Change | None
    correlation: float | None
    together: Change | None
    of_whole_target: Change | None
    settling: Change | None
    standard_error: FloatArray | None = None
    notes: tuple[str, ...] = ()
    kind: ClassVar[str] = "comparison"
    not_compared: ClassVar[str | None] = (
        "A comparison has two maps already; compare the runs that it is of."
    )

    @classmethod
    def of(cls, a: Run, b: Run) -> Self:
        """Return the comparison of two runs, which follows from them.

        Raises:
            InputError: They are of different kinds, or of a kind that has no difference.
        """
        _require_comparable(a, b)
        rows, columns = aligned_axes(a.heatmap, b.heatmap)
        one_scale = on_one_scale(a, b)
        cells = cells_of(a, b, rows, columns)
        subtracted = cells if one_scale else None
        return cls(
            heatmap=_no_difference(a, b)
            if subtracted is None
            else _difference(a, b, rows, columns, subtracted),
            a=a,
            b=b,
            rows=rows,
            columns=columns,
            one_scale=one_scale,
            cells=cells,
            correlation=correlation_of(cells),
            together=together_of(a, b, rows) if one_scale else None,
            of_whole_target=whole_target_of(a, b, columns) if one_scale else None,
            settling=settling_of(a, b, columns),
            standard_error=None if subtracted is None else subtracted.standard_error,
            notes=tuple(_notes(a, b)),
        )

    @property
    def maps(self) -> tuple[Heatmap, Heatmap]:
        """The two maps."""
        return self.a.heatmap, self.b.heatmap

    @property
    def difference(self) -> Heatmap | None:
        """The map of B − A over what both have; None where cells cannot be subtracted."""
        return self.heatmap if self.one_scale and self.cells is not None else None

    @property
    def margin(self) -> FloatArray | None:
        """Half the width of each cell's 95 % interval, the map's shape; None if exact."""
        return None if self.cells is None or not self.one_scale else self.cells.margin

    @property
    def whole_target(self) -> Change | None:  # type: ignore[override]  # in both, and its change
        """The same as `of_whole_target`."""
        return self.of_whole_target

    @property
    def rank_correlation(self) -> float | None:
        """The same as `correlation`, as the file calls it."""
        return self.correlation

    @property
    def prompt(self) -> str | None:
        """The prompt of both; None where they have different ones."""
        return self.a.prompt if self.a.prompt == self.b.prompt else None

    @property
    def text(self) -> str | None:
        """The continuation of both; None where they are of different ones."""
        return self.a.text if self.a.text == self.b.text else None

    @property
    def coupled(self) -> bool:
        """Whether both were sampled with one seed, so that their errors may move together."""
        seeds = [heatmap.provenance.get("seed") for heatmap in self.maps]
        sampled = [run.standard_error is not None for run in (self.a, self.b)]
        return all(sampled) and seeds[0] == seeds[1]

    def particulars(self) -> dict[str, Any]:
        """Return what the document holds beside what those of all kinds hold."""
        return {"a": self.a.to_document(), "b": self.b.to_document(), **self._computed()}

    def _computed(self) -> dict[str, Any]:
        """Return what follows from A and B."""
        difference = self.difference
        changes = {
            "cells": self.cells,
            "together": self.together,
            "whole_target": self.whole_target,
            "settling": self.settling,
        }
        return {
            "rows": _plain(self.rows),
            "columns": _plain(self.columns),
            "one_scale": self.one_scale,
            "difference": None if difference is None else difference.to_document(),
            "rank_correlation": self.correlation,
            **{
                name: None if change is None else change.to_document()
                for name, change in changes.items()
            },
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `arrays.safetensors` holds: B − A, and what those of A and of B hold."""
        both = {"a": self.a.arrays(), "b": self.b.arrays()}
        parts = {
            f"{side}.{name}": own for side, arrays in both.items() for name, own in arrays.items()
        }
        return {**super().arrays(), **parts}

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, NDArray[Any]]
    ) -> Self:
        """Rebuild a run; the errors are those of `Run.from_document`."""
        found = cls.of(*(_part(document[side], f"{side}.", arrays) for side in ("a", "b")))
        require_agreement(
            "", {name: document[name] for name in found._computed()}, found._computed()
        )
        require_same_map(heatmap, found.heatmap)
        return found

    def __repr__(self) -> str:
        """Return what was compared, on one line."""
        if self.difference is not None:
            return super().__repr__()
        shapes = " and ".join("{} × {}".format(*one.values.shape) for one in self.maps)
        return f"<Comparison: no difference of {shapes}>"


def _part(document: Mapping[str, Any], prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Run:
    """Return one of the two runs of a comparison's document."""
    require_known(document, "A part of the comparison")
    if document["kind"] == Comparison.kind:  # they would be opened one inside of the other
        raise ValueError("a part of a comparison is a comparison itself")
    require_whole(document)
    own = {
        name.removeprefix(prefix): one for name, one in arrays.items() if name.startswith(prefix)
    }
    return rebuilt(document, own)


def _require_comparable(a: Run, b: Run) -> None:
    for run in (a, b):
        if run.not_compared is not None:
            raise InputError(run.not_compared)
    if len({a.kind, b.kind} - {TableRun.kind}) > 1:
        raise InputError(
            f"The first is of kind {a.kind}, the second of kind {b.kind}: their cells measure "
            "different things; compare two of one kind."
        )


def _difference(a: Run, b: Run, rows: Alignment, columns: Alignment, cells: Change) -> Heatmap:
    return Heatmap(
        cells.difference,
        _shared(a.heatmap.rows, rows.in_a),
        _shared(a.heatmap.columns, columns.in_a),
        _of_differences(a.heatmap.quantity, b.heatmap.quantity),
        _origin(a, b),
    )


def _no_difference(a: Run, b: Run) -> Heatmap:
    rows, columns = a.heatmap.rows, a.heatmap.columns
    none = np.full((len(rows), len(columns)), np.nan)
    quantity = Quantity(f"change of {a.heatmap.quantity.name}", neutral=0.0, legend=NO_DIFFERENCE)
    return Heatmap(
        none,
        Axis(rows.name, rows.labels),
        Axis(columns.name, columns.labels),
        quantity,
        _origin(a, b),
    )


def _origin(a: Run, b: Run) -> dict[str, Any]:
    return {"a": dict(a.provenance), "b": dict(b.provenance)}


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


def _plain(alignment: Alignment) -> dict[str, Any]:
    """Return an alignment as plain JSON values."""
    return {name: _listed(value) for name, value in asdict(alignment).items()}


def _listed(value: Any) -> Any:
    return [_listed(one) for one in value] if isinstance(value, tuple) else value


def _notes(a: Run, b: Run) -> Iterator[str]:
    """Yield the notes of both, and of one of them with its letter."""
    for name, own, other in (("A", a.notes, b.notes), ("B", b.notes, a.notes)):
        yield from (note if note in other else f"{name}: {note}" for note in own)
