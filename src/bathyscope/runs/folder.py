"""Run folders: `run.json`, `arrays.safetensors`, `scores.csv`. Knows maps, not models."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap

SCHEMA = 1
"""Version of the document in `run.json`; `run.schema.json` in this package describes it."""

DOCUMENT, ARRAYS, SCORES = "run.json", "arrays.safetensors", "scores.csv"


def document_head(kind: str, heatmap: Heatmap) -> dict[str, Any]:
    """Return what the documents of all kinds of runs begin with."""
    return {
        "schema": SCHEMA,
        "kind": kind,
        "heatmap": heatmap.to_document(),
        "provenance": dict(heatmap.provenance),
    }


def write_run(
    folder: Path,
    document: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    heatmap: Heatmap,
    standard_error: NDArray[np.float64] | None = None,
    unseen: NDArray[np.float64] | None = None,
) -> None:
    """Write the three files of a run into an existing folder.

    Args:
        folder: Where to; make it with `core.files.new_folder`, so that it is never half-written.
        document: What `run.json` holds: plain JSON values.
        arrays: Named arrays for `arrays.safetensors`.
        heatmap: The map whose cells `scores.csv` lists, one a line.
        standard_error: Of each cell, listed beside its value; None where there is none.
        unseen: The bound of each cell that was not seen to vary, likewise; empty where it was.
    """
    from safetensors.numpy import save

    (folder / DOCUMENT).write_text(
        json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )
    ours = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    (folder / ARRAYS).write_bytes(save(ours))
    with (folder / SCORES).open("w", encoding="utf-8", newline="") as file:
        beside = {"standard_error": standard_error, "unseen": unseen}
        given = {name: cells for name, cells in beside.items() if cells is not None}
        _write_scores(csv.writer(file, lineterminator="\n"), heatmap, given)


def read_document(folder: Path) -> dict[str, Any]:
    """Return the document of a run folder.

    Raises:
        InputError: There is no run in the folder, it is damaged, or a newer bathyscope wrote it.
    """
    try:
        document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{folder} is not a run: its {DOCUMENT} cannot be read ({error.strerror})."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{folder / DOCUMENT} is damaged: it is not complete JSON.") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, int):
        raise InputError(f"{folder / DOCUMENT} is not a bathyscope run: it names no schema.")
    if schema > SCHEMA:
        raise InputError(
            f"{folder} has schema {schema}, but this bathyscope reads up to {SCHEMA}; upgrade it."
        )
    return dict(document)


def read_arrays(folder: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a run folder; none where their file is gone, which `run.json` survives.

    Raises:
        InputError: The file is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not (folder / ARRAYS).exists():
        return {}
    try:
        return dict(load_file(folder / ARRAYS))
    except (SafetensorError, OSError) as error:
        raise InputError(f"{folder / ARRAYS} is damaged ({error}).") from error


def _write_scores(writer: Any, heatmap: Heatmap, beside: Mapping[str, NDArray[np.float64]]) -> None:
    writer.writerow(["row", "row_label", "column", "column_label", "value", *beside])
    for (row, column), value in np.ndenumerate(heatmap.values):
        labels = heatmap.rows.labels[row], heatmap.columns.labels[column]
        line = [row, labels[0], column, labels[1], repr(float(value))]
        for cells in beside.values():
            number = float(cells[row, column])
            line.append("" if np.isnan(number) else repr(number))
        writer.writerow(line)
