"""Jacobians of the last layer's states by those of the layers before, one passage at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import ModelError
from bathyscope.model.anatomy import residual_stream_of, with_residual_stream
from bathyscope.model.foreign import boundary, run
from bathyscope.model.forward import require_numbers
from bathyscope.model.gradients import frozen
from bathyscope.model.hooks import hooked
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.past import cache_name, cache_of, empty_cache
from bathyscope.model.prefix_tree import Ids

# Activations of all copies are kept for the way back: about 1.5 MB for each token of the bundled
# model. More rows at a time than these were not faster on two cores.
_TOKENS_ON_CPU, _TOKENS_ELSEWHERE = 512, 16384
# A copy's way forward costs more than one way back: on a processor each has to serve a few.
_ROWS_PER_COPY = 4


class PassageJacobian:
    """Products with the Jacobians of one passage, all layers at once.

    J_l[i, j] = (1/|V|) Σ_{t∈V} Σ_{t'∈V} ∂h_L[t', i] / ∂h_l[t, j]: h_L the output of the last layer,
    before the final norm, h_l that of layer l, V the positions that count. One forward pass of as
    many copies of the passage as go back at once serves all products.

    Attributes:
        num_layers: L.
        hidden_size: d.
    """

    def __init__(
        self, model: LanguageModel, ids: Sequence[int], first: int, most_rows: int
    ) -> None:
        """Run the passage forward.

        Args:
            model: The model; its weights are read only.
            ids: Token ids of the passage, T of them.
            first: V is {first … T − 2}, counted from 0.
            most_rows: Most products that will be asked for at once.

        Raises:
            ModelError: The model computes no numbers, or its layers pass no gradient on.
        """
        self.num_layers, self.hidden_size = model.num_layers, model.hidden_size
        self._model = model
        # What lies before V is not derived by, and nothing depends on the last token: where a model
        # was seen to go on from a cache as it reads in one piece, neither is in the graph.
        shared = model.may_continue_a_cache(len(ids))
        begin, end = (first, len(ids) - 1) if shared else (0, len(ids))
        cpu = model.model.device.type == "cpu"
        most = (_TOKENS_ON_CPU if cpu else _TOKENS_ELSEWHERE) // (end - begin)
        rows = -(-most_rows // _ROWS_PER_COPY) if cpu else most_rows
        self.copies = max(1, min(most, rows))
        self._valid = slice(first - begin, len(ids) - 1 - begin)
        self._states = _forward(model, tuple(ids[:end]), begin, self.copies)
        require_numbers(self._states[-1].detach(), model.model)

    def products(self, cotangents: Tensor) -> Tensor:
        """Return uᵀJ_l for each of some u.

        Args:
            cotangents: Shape (n, hidden_size).

        Returns:
            Shape (num_layers − 1, n, hidden_size), at least float32.
        """
        found = [
            self._back(cotangents[start : start + self.copies])
            for start in range(0, len(cotangents), self.copies)
        ]
        return torch.cat(found, dim=1)

    def _back(self, cotangents: Tensor) -> Tensor:
        *layers, last = self._states
        seed = torch.zeros_like(last)
        seed[: len(cotangents), self._valid] = cotangents[:, None].to(last)
        with boundary(self._model.model, "on its way back"):
            found = torch.autograd.grad(last, layers, seed, retain_graph=True)
        wide = torch.promote_types(last.dtype, torch.float32)
        # Layers of a model that is spread over several devices meet on that of the first.
        return torch.stack(
            [one[: len(cotangents), self._valid].to(found[0].device, wide).mean(1) for one in found]
        )


def _forward(model: LanguageModel, ids: Ids, begin: int, copies: int) -> list[Tensor]:
    """Return the residual stream after every layer, (copies, tokens, hidden_size), with its graph.

    Tokens are those from `begin` on; the graph begins at the first layer's output of them.
    """
    input_ids = torch.tensor([ids[begin:]] * copies, device=model.model.device)
    past = _past(model, ids[:begin], copies) if begin else {}
    with frozen(model.model), torch.enable_grad():
        with _tapped(model) as states, model.head.states_at(_nowhere(model)):
            run(model.model, input_ids=input_ids, use_cache=bool(past), **past)
    if len(states) != model.num_layers or not states[-1].requires_grad:
        raise ModelError(
            f"The layers of {type(model.model).__name__} pass no gradient on to the last one, so "
            "no Jacobian can be had of them; read the model through another lens."
        )
    return states


def _past(model: LanguageModel, ids: Ids, copies: int) -> dict[str, Any]:
    """Return the argument with which copies of a text go on after some tokens."""
    name = cache_name(model.model)
    input_ids = torch.tensor([ids], device=model.model.device)
    with torch.no_grad(), model.head.states_at(_nowhere(model)):
        begun: Any = {name: empty_cache(model.model)}
        cache = cache_of(run(model.model, input_ids=input_ids, use_cache=True, **begun))
    cache.batch_repeat_interleave(copies)
    return {name: cache}


def _nowhere(model: LanguageModel) -> Tensor:
    return torch.empty(0, 2, dtype=torch.long, device=model.model.device)


@contextmanager
def _tapped(model: LanguageModel) -> Iterator[list[Tensor]]:
    """Yield a list that fills with the stream after every layer, as parts of one graph.

    What the next layer is given is a copy: some change their input in place.
    """
    states: list[Tensor] = []

    def tap(module: torch.nn.Module, inputs: Any, output: Any) -> Any:
        stream = residual_stream_of(output)
        stream = stream if states else stream.detach().requires_grad_()
        states.append(stream)
        return with_residual_stream(output, stream.clone())

    with hooked(*(layer.register_forward_hook(tap) for layer in model.anatomy.layers)):
        yield states
