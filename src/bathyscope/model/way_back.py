"""Weights that pass numbers on and no gradient back, found by trying."""

from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import ModelError
from bathyscope.model.foreign import run
from bathyscope.model.hooks import hooked


def require_way_back(model: Any, embeddings: Tensor) -> None:
    """Refuse a model whose packed weights pass numbers on and no gradient back.

    What is left would come back beside them, along the residual stream, and look like an answer.

    Args:
        model: The transformers model.
        embeddings: Some input, shape (1, tokens, hidden_size).

    Raises:
        ModelError: It has such weights.
    """
    stopped: list[str] = []

    def look(module: torch.nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        back = None
        if output.requires_grad:
            seed = torch.ones_like(output)
            (back,) = torch.autograd.grad(
                output, inputs[0], seed, retain_graph=True, allow_unused=True
            )
        if back is None:
            stopped.append(type(module).__name__)

    kinds = [
        module
        for module in model.modules()
        if isinstance(module, torch.nn.Linear)
        and (type(module) is not torch.nn.Linear or type(module.weight) is not torch.nn.Parameter)
    ]
    if not kinds:
        return
    handles = [module.register_forward_hook(look) for module in kinds]
    with hooked(*handles), torch.enable_grad():
        # What fails altogether is found where it is computed.
        with suppress(ModelError):
            run(model, inputs_embeds=embeddings.clone().requires_grad_(), use_cache=False)
    if stopped:
        raise ModelError(
            f"The packed weights of {type(model).__name__} ({stopped[0]}) give no gradient "
            "here, so what a gradient method would show is wrong; choose a method that leaves out "
            "text, or another --dtype."
        )
