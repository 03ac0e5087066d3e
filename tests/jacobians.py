"""The Jacobian lens by torch.func.jacrev and by differences: nothing of bathyscope's in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from tests.brute_force import Values, blocks


def jacobian(model: Any, ids: tuple[int, ...], layer: int, first: int = 16) -> Values:
    """Return the Jacobian lens of one passage for a layer from 1, by torch.func.jacrev.

    Everything that a shift of the layer's states at all positions that count does to the sum of
    the last layer's states at them, by their number.
    """
    shifted = torch.func.jacrev(lambda shift: _last_states(model, ids, layer, first, shift))
    count = len(ids) - 1 - first
    with frozen(model):
        found = shifted(torch.zeros(model.config.hidden_size, dtype=model.dtype)) / count
    return np.asarray(found.detach().double().numpy())


def jacobian_by_differences(
    model: Any, ids: tuple[int, ...], layer: int, size: float, first: int = 16
) -> Values:
    """Return the same by central differences."""
    columns = []
    with torch.no_grad():
        for unit in torch.eye(model.config.hidden_size, dtype=model.dtype):
            up, down = (
                _last_states(model, ids, layer, first, sign * size * unit) for sign in (1, -1)
            )
            columns.append(((up - down) / (2 * size)).double().numpy())
    return np.stack(columns, axis=1) / (len(ids) - 1 - first)


def _last_states(
    model: Any, ids: tuple[int, ...], layer: int, first: int, shift: torch.Tensor
) -> torch.Tensor:
    """Return Σ h_L over the positions that count, where h_l was shifted at all of them."""
    layers = blocks(model)
    counts = torch.zeros(len(ids), 1, dtype=model.dtype)
    counts[first : len(ids) - 1] = 1
    last: list[torch.Tensor] = []

    def move(module: Any, inputs: Any, output: Any) -> Any:
        if isinstance(output, torch.Tensor):
            return output + counts * shift
        return (output[0] + counts * shift, *output[1:])

    def keep(module: Any, inputs: Any, output: Any) -> None:
        last.append(output if isinstance(output, torch.Tensor) else output[0])

    hooks = [
        layers[layer - 1].register_forward_hook(move),
        layers[-1].register_forward_hook(keep),
    ]
    try:
        model(input_ids=torch.tensor([ids]), use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return (last[0][0] * counts).sum(0)


@contextmanager
def frozen(model: Any) -> Iterator[None]:
    """Have no weight keep a gradient."""
    for weight in model.parameters():
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in model.parameters():
            weight.requires_grad_(True)
