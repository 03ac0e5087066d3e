"""Anatomy of a causal language model: its layers, found by structure and verified by number.

No table of families: the layers are the list of modules as long as the configuration says, the
final norm is what the model runs between its last layer and its unembedding, and the result counts
only if the model's own logits follow from its last hidden state by this route.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from bathyscope.core.errors import ModelError, first_sentence
from bathyscope.model.foreign import text_config
from bathyscope.model.head import Head
from bathyscope.model.head_passage import measured_factor
from bathyscope.model.hooks import hooked
from bathyscope.model.logits import difference, logits_of, probe_ids, rounding
from bathyscope.model.verdicts import Verdicts


@dataclass(frozen=True)
class Anatomy(Head):
    """The parts of a causal language model between which its residual stream can be read.

    Attributes:
        layers: The blocks of the residual stream, first to last.
        final_norm: What the model applies after its last layer, in order; empty where nothing.
        head_factor: What the model multiplies a normed state by before the unembedding; part of
            `rescaling` in words.
    """

    layers: tuple[nn.Module, ...]
    final_norm: tuple[nn.Module, ...]
    head_factor: float = 1.0

    @property
    def num_layers(self) -> int:
        """Number of layers, the embedding not counted."""
        return len(self.layers)

    def normed(self, hidden_states: Tensor) -> Tensor:
        """Return what goes into the unembedding: the final norm of states, and the factor after.

        Shape (..., hidden_size); float32 states of a model in half precision stay float32.
        """
        for module in self.final_norm:
            hidden_states = _as_wide(module, hidden_states)
        return self._scaled(hidden_states)

    def projected(self, states: Tensor) -> Tensor:
        """Return states of the residual stream in the width of the unembedding, no norm applied.

        Where a family projects its last state down before the unembedding (OPT), or multiplies it
        by a number (MiniCPM3), that is a factor of W_U; elsewhere the states are returned as they
        are.
        """
        for module in self.final_norm:
            if isinstance(module, nn.Linear):
                states = module(states)
        return self._scaled(states)

    @property
    def takes_wide(self) -> bool:
        """Whether states in float32 are rounded nowhere between the last layer and the logits."""
        weights = (one for module in self.final_norm for one in module.parameters())
        return super().takes_wide and not any(weight.is_meta for weight in weights)

    def _scaled(self, states: Tensor) -> Tensor:
        return states if self.head_factor == 1 else states * self.head_factor

    @contextmanager
    def recording(self, positions: Tensor, rows: Tensor | None = None) -> Iterator[list[Tensor]]:
        """Record the residual stream at some positions while the model runs.

        Args:
            positions: Positions to keep, shape (T,).
            rows: Rows of the batch in which they are, (T,); None where there is one sequence.

        Yields:
            A list that fills with one tensor (T, hidden_size) per layer, first to last.
        """
        states: list[Tensor] = []

        def keep(module: nn.Module, inputs: Any, output: Any) -> None:
            stream = residual_stream_of(output)
            where = positions.to(stream.device)
            kept = stream[0, where] if rows is None else stream[rows.to(stream.device), where]
            states.append(kept.to(self.device))

        with hooked(*(layer.register_forward_hook(keep) for layer in self.layers)):
            yield states

    @contextmanager
    def recording_last(self) -> Iterator[list[Tensor]]:
        """Record the residual stream at the last position of every sequence of a batch.

        Yields:
            A list that fills with one tensor (batch, hidden_size) per layer, first to last.
        """
        states: list[Tensor] = []

        def keep(module: nn.Module, inputs: Any, output: Any) -> None:
            states.append(residual_stream_of(output)[:, -1].to(self.device))

        with hooked(*(layer.register_forward_hook(keep) for layer in self.layers)):
            yield states


def find_anatomy(model: Any, head: Head, verdicts: Verdicts | None = None) -> Anatomy:
    """Find the layers of a transformers causal language model and verify them by number.

    Args:
        model: The transformers model.
        head: Its ends.
        verdicts: Where the result of the verification is kept, if anywhere.

    Raises:
        ModelError: They are not found, pass on more than one residual stream, or the model's logits
            do not follow from its last hidden state by the route found.
    """
    found = (verdicts or Verdicts(model)).of("anatomy", lambda: _verified(model, head))
    layers = tuple(model.get_submodule(found["layers"]).children())
    norms = tuple(model.get_submodule(path) for path in found["final_norm"])
    return _anatomy(head, layers, norms, found["factor"])


def _anatomy(
    head: Head, layers: tuple[nn.Module, ...], final_norm: tuple[nn.Module, ...], factor: float
) -> Anatomy:
    words = "" if factor == 1 else f"states multiplied by {factor:.6g}, "
    return Anatomy(
        head.embed_tokens,
        head.lm_head,
        head.rescale,
        words + head.rescaling,
        layers,
        final_norm,
        factor,
    )


def _verified(model: Any, head: Head) -> dict[str, Any]:
    """Return the paths of layers and final norm and the factor, where all the rest is right."""
    lists = _layer_lists(model)
    logits, calls = _observed(model, head, lists)
    ran = {call.module for call in calls}
    path = next((path for path, layers in lists.items() if layers[-1] in ran), None)
    if path is None:
        raise ModelError(
            f"{type(model).__name__} computes its logits without calling the last of its layers "
            f"({', '.join(lists)}), or its unembedding, as a module, so they cannot be read."
        )
    layers = lists[path]
    last_state = _require_one_stream(model, layers, calls)
    final_norm = _after(layers[-1], _beside(model, path), calls)
    before = (*layers, *final_norm)[-1]
    factor = measured_factor(
        model, lambda: logits_of(model, probe_ids(model)), before, head.lm_head
    )
    _verify_route(model, _anatomy(head, layers, final_norm, factor), last_state, logits)
    paths = {module: path for path, module in model.named_modules()}
    return {"layers": path, "final_norm": [paths[one] for one in final_norm], "factor": factor}


def _layer_lists(model: nn.Module) -> dict[str, tuple[nn.Module, ...]]:
    """Return the lists of modules that may be the layers, by their paths, the shallowest first."""
    expected = getattr(text_config(model), "num_hidden_layers", None)
    found = {
        path: tuple(module.children())
        for path, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == expected
    }
    if not found:
        raise ModelError(
            f"{type(model).__name__} has no list of {expected} modules, which its configuration "
            "names as the number of layers (num_hidden_layers); bathyscope cannot find its layers."
        )
    # Experts and heads come in lists too, but deeper inside.
    return {path: found[path] for path in sorted(found, key=lambda path: (path.count("."), path))}


@dataclass(frozen=True)
class _Call:
    """A module that ran before the unembedding did, and what it returned."""

    module: nn.Module
    output: Any


def _observed(
    model: Any, head: Head, lists: dict[str, tuple[nn.Module, ...]]
) -> tuple[Tensor, list[_Call]]:
    """Return the logits of a pass over a few tokens, and what ran on the way to the unembedding.

    Seen are the modules of the lists, and those that stand beside the lists.
    """
    calls: list[_Call] = []
    before_head: list[_Call] = []

    def keep(module: nn.Module, inputs: Any, output: Any) -> None:
        calls.append(_Call(module, output))

    def arrive(module: nn.Module, inputs: Any) -> None:
        before_head[:] = calls

    watched = {m for path, layers in lists.items() for m in (*layers, *_beside(model, path))}
    handles = [m.register_forward_hook(keep) for m in watched if m is not head.lm_head]
    with hooked(*handles, head.lm_head.register_forward_pre_hook(arrive)):
        logits = logits_of(model, probe_ids(model))
    return logits, before_head


def _beside(model: nn.Module, path: str) -> tuple[nn.Module, ...]:
    """Return the modules that stand beside a list of layers."""
    layers, parent = model.get_submodule(path), model.get_submodule(path.rpartition(".")[0])
    return tuple(module for module in parent.children() if module is not layers)


def _after(
    last: nn.Module, beside: tuple[nn.Module, ...], calls: list[_Call]
) -> tuple[nn.Module, ...]:
    """Return which modules ran after the last layer, in order."""
    modules = [call.module for call in calls]
    return tuple(m for m in modules[modules.index(last) + 1 :] if m in beside)


def _require_one_stream(model: Any, layers: tuple[nn.Module, ...], calls: list[_Call]) -> Tensor:
    """Return the last layer's state; refuse layers that do not pass one stream along, in order."""
    name = type(model).__name__
    ran = [call for call in calls if call.module in layers]
    if [call.module for call in ran] != list(layers):
        raise ModelError(
            f"{name} does not run each of its {len(layers)} layers once and in order, so a map "
            "with one row for each of them would mean nothing."
        )
    states = [residual_stream_of(call.output) for call in ran]
    shape = (*probe_ids(model).shape, getattr(text_config(model), "hidden_size", None))
    other = next((s for s in states if not isinstance(s, Tensor) or s.shape != shape), None)
    if other is not None:
        came = f"shape {tuple(other.shape)}" if isinstance(other, Tensor) else type(other).__name__
        raise ModelError(
            f"The layers of {name} do not pass on one residual stream of shape {shape} but {came}; "
            "what a layer would say is not defined for several streams."
        )
    last: Tensor = states[-1]
    return last


