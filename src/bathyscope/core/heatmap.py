"""The map itself: numbers, two axes and what the numbers mean. Knows nothing of models."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError

if TYPE_CHECKING:
    from pandas import DataFrame

LARGEST = 1e30
"""The largest finite value of a map: of larger ones sums, squares or float32 would overflow."""

FloatArray = NDArray[np.float64]
Span = tuple[int, int]


@dataclass(frozen=True)
class Quantity:
    """Quantity that a cell measures.

    Attributes:
        name: The quantity in words, e.g. "Jensen-Shannon divergence".
        unit: Its unit, e.g. "nats"; empty when unknown or none.
        bounds: Smallest and largest possible value, or None where there is no limit.
        neutral: The value that means "no effect", or None for a quantity without sign.
        legend: How a reader is to take the values; printed at the colour bar.
    """

    name: str
    unit: str = ""
    bounds: tuple[float, float] | None = None
    neutral: float | None = None
    legend: str = ""

    def __post_init__(self) -> None:
        """Check that bounds and neutral value are numbers that cells can be compared with."""
        low, high = self.bounds or (0.0, 0.0)
        numbers = (low, high, self.neutral or 0.0)
        if not low <= high or not all(abs(number) <= LARGEST for number in numbers):
            raise InputError(
                f"{self.name!r} has the bounds {self.bounds} and the neutral value {self.neutral}; "
                f"give numbers up to {LARGEST:g}, the smaller bound first."
            )

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "name": self.name,
            "unit": self.unit,
            "bounds": None if self.bounds is None else list(self.bounds),
            "neutral": self.neutral,
            "legend": self.legend,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Quantity":
        """Rebuild a quantity from `to_document`."""
        bounds = document["bounds"]
        return cls(
            name=_text(document["name"]),
            unit=_text(document["unit"]),
            bounds=None if bounds is None else (float(bounds[0]), float(bounds[1])),
            neutral=None if document["neutral"] is None else float(document["neutral"]),
            legend=_text(document["legend"]),
        )


@dataclass(frozen=True)
class Axis:
    """The labels along one side, by position: labels repeat, so they are never keys.

    Attributes:
        name: What the entries are, e.g. "target token", "feature", "layer".
        labels: Display text of each position, with visible marks for white space.
        ids: Token id of each position, or None where the entries are not tokens.
        spans: Character span (start, end) of each position in its text, or None.
    """

    name: str
    labels: tuple[str, ...]
    ids: tuple[int, ...] | None = None
    spans: tuple[Span, ...] | None = None

    def __post_init__(self) -> None:
        """Check that what is given per position is given for every position."""
        for field_name, given in (("ids", self.ids), ("spans", self.spans)):
            if given is not None and len(given) != len(self.labels):
                raise InputError(
                    f"The axis {self.name!r} has {len(self.labels)} labels but {len(given)} "
                    f"{field_name}; give one for each position."
                )

    def __len__(self) -> int:
        """Return the number of positions."""
        return len(self.labels)


@dataclass(frozen=True)
class Heatmap:
    """A validated, frozen map.

    Attributes:
        values: Float64 array of shape (rows, columns); not writable.
        rows: Axis of the first dimension.
        columns: Axis of the second dimension.
        quantity: What a cell measures.
        provenance: Everything needed to compute the map again; plain JSON values.
        in_words: Returns a map as Markdown; `page.notebook` puts it here, so that maps need not
            know of words. None where that module has not been imported.
    """

    in_words: ClassVar[Callable[[Any], str] | None] = None

    values: FloatArray
    rows: Axis
    columns: Axis
    quantity: Quantity
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the shape, the bounds, and freeze the numbers."""
        # One order in memory, so that sums over it give the same bits when it is read again.
        values = np.array(self.values, dtype=np.float64, order="C")
        expected = (len(self.rows), len(self.columns))
        if values.shape != expected:
            raise InputError(
                f"A map of {expected[0]} rows and {expected[1]} columns was expected, "
                f"but the values have shape {values.shape}."
            )
        if 0 in expected:
            raise InputError(f"A map needs at least one row and one column, not {expected}.")
        largest = np.abs(values[np.isfinite(values)]).max(initial=0.0)
        if largest > LARGEST:
            raise InputError(
                f"The values of {self.quantity.name!r} reach {largest:.3g}; at most {LARGEST:g} "
                "can be summed and drawn. Rescale them."
            )
        if self.quantity.bounds is not None:
            low, high = self.quantity.bounds
            outside = int(np.sum((values < low) | (values > high)))
            if outside:
                raise InputError(
                    f"{outside} values of {self.quantity.name!r} lie outside {low:g}..{high:g}."
                )
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    def __repr__(self) -> str:
        """Return shape and quantity, on one line."""
        rows, columns = self.values.shape
        name, unit = self.quantity.name, self.quantity.unit
        return f"<Heatmap: {rows} × {columns}, {f'{name} in {unit}' if unit else name}>"

    def _repr_markdown_(self) -> str | None:
        """Return what a notebook shows instead of the text of the object."""
        return None if Heatmap.in_words is None else Heatmap.in_words(self)

    def to_document(self) -> dict[str, Any]:
        """Return the map as plain JSON values (non-finite numbers as null), without provenance."""
        return {
            "values": [[number_or_null(value) for value in row] for row in self.values.tolist()],
            "rows": _axis_document(self.rows),
            "columns": _axis_document(self.columns),
            "quantity": self.quantity.to_document(),
        }

    def to_frame(self) -> "DataFrame":
        """Return the map as a pandas DataFrame: a line for each row, labels may repeat.

        Raises:
            InputError: pandas is not installed.
        """
        try:
            from pandas import DataFrame, Index
        except ImportError as error:
            raise InputError(
                "A DataFrame needs pandas, which is not installed; install it, or take the numbers "
                "from `values` and the labels from `rows` and `columns`."
            ) from error
        return DataFrame(
            self.values,
            index=Index(list(self.rows.labels), name=self.rows.name),
            columns=Index(list(self.columns.labels), name=self.columns.name),
        )

    @classmethod
    def from_document(cls, document: Mapping[str, Any], provenance: Mapping[str, Any]) -> "Heatmap":
        """Rebuild a map from `to_document` and its provenance."""
        return cls(
            values=np.array(
                [
                    [math.nan if value is None else value for value in row]
                    for row in document["values"]
                ],
                dtype=np.float64,
            ),
            rows=_axis_from_document(document["rows"]),
            columns=_axis_from_document(document["columns"]),
            quantity=Quantity.from_document(document["quantity"]),
            provenance=dict(provenance),
        )


def number_or_null(value: float) -> float | None:
    """Return a finite number as it is and anything else as None, which JSON can hold."""
    return value if math.isfinite(value) else None


def _axis_document(axis: Axis) -> dict[str, Any]:
    return {
        "name": axis.name,
        "labels": list(axis.labels),
        "ids": None if axis.ids is None else list(axis.ids),
        "spans": None if axis.spans is None else [list(span) for span in axis.spans],
    }


def _axis_from_document(document: Mapping[str, Any]) -> Axis:
    ids: Sequence[int] | None = document["ids"]
    spans: Sequence[Sequence[int]] | None = document["spans"]
    return Axis(
        name=_text(document["name"]),
        labels=tuple(map(_text, document["labels"])),
        ids=None if ids is None else tuple(map(int, ids)),
        spans=None if spans is None else tuple((int(start), int(end)) for start, end in spans),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {value!r}")
    return value
