"""Sums of a map's rows and columns, and how sure they are."""

from dataclasses import dataclass

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import student_quantile
from bathyscope.core.uncertainty import half_width
from bathyscope.games.replicates import jackknife_error
from bathyscope.render.figure.canvas import LAYER
from bathyscope.render.look import Part
from bathyscope.runs.base import Run

_EXACT = 1e-6  # a margin below this share of the largest sum is rounding


@dataclass(frozen=True)
class Sums:
    """Sums of the cells that are shown.

    Attributes:
        of_rows: Over the columns, shape (rows,).
        of_columns: Over the rows, shape (columns,); of a comparison of two continuations None,
            its last row is the sum already.
        row_margin: Half the widths of the 95 % intervals; None if exact or not known.
        column_margin: The same of the columns.
        unsure: Whether the cells were sampled, and nothing says how sure their sums are.
    """

    of_rows: FloatArray
    of_columns: FloatArray | None
    row_margin: FloatArray | None = None
    column_margin: FloatArray | None = None
    unsure: bool = False

    @property
    def everything(self) -> float | None:
        """The sum of all; None where columns have none."""
        return None if self.of_columns is None else float(self.of_columns.sum())


def sums_of(run: Run, part: Part) -> Sums:
    """Return the sums of a part of a map.

    Errors of sums are those of replicates (`games.replicates`): the cells of a sampled map err
    together.

    Raises:
        InputError: The cells are nothing that adds up.
    """
    _require_addends(run)
    rows, columns = _slices(part)
    shown = run.heatmap.values[rows, columns]
    contrast = run.provenance.get("against") is not None
    of_columns = None if contrast else shown.sum(axis=0)
    if run.standard_error is None:
        return Sums(shown.sum(axis=1), of_columns)
    replicates = getattr(run, "replicates", None)
    if replicates is None:
        return Sums(shown.sum(axis=1), of_columns, unsure=True)
    again, size = replicates[:, rows, columns], float(np.abs(shown).sum())
    unseen = (
        np.zeros(shown.shape) if run.unseen is None else np.nan_to_num(run.unseen)[rows, columns]
    )
    of_rows = None if _complete(run, part) else _margin(again.sum(2), unseen.sum(1), size)
    if contrast:
        return Sums(shown.sum(axis=1), None, of_rows)
    whole = getattr(run, "whole_target_margin", None)
    if whole is None or len(part.rows) < len(run.heatmap.rows):
        return Sums(
            shown.sum(axis=1), of_columns, of_rows, _margin(again.sum(1), unseen.sum(0), size)
        )
    return Sums(shown.sum(axis=1), of_columns, of_rows, whole[columns])


def _complete(run: Run, part: Part) -> bool:
    """Tell whether rows are shown whole, and sum to what all columns together do: no sampling."""
    values, effect = run.heatmap.values, run.effect
    if effect is None or len(part.columns) < values.shape[1]:
        return False
    return bool(np.abs(values.sum(axis=1) - effect).max() <= _EXACT * np.abs(values).sum())


def _require_addends(run: Run) -> None:
    quantity = run.heatmap.quantity
    if run.kind == "interactions":
        raise InputError(
            "A map of interactions has each pair twice, so its sums mean nothing; leave out "
            "--totals."
        )
    if LAYER in (run.heatmap.rows.name, run.heatmap.columns.name) or quantity.neutral is None:
        raise InputError(
            f"Cells of {quantity.name} do not add up, so that rows and columns have no totals; "
            "leave out --totals."
        )


def _margin(replicates: FloatArray, unseen: FloatArray, size: float) -> FloatArray | None:
    """Return half the widths of the 95 % intervals of sums; None where they are exact."""
    interval = jackknife_error(replicates) * student_quantile(len(replicates) - 1)
    margin = half_width(interval, np.where(unseen > 0, unseen, np.nan))
    return margin if margin is not None and (margin > _EXACT * size).any() else None


def _slices(part: Part) -> tuple[slice, slice]:
    return slice(part.rows.start, part.rows.stop), slice(part.columns.start, part.columns.stop)