def _verify_route(model: Any, anatomy: Anatomy, last_state: Tensor, logits: Tensor) -> None:
    """Refuse a model whose logits do not come out of both products by which layers are read."""
    name = type(model).__name__
    norm = " then ".join(type(module).__name__ for module in anatomy.final_norm) or "no final norm"
    route = (
        f"{anatomy.num_layers} layers of {type(anatomy.layers[0]).__name__}, {norm}, "
        f"{type(anatomy.lm_head).__name__} as unembedding, {anatomy.rescaling}"
    )

    def product(states: Tensor) -> Tensor:
        return anatomy.rescale(anatomy.project(states[0]))[None]

    for unembed in (anatomy.unembedded, product):
        wrong = _wrong(unembed, anatomy, last_state, logits)
        if wrong is not None:
            raise ModelError(
                f"The logits of {name} do not follow from its last hidden state by the route that "
                f"bathyscope found ({route}): {wrong}. Reading its layers that way would be wrong."
            )


def _wrong(
    unembed: Callable[[Tensor], Tensor], anatomy: Anatomy, last_state: Tensor, logits: Tensor
) -> str | None:
    """Return what is wrong with a way from the last state to the logits; None where nothing is."""
    try:
        with torch.inference_mode():
            ours = unembed(anatomy.normed(last_state))
    except Exception as error:  # foreign modules, called without what the model gives them beside
        return f"{type(error).__name__}: {first_sentence(error)}"
    return difference(ours, logits, rounding(logits) / 4)


def _as_wide(module: nn.Module, states: Tensor) -> Tensor:
    """Return what a module makes of states, its weights made as wide where these are wider."""
    narrow = {
        name: weight.to(states.dtype)
        for name, weight in module.named_parameters()
        if weight.is_floating_point()
        and torch.promote_types(weight.dtype, states.dtype) != weight.dtype
    }
    found: Tensor = functional_call(module, narrow, (states,)) if narrow else module(states)
    return found


def residual_stream_of(output: Any) -> Any:
    """Return the residual stream from what a layer returns: a tensor, or a sequence led by it."""
    return output if isinstance(output, Tensor) else output[0]


def with_residual_stream(output: Any, stream: Tensor) -> Any:
    """Return what a layer returns with another residual stream in its place."""
    if isinstance(output, Tensor):
        return stream
    return [stream, *output[1:]] if isinstance(output, list) else (stream, *output[1:])
