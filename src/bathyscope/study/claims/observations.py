"""Observations: what a claim looks at, one number each, before anything is averaged."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray
from bathyscope.study.claims.view import Values


@dataclass(frozen=True)
class Observations:
    """The observations of a claim.

    Attributes:
        values: The number of each, shape (n,); of a share 0 or 1.
        record: The record of each, an index.
        group: The group of each, objects; None where it is in none.
        is_share: Whether the values are flags.
        unit: Unit of the values.
        null: What the mean would be if there were nothing to the claim, of each; NaN if unknown.
        support: How much each speaks for the claim; negative speaks against it.
        excluded: Why others are left out, and how many.
        margin: For a claim about the largest: by how much, in `margin_unit`.
        margin_unit: Its unit.
    """

    values: FloatArray
    record: NDArray[np.int64]
    group: Values
    is_share: bool
    unit: str
    null: FloatArray
    support: FloatArray
    excluded: dict[str, int] = field(default_factory=dict)
    margin: FloatArray | None = None
    margin_unit: str = ""

    def only(self, which: NDArray[np.bool_]) -> "Observations":
        """Return some of them."""
        return Observations(
            self.values[which],
            self.record[which],
            self.group[which],
            self.is_share,
            self.unit,
            self.null[which],
            self.support[which],
            self.excluded,
            None if self.margin is None else self.margin[which],
            self.margin_unit,
        )


def group_name(value: object) -> str | None:
    """Return what a group of one value is called; None where the value is not known."""
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def natural(name: str) -> tuple[float, str]:
    """Return by what names of groups are put in order: numbers by size, before texts."""
    try:
        number = float(name)
    except ValueError:
        number = math.inf
    return math.inf if math.isnan(number) else number, name
