"""Surroundings of every pass of a model: its mode, and whether numbers go in and come out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import InputError, ModelError


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Have every module in evaluation mode and run, and afterwards as it was."""
    trained = [module for module in model.modules() if module.training]
    for module in trained:
        module.training = False
    try:
        with _experts_that_run(model):
            yield
    finally:
        for module in trained:
            module.training = True


@contextmanager
def _experts_that_run(model: Any) -> Iterator[None]:
    """Have experts computed one by one in float64, for which their joint product is not written."""
    given: dict[int, tuple[Any, Any]] = {}
    for module in model.modules() if model.dtype == torch.float64 else ():
        config: Any = getattr(module, "config", None)
        if getattr(config, "_experts_implementation", None) is not None:
            given[id(config)] = config, config._experts_implementation
    for config, _ in given.values():
        config._experts_implementation = "eager"
    try:
        yield
    finally:
        for config, own in given.values():
            config._experts_implementation = own


def require_numbers(values: Tensor, model: Any) -> None:
    """Refuse what came out of a pass where it is no number.

    Raises:
        ModelError: Some value is NaN, as where half precision overflows.
    """
    if not bool(values.isnan().any()):
        return
    dtype = str(model.dtype).removeprefix("torch.")
    advice = "its weights may be damaged"
    if model.dtype == torch.float16:
        advice = "float16 ends at 65,504; choose --dtype float32 or bfloat16"
    raise ModelError(
        f"{type(model).__name__} computes something that is no number in {dtype}: {advice}."
    )


def require_rows(model: Any, highest: int) -> None:
    """Refuse token ids of which the highest is beyond the embedding.

    Raises:
        InputError: There is one.
    """
    rows = len(model.get_input_embeddings().weight)
    if highest >= rows:
        raise InputError(
            f"The tokenizer makes a token with the id {highest}, but the model's embedding has "
            f"{rows} rows; take the tokenizer that belongs to the model, or leave that token out "
            "of the text."
        )
