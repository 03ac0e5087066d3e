"""Arrays as text inside a page: byte planes, deflated, in base64; `assets/arrays.js` reads them."""

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT_CELLS = 65_536
"""Up to so many cells an array of float64 keeps all its digits; beyond it is rounded to float32."""

_NAMES = {"float64": "<f8", "float32": "<f4", "uint32": "<u4"}


def packed(values: NDArray[Any]) -> dict[str, Any]:
    """Return an array as plain JSON values: its type, its shape and its bytes.

    Float64 becomes float32 where that changes no value, or where there are more than
    `EXACT_CELLS` of them (relative error up to 6e-8); integers become uint32. The first byte of
    every number comes first, then every second byte, …: neighbours in a map differ least in their
    first bytes, which so compress well.
    """
    name = _type_of(values)
    numbers = np.ascontiguousarray(values, dtype=_NAMES[name])
    planes = numbers.reshape(-1, 1).view(np.uint8).T.tobytes()
    text = base64.b64encode(zlib.compress(planes, level=9)).decode("ascii")
    return {"type": name, "shape": list(values.shape), "planes": text}


def is_rounded(values: NDArray[Any]) -> bool:
    """Tell whether `packed` changes any value."""
    return _type_of(values) == "float32" and not _survives(values)


def _type_of(values: NDArray[Any]) -> str:
    if values.dtype.kind != "f":
        return "uint32"
    return "float32" if values.size > EXACT_CELLS or _survives(values) else "float64"


def _survives(values: NDArray[Any]) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.array_equal(values.astype(np.float32), values, equal_nan=True))
