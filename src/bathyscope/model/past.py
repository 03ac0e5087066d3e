"""The cache of a model under the name that the model itself gives it."""

import inspect
from typing import Any

# transformers renames `past_key_values` to `cache` in the course of its fifth version; models of
# running states alone have called theirs `cache_params`.
_NAMES = ("cache_params", "cache")
_USUAL = "past_key_values"


def cache_name(model: Any) -> str:
    """Return the argument by which a transformers model takes its cache."""
    known = inspect.signature(model.forward).parameters
    return next((name for name in _NAMES if name in known), _USUAL)


def cache_of(model: Any, output: Any) -> Any:
    """Return the cache in what a model gave back; None where there is none."""
    names = (cache_name(model), _USUAL)
    return next((output[name] for name in names if output.get(name) is not None), None)
