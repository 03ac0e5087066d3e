"""Reading numbers back out of JSON: what has another form than was written is damage.

Everything here raises ValueError, KeyError or TypeError; `runs.opening.open_run` says in which run.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import LARGEST, FloatArray


def parsed(text: str) -> Any:
    """Return a JSON document in which every name stands once and every number is finite.

    Raises:
        ValueError, RecursionError: It is no JSON, or says something twice, or what no text or
            number is: half a surrogate pair, NaN, 1e999.
    """
    if re.search(r"\\u[dD][89a-fA-F]", text) is None:
        return _loaded(text)
    document = _loaded(text)
    json.dumps(document, ensure_ascii=False).encode("utf-8")  # raises for half a surrogate pair
    return document


def _loaded(text: str) -> Any:
    return json.loads(
        text, object_pairs_hook=_each_once, parse_constant=_no_number, parse_float=_finite
    )


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]} is too large")
    return number


def plain(value: Any, place: str) -> Any:
    """Return a value as plain JSON values: lists for tuples, numbers for NumPy's scalars.

    Raises:
        InputError: JSON cannot hold it; the sentence names what it is, and where.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {name: plain(one, f"{place}.{name}") for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one, f"{place}[{index}]") for index, one in enumerate(value)]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    shown = repr(value) if isinstance(value, float) else f"a {type(value).__name__}"
    raise InputError(
        f"{place} is {shown}, which a file of JSON cannot hold; give texts, finite numbers, lists "
        "and dictionaries with texts as keys."
    )


def document_digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document without its digest: keys sorted, no spaces, ASCII."""
    rest = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def arrays_digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 of named arrays: names, types, shapes, and numbers row by row."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name} {array.dtype.name} {array.shape}\n".encode())
        found.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return found.hexdigest()


def floats(values: Any, *shape: int) -> FloatArray:
    """Return numbers as an array of a shape known beforehand; null is NaN."""
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"numbers of shape {shape} were expected, not {array.shape}")
    largest = np.abs(array[np.isfinite(array)]).max(initial=0.0)
    if largest > LARGEST:
        raise ValueError(f"numbers up to {LARGEST:g} were expected, not {largest:g}")
    return array


def numbers_or_null(values: FloatArray) -> list[Any]:
    """Return an array as nested lists, with null for what is not finite: `floats` backwards."""
    numbers = values.astype(object)
    numbers[~np.isfinite(values)] = None
    nested: list[Any] = numbers.tolist()
    return nested


def optional_numbers(values: FloatArray | None) -> list[Any] | None:
    """Return the same; None where there are none: `optional_floats` backwards."""
    return None if values is None else numbers_or_null(values)


def optional_floats(values: Any, *shape: int) -> FloatArray | None:
    """Return numbers as an array of a shape known beforehand; None where there are none."""
    return None if values is None else floats(values, *shape)


def groups(values: Any, columns: int) -> NDArray[np.intp] | None:
    """Return the number of each column's group, from 0 without a gap; None where there are none."""
    if values is None:
        return None
    found = np.array(values)
    if found.shape != (columns,) or found.dtype.kind != "i":
        raise ValueError(f"the groups of {columns} columns were expected")
    if not np.array_equal(np.unique(found), np.arange(found.max() + 1)):
        raise ValueError("groups are numbered from 0, without a gap")
    return found.astype(np.intp)


def bounds(values: Any, *shape: int) -> FloatArray | None:
    """Return bounds of a shape known beforehand, 0 or more; null is NaN, none where there are none.

    Runs of earlier versions have none.
    """
    found = optional_floats(values, *shape)
    if found is not None and (found < 0).any():
        raise ValueError("a bound is below 0")
    return found
