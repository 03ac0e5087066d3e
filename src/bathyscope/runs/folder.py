"""Run folders: `run.json`, `arrays.safetensors`, `scores.csv`. Knows maps, not models."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.files.writing import sha256
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.noting import note
from bathyscope.runs.validation import arrays_digest, document_digest, parsed

SCHEMA = 1
"""Version of the document in `run.json`; `run.schema.json` in this package describes it."""

DOCUMENT, ARRAYS, SCORES = "run.json", "arrays.safetensors", "scores.csv"


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the digest of all that it says."""
    return {**document, "digest": document_digest(document)}


def write_run(
    folder: Path,
    document: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    heatmap: Heatmap,
    beside: Mapping[str, NDArray[Any]],
) -> None:
    """Write the three files of a run into an existing folder.

    Args:
        folder: Where to; make it with `core.files.new_folder`, so that it is never half-written.
        document: What `run.json` holds: plain JSON values, sealed.
        arrays: Named arrays for `arrays.safetensors`.
        heatmap: The map whose cells `scores.csv` lists, one a line.
        beside: By name what is listed beside each cell's value, of the map's shape; empty where it
            is NaN.
    """
    from safetensors.numpy import save

    try:
        with (folder / SCORES).open("w", encoding="utf-8", newline="") as file:
            _write_scores(csv.writer(file, lineterminator="\n"), heatmap, beside)
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        (folder / DOCUMENT).write_text(text, encoding="utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"The run holds {error.object[error.start]!a}, half of a character, which no file of "
            "texts can hold; take it out of its labels or its provenance."
        ) from error
    ours = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    digests = {
        DOCUMENT: document["digest"],
        ARRAYS: arrays_digest(arrays),
        SCORES: sha256(folder / SCORES),
    }
    (folder / ARRAYS).write_bytes(_ordered(save(ours, metadata=digests)))


def read_document(folder: Path) -> dict[str, Any]:
    """Return the document of a run folder.

    Raises:
        InputError: There is no run in the folder, it is damaged, or a newer bathyscope wrote it.
    """
    try:
        document = parsed((folder / DOCUMENT).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{folder} is not a run: its {DOCUMENT} cannot be read ({error.strerror})."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{folder / DOCUMENT} is damaged: it is not complete JSON, or not as it was written "
            f"({error})."
        ) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool):
        raise InputError(f"{folder / DOCUMENT} is not a bathyscope run: it names no schema.")
    if schema > SCHEMA:
        raise InputError(
            f"{folder} has schema {schema}, but this bathyscope reads up to {SCHEMA}; upgrade it."
        )
    return dict(document)


def require_untouched(document: Mapping[str, Any]) -> None:
    """Raise ValueError where a document is not the one that was sealed; earlier ones were not."""
    if document.get("digest", document_digest(document)) != document_digest(document):
        raise ValueError("something was changed after it was written: the digest is another")


def read_arrays(folder: Path, document: Mapping[str, Any]) -> dict[str, NDArray[Any]] | None:
    """Return the arrays of a run folder; None where their file is gone, which `run.json` survives.

    Raises:
        InputError: The file is damaged, or that of another document.
    """
    path = folder / ARRAYS
    if not path.exists():
        note(
            f"The run was opened without {ARRAYS}, which is not in its folder: what is shown is "
            f"{DOCUMENT}'s alone, and errors of sums cannot be computed from it."
        )
        return None
    arrays, said = _content(path)
    expected = {DOCUMENT: document_digest(document), ARRAYS: arrays_digest(arrays)}
    sealed = "digest" in document or not said.keys().isdisjoint(expected)
    if sealed and any(said.get(name) != digest for name, digest in expected.items()):
        raise InputError(
            f"its {ARRAYS} was changed or is another run's: the digests in it are not its own and "
            f"that of {DOCUMENT}; without the file the run opens from {DOCUMENT} alone."
        )
    return arrays


def require_same(stored: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]]) -> None:
    """Raise ValueError where the arrays of a run differ from what its document says.

    A document has null for what is not finite. Whatever is computed from other numbers may differ
    in its last digits from machine to machine, and is compared with them elsewhere.
    """
    if stored.keys() != expected.keys():
        names = sorted(stored.keys() ^ expected.keys())
        raise ValueError(f"{ARRAYS} and {DOCUMENT} do not hold the same: {', '.join(names)}")
    for name, array in expected.items():
        known = np.isfinite(array)
        same = stored[name].shape == array.shape and np.array_equal(
            np.isfinite(stored[name]), known
        )
        summed = name.rpartition(".")[2] == "gap"
        if not same or (not summed and (stored[name][known] != array[known]).any()):
            raise ValueError(f"{name!r} is not the same in {ARRAYS} and {DOCUMENT}")


def require_own_scores(path: Path) -> None:
    """Raise InputError for a `scores.csv` in a run folder that is not as the run wrote it."""
    folder = path.parent
    if path.name != SCORES or not all((folder / name).exists() for name in (DOCUMENT, ARRAYS)):
        return
    try:
        written = _content(folder / ARRAYS)[1].get(SCORES)
    except InputError as error:
        raise InputError(f"The run beside {path} is damaged: {error}") from error
    if written is not None and written != sha256(path):
        raise InputError(
            f"{path} is not as the run beside it was saved; give the run's folder, or copy the "
            "table out of it if it was changed on purpose."
        )


def _content(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Return the arrays of a file and what is said beside them."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            names = file.keys()  # not a dictionary: it cannot be walked over itself
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise InputError(f"its {ARRAYS} cannot be read ({error}).") from error


def _ordered(content: bytes) -> bytes:
    """Return a safetensors file with its metadata sorted: it comes in another order each time."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode().ljust(size)
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


def _write_scores(writer: Any, heatmap: Heatmap, beside: Mapping[str, NDArray[Any]]) -> None:
    writer.writerow(["row", "row_label", "column", "column_label", "value", *beside])
    for (row, column), value in np.ndenumerate(heatmap.values):
        labels = heatmap.rows.labels[row], heatmap.columns.labels[column]
        line = [row, labels[0], column, labels[1], repr(float(value))]
        for cells in beside.values():
            number = cells[row, column].item()
            line.append("" if np.isnan(number) else repr(number))
        writer.writerow(line)
