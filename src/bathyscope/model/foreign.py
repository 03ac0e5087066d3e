"""A model's own code, run so that whatever it raises becomes one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from bathyscope.core.errors import BathyscopeError, ModelError, first_sentence
from bathyscope.model.forward import evaluating, require_rows
from bathyscope.model.products import fast_products


@contextmanager
def boundary(model: Any, where: str = "in its own forward pass") -> Iterator[None]:
    """Turn what a model's own code raises into one sentence.

    Args:
        model: The model.
        where: When it failed, in words.

    Raises:
        ModelError: The model raised an error of its own, which is named.
    """
    try:
        yield
    except BathyscopeError:
        raise
    except Exception as error:  # foreign code raises whatever it stumbles over
        raise ModelError(
            f"{type(model).__name__} fails {where} ({type(error).__name__}: "
            f"{first_sentence(error)}); try it with transformers alone, or choose another model."
        ) from error


def run(model: Any, *, checked: bool = False, **inputs: Any) -> Any:
    """Return what a transformers model makes of its inputs in evaluation mode.

    It is left in the mode it was in. Every pass of a model that is read or explained goes through
    here.

    Args:
        model: The model.
        checked: Whether the token ids are known to be rows of the embedding: to look waits for a
            device.
        inputs: Arguments of its forward pass.

    Raises:
        InputError: A token id is beyond the embedding.
        ModelError: It raised an error of its own, which is named.
    """
    if not checked and (input_ids := inputs.get("input_ids")) is not None and input_ids.numel():
        require_rows(model, int(input_ids.max()))
    with evaluating(model), boundary(model), fast_products(_device(model)):
        return model(**inputs, return_dict=True)


def _device(model: Any) -> torch.device:
    """Return where a model computes; one whose numbers are packed has no tensor to say it."""
    try:
        device: torch.device = model.device
    except StopIteration:
        return torch.device("cpu")
    return device


def text_config(model: Any) -> Any:
    """Return the part of a model's configuration that describes its language model.

    The model's own where that is not one part: models that write sound name several.
    """
    try:
        return model.config.get_text_config(decoder=True)
    except ValueError:
        return model.config


def end_of_text(model: Any) -> Any:
    """Return the id of the token that ends a text, a list of several, or None."""
    own = model.generation_config or text_config(model)
    return own.eos_token_id
