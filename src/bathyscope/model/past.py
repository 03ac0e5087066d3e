"""The cache of a model under the name that the model itself gives it."""

import inspect
from typing import Any

from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer

from bathyscope.model.foreign import text_config

# transformers renames `past_key_values` to `cache` in the course of its fifth version; models of
# running states alone have called theirs `cache_params`.
_NAMES = ("cache_params", "cache")
_USUAL = "past_key_values"


def cache_name(model: Any) -> str:
    """Return the argument by which a transformers model takes its cache."""
    known = inspect.signature(model.forward).parameters
    return next((name for name in _NAMES if name in known), _USUAL)


def cache_of(output: Any) -> Any:
    """Return the cache in what a model gave back; None where there is none."""
    names = (*_NAMES, _USUAL)
    return next((output[name] for name in names if output.get(name) is not None), None)


def empty_cache(model: Any) -> DynamicCache | None:
    """Return what a text that goes on begins with: a cache that keeps all, or None for its own.

    A model's own cache forgets what lies before a sliding window. Where the attention mask has no
    such window (Moshi), the model would then read on otherwise than it reads in one piece.
    """
    kinds = {type(layer) for layer in DynamicCache(config=text_config(model)).layers}
    forgets = DynamicSlidingWindowLayer in kinds
    return (
        DynamicCache() if forgets and kinds <= {DynamicLayer, DynamicSlidingWindowLayer} else None
    )
