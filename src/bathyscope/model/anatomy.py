"""Where the parts of a causal language model are, found by structure and verified by number.

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

from bathyscope.core.errors import ModelError
from bathyscope.model.head_passage import measured_passage
from bathyscope.model.products import forward_only, linear, linear_into


@dataclass(frozen=True)
class Anatomy:
    """The parts of a causal language model.

    Attributes:
        embed_tokens: Token embedding.
        layers: The blocks of the residual stream, first to last.
        final_norm: What the model applies after its last layer, in order; empty where nothing.
        lm_head: The unembedding.
        rescale: What the model does to the logits after the unembedding (softcapping, scaling).
        rescaling: What it does around the unembedding, in words.
        head_factor: What it multiplies a normed state by before the unembedding.
    """

    embed_tokens: nn.Module
    layers: tuple[nn.Module, ...]
    final_norm: tuple[nn.Module, ...]
    lm_head: nn.Module
    rescale: Callable[[Tensor], Tensor]
    rescaling: str
    head_factor: float = 1.0

    @property
    def num_layers(self) -> int:
        """Number of layers, the embedding not counted."""
        return len(self.layers)

    def normed(self, hidden_states: Tensor) -> Tensor:
        """Return what goes into the unembedding: the final norm of states, and the factor after.

        Shape (..., hidden_size).
        """
        for module in self.final_norm:
            hidden_states = module(hidden_states)
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

    def _scaled(self, states: Tensor) -> Tensor:
        return states if self.head_factor == 1 else states * self.head_factor

    def unembedded(self, states: Tensor) -> Tensor:
        """Return the logits, shape (..., vocab_size), of states that are normed as wanted."""
        logits: Tensor = self.lm_head(states)
        return self.rescale(logits)

    def project(self, states: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the logits before `rescale` of states (rows, hidden_size).

        Args:
            states: Normed as wanted.
            out: Where to write them if there is a `linear_head`, shape (at least rows,
                vocab_size): fresh memory of that size costs half of the product.
        """
        head = self.linear_head
        if head is None:
            logits: Tensor = self.lm_head(states)
            return logits
        bias: Tensor | None = head.bias
        if out is None:
            return linear(states, head.weight, bias)
        filled = out[: len(states)]
        linear_into(states, head.weight, bias, filled)
        return filled

    @property
    def linear_head(self) -> nn.Linear | None:
        """The unembedding where it is a plain matrix, nothing derived from it; else None."""
        head: Any = self.lm_head
        plain = type(head) is nn.Linear and not head.weight.is_meta and not _is_hooked(head)
        return head if plain else None

    @contextmanager
    def recording(self, positions: Tensor) -> Iterator[list[Tensor]]:
        """Record the residual stream of one sequence at some positions while the model runs.

        Args:
            positions: Positions to keep, shape (T,).

        Yields:
            A list that fills with one tensor (T, hidden_size) per layer, first to last.
        """
        states: list[Tensor] = []

        def keep(module: nn.Module, inputs: Any, output: Any) -> None:
            states.append(_stream(output)[0, positions])

        with _hooks([layer.register_forward_hook(keep) for layer in self.layers]):
            yield states

    @contextmanager
    def recording_last(self) -> Iterator[list[Tensor]]:
        """Record the residual stream at the last position of every sequence of a batch.

        Yields:
            A list that fills with one tensor (batch, hidden_size) per layer, first to last.
        """
        states: list[Tensor] = []

        def keep(module: nn.Module, inputs: Any, output: Any) -> None:
            states.append(_stream(output)[:, -1])

        with _hooks([layer.register_forward_hook(keep) for layer in self.layers]):
            yield states

    @contextmanager
    def states_at(self, places: Tensor) -> Iterator[list[Tensor]]:
        """Keep the final, normed states at some places while the model runs, and skip the rest.

        The model then computes logits of a single position only, which nobody reads.

        Args:
            places: Rows of the batch and positions in them, shape (n, 2).

        Yields:
            A list that comes to hold one tensor (n, hidden_size).
        """
        kept: list[Tensor] = []

        def select(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            states, *rest = inputs
            kept.append(states[places[:, 0], places[:, 1]])
            return (states[:1, :1], *rest)

        with _hooks([self.lm_head.register_forward_pre_hook(select)]):
            yield kept


def find_anatomy(model: Any) -> Anatomy:
    """Find the parts of a transformers causal language model and verify them by number.

    Raises:
        ModelError: A part is not found, the model's logits do not follow from its last hidden
            state by the route found, or a later token changes an earlier prediction.
    """
    name = type(model).__name__
    embed_tokens, lm_head = model.get_input_embeddings(), model.get_output_embeddings()
    if embed_tokens is None or lm_head is None:
        raise ModelError(
            f"{name} names no input embedding or no unembedding (get_input_embeddings, "
            "get_output_embeddings); bathyscope needs a causal language model with both."
        )
    layers, siblings = _layers(model)
    probe = _Probe(model, layers, siblings, lm_head)
    last_state = _last_state(name, layers, probe, lm_head)
    final_norm = probe.after_last_layer
    passage = measured_passage(
        model, lambda: logits_of(model, probe.input_ids), (*layers, *final_norm)[-1], lm_head
    )
    anatomy = Anatomy(
        embed_tokens, layers, final_norm, lm_head, passage.rescale, passage.words, passage.factor
    )
    _verify_routes(name, anatomy, model, probe, last_state)
    _verify_causality(name, model, probe)
    return anatomy


def _layers(model: nn.Module) -> tuple[tuple[nn.Module, ...], tuple[nn.Module, ...]]:
    """Return the layers, and the modules that stand beside their list."""
    config = model.config.get_text_config()  # type: ignore[operator, union-attr]
    expected = config.num_hidden_layers
    found = [
        (path.count("."), path)
        for path, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == expected
    ]
    if not found:
        raise ModelError(
            f"{type(model).__name__} has no list of {expected} modules, which its configuration "
            "names as the number of layers (num_hidden_layers); bathyscope cannot find its layers."
        )
    path = min(found)[1]  # experts and heads come in lists too, but deeper inside
    parent = model.get_submodule(path.rpartition(".")[0])
    layers = model.get_submodule(path)
    return tuple(layers.children()), tuple(m for m in parent.children() if m is not layers)


class _Probe:
    """One pass over a few tokens that sees which modules run after the last layer, and on what."""

    def __init__(
        self,
        model: Any,
        layers: tuple[nn.Module, ...],
        siblings: tuple[nn.Module, ...],
        lm_head: nn.Module,
    ) -> None:
        self.input_ids = _probe_ids(model)
        self.after_last_layer: tuple[nn.Module, ...] = ()
        self.last_state: Tensor | None = None
        self.unembedded = False

        def last_layer(module: nn.Module, inputs: Any, output: Any) -> None:
            self.last_state, self.after_last_layer = _stream(output), ()

        def beside(module: nn.Module, inputs: Any, output: Any) -> None:
            if self.last_state is not None and not self.unembedded:
                self.after_last_layer += (module,)

        def head(module: nn.Module, inputs: Any, output: Any) -> None:
            self.unembedded = True

        handles = [
            layers[-1].register_forward_hook(last_layer),
            lm_head.register_forward_hook(head),
        ]
        handles += [s.register_forward_hook(beside) for s in siblings if s is not lm_head]
        with _hooks(handles):
            self.logits = logits_of(model, self.input_ids)


def _last_state(
    name: str, layers: tuple[nn.Module, ...], probe: _Probe, lm_head: nn.Module
) -> Tensor:
    """Return what the last layer left in the probe's pass; refuse a model that does not call it."""
    if probe.last_state is None or not probe.unembedded:
        raise ModelError(
            f"{name} computes its logits without calling its last layer "
            f"({type(layers[-1]).__name__}) or its unembedding ({type(lm_head).__name__}) as a "
            "module, so bathyscope cannot read them."
        )
    return probe.last_state


def _verify_routes(
    name: str, anatomy: Anatomy, model: Any, probe: _Probe, last_state: Tensor
) -> None:
    """Refuse a model whose own logits do not come out of every route by which numbers are read.

    Depth norms recorded states and multiplies by the matrix of the unembedding; attribution,
    gradients, streams and Think@n keep what arrives at the unembedding and run it themselves.
    """
    norm = " then ".join(type(module).__name__ for module in anatomy.final_norm) or "no final norm"
    route = (
        f"{anatomy.num_layers} layers of {type(anatomy.layers[0]).__name__}, {norm}, "
        f"{type(anatomy.lm_head).__name__} as unembedding, {anatomy.rescaling}"
    )
    theirs = probe.logits[0].float()
    places = torch.tensor([(0, i) for i in range(len(theirs))], device=theirs.device)
    with forward_only():
        states = anatomy.normed(last_state)
        with anatomy.states_at(places) as kept:
            logits_of(model, probe.input_ids)
        ours = [
            anatomy.unembedded(states)[0],
            anatomy.rescale(anatomy.project(states[0])),
            anatomy.unembedded(kept[0]),
        ]
    for logits in ours:
        if logits.shape != theirs.shape:
            difference = f"shape {tuple(logits.shape)} instead of {tuple(theirs.shape)}"
        elif (error := float((logits.float() - theirs).abs().max())) > rounding(probe.logits) / 4:
            difference = f"largest difference {error:.3g}"
        else:
            continue
        raise ModelError(
            f"The logits of {name} do not follow from its last hidden state by the route that "
            f"bathyscope found ({route}): {difference}. Reading its layers that way would be wrong."
        )


def _verify_causality(name: str, model: Any, probe: _Probe) -> None:
    """Refuse a model in which a later token changes an earlier prediction (BERT and its kin)."""
    changed = probe.input_ids.clone()
    changed[0, -1] = changed[0, 0]
    error = float((logits_of(model, changed) - probe.logits)[:, :-1].float().abs().max())
    if not error <= rounding(probe.logits):
        raise ModelError(
            f"{name} is not a causal language model: changing the last token changed the "
            f"predictions before it (by {error:.3g}). Choose a model that reads left to right."
        )


def logits_of(model: Any, input_ids: Tensor) -> Tensor:
    """Return the model's own logits, shape (batch, positions, vocab_size), without a cache.

    No attention mask is passed: in a causal model, padding on the right is in the future of
    every token that counts.
    """
    with forward_only():
        logits: Tensor = model(input_ids=input_ids, use_cache=False, return_dict=True).logits
    return logits


def _probe_ids(model: Any) -> Tensor:
    """Return a few different token ids, shape (1, 5), on the model's device."""
    vocab_size = model.get_input_embeddings().weight.shape[0]
    ids = [(7919 * (i + 1)) % vocab_size for i in range(5)]
    return torch.tensor([ids], device=model.device)


def as_float(logits: Tensor) -> Tensor:
    """Return logits in at least float32, in which probabilities are computed."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def rounding(logits: Tensor) -> float:
    """Return how far two computations of the same logits may be apart by rounding alone."""
    scale = max(1.0, float(logits.float().abs().max()))
    return 32 * torch.finfo(logits.dtype).eps * scale


def _is_hooked(module: nn.Module) -> bool:
    """Tell whether calling a module does more than its class says."""
    hooks = (module._forward_hooks, module._forward_pre_hooks)
    return "forward" in vars(module) or any(map(bool, hooks))


def _stream(output: Any) -> Tensor:
    """Return the residual stream from what a layer returns: a tensor, or a tuple led by it."""
    stream: Tensor = output[0] if isinstance(output, tuple) else output
    return stream


@contextmanager
def _hooks(handles: list[Any]) -> Iterator[None]:
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
