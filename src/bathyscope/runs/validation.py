"""Reading numbers back out of JSON: what has another form than was written is damage.

Everything here raises ValueError, KeyError or TypeError; `runs.kinds.open_run` says in which run.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bathyscope.core.heatmap import FloatArray

Said = dict[tuple[str, ...], Any]

_NUMBER = (int, float)
_MODEL: Said = {
    ("model", "name"): str,
    ("model", "dtype"): str,
    ("target",): str,
    ("generated",): bool,
}
_METHOD: Said = {("method", "name"): str, ("method", "baseline"): str, ("seed",): (int, type(None))}
_LAYERS: Said = {
    ("lens",): str,
    ("threshold",): _NUMBER,
    ("depth_fraction",): _NUMBER,
    ("deep_layer",): int,
}
_SAID: dict[str, Said] = {
    "attribution": _MODEL | _METHOD,
    "interactions": _MODEL | _METHOD,
    "depth": _MODEL | _LAYERS,
    "faithfulness": _MODEL | {("baseline",): str},
}


def floats(values: Any, *shape: int) -> FloatArray:
    """Return numbers as an array of a shape known beforehand; null is NaN."""
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"numbers of shape {shape} were expected, not {array.shape}")
    return array


def optional_floats(values: Any, *shape: int) -> FloatArray | None:
    """Return numbers as an array of a shape known beforehand; None where there are none."""
    return None if values is None else floats(values, *shape)


def bounds(values: Any, *shape: int) -> FloatArray | None:
    """Return bounds of a shape known beforehand, 0 or more; null is NaN, none where there are none.

    Runs of earlier versions have none.
    """
    found = optional_floats(values, *shape)
    if found is not None and (found < 0).any():
        raise ValueError("a bound is below 0")
    return found


def whole_number(value: Any) -> int | None:
    """Return a positive whole number; None where there is none."""
    if value is not None and (not isinstance(value, int) or value < 1):
        raise ValueError(f"a positive whole number was expected, not {value!r}")
    return value


def require_origin(kind: str, provenance: Mapping[str, Any]) -> None:
    """Check that a run says of itself what its captions and words repeat."""
    for path, kinds in _SAID.get(kind, {}).items():
        said: Any = provenance
        for name in path:
            said = said[name]
        if not isinstance(said, kinds):
            raise TypeError(f"{'.'.join(path)} is {said!r}")
