"""Objects of other libraries as maps, known by what they have: none of them is a dependency."""

from typing import Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, Heatmap
from bathyscope.tables.captum import captum_map, fields_of
from bathyscope.tables.frames import frame as from_frame
from bathyscope.tables.grid import NotATable, table_map


def from_object(thing: Any) -> Heatmap:
    """Return the map of a pandas DataFrame or of Captum's `LLMAttributionResult`.

    Raises:
        InputError: It is something else, or does not hold a rectangle of numbers.
    """
    kind = type(thing).__name__
    try:
        fields = fields_of(thing)
        if fields is not None:
            return captum_map(fields)
        if all(hasattr(thing, name) for name in ("index", "columns", "to_numpy")):
            return _frame(thing)
    except NotATable as error:
        raise InputError(f"The {kind} is no number table: {error}") from error
    raise InputError(
        f"A {kind} is no map; expected a run, a map, a file, a pandas DataFrame, or Captum's "
        "LLMAttributionResult."
    )


def _frame(frame: Any) -> Heatmap:
    """Return a DataFrame: its index labels the rows, or its first column where that holds texts."""
    cells = frame.to_numpy()
    columns = list(map(str, frame.columns))
    if cells.dtype != object:
        if cells.dtype.kind not in "fiu":
            raise NotATable(f"its cells are of type {cells.dtype}, not numbers.")
        rows = Axis(str(frame.index.name or "row"), tuple(map(str, frame.index)))
        return table_map(cells.astype(np.float64), rows, Axis("column", tuple(columns)))
    missing = frame.isna().to_numpy()
    lines = [
        [None if absent else cell for cell, absent in zip(*pair, strict=True)]
        for pair in zip(cells, missing, strict=True)
    ]
    return from_frame(list(frame.index), columns, lines, str(frame.index.name or ""))
