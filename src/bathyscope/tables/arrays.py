"""NumPy's `.npz`: an array of values, and arrays of labels beside it."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from bathyscope.core.heatmap import Axis, Heatmap
from bathyscope.tables.captum import captum_map, is_captum
from bathyscope.tables.grid import NotATable, require_size, table_map

MAX_UNPACKED = 256 * 2**20
"""The most bytes that the arrays of a file may take when they are unpacked."""


def read_npz(content: bytes) -> Heatmap:
    """Return the map of an archive with `values`, and `rows` and `columns` where it has labels.

    The values are the array of that name, or the only one with two dimensions. Without labels
    positions are counted from 1. The fields of a Captum result are taken as what they are.

    Raises:
        NotATable: It is damaged, too large, holds pickled objects, or no such arrays.
    """
    arrays = _unpacked(content)
    if is_captum(arrays):
        return captum_map(arrays)
    values = _values(arrays)
    require_size(*values.shape)
    return table_map(
        values,
        _axis("row", arrays.get("rows"), values.shape[0]),
        _axis("column", arrays.get("columns"), values.shape[1]),
    )


def _unpacked(content: bytes) -> Mapping[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_UNPACKED:
            raise NotATable(
                f"its arrays take {size:,} bytes; at most {MAX_UNPACKED:,} are unpacked."
            )
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise NotATable(
                "it holds pickled objects, which are never read; save labels as np.array(labels, "
                "dtype=str)."
            ) from error
        raise NotATable(f"it is damaged ({error}).") from error
    except Exception as error:  # zipfile and zlib raise whatever they stumble over
        if isinstance(error, NotATable):
            raise
        raise NotATable(f"it is no .npz archive, or damaged ({error}).") from error


def _values(arrays: Mapping[str, Any]) -> Any:
    tables = [name for name, array in arrays.items() if array.ndim == 2]
    name = "values" if "values" in arrays else tables[0] if len(tables) == 1 else None
    if name is None:
        raise NotATable(
            f"expected an array `values`, or a single one with two dimensions; it has "
            f"{', '.join(arrays) or 'none'}."
        )
    values = arrays[name]
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise NotATable(
            f"{name!r} has shape {values.shape} and type {values.dtype}; expected rows × columns "
            "of real numbers."
        )
    return values.astype(np.float64)


def _axis(name: str, labels: Any, count: int) -> Axis:
    if labels is None:
        return Axis(name, tuple(str(position) for position in range(1, count + 1)))
    if labels.ndim != 1 or labels.dtype.kind not in "Ufiu":
        raise NotATable(f"the labels of its {name}s are no list of texts or numbers.")
    return Axis(name, tuple(map(str, labels.tolist())))
