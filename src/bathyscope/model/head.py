"""The two ends of a causal language model: its embedding, and its unembedding with what follows.

Whatever lies between them is the model's own affair: the states that it hands to its unembedding
are kept, and unembedded where their logits are wanted.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bathyscope.core.errors import ModelError
from bathyscope.model.forward import require_numbers
from bathyscope.model.head_passage import Rescaling, measured_rescaling
from bathyscope.model.hooks import hooked
from bathyscope.model.logits import difference, logits_of, probe_ids, rounding
from bathyscope.model.products import fast_products, linear, linear_into
from bathyscope.model.verdicts import Verdicts
from bathyscope.model.wide_products import wide_product_into

_HALVES = (torch.bfloat16, torch.float16)


@dataclass(frozen=True)
class Head:
    """The ends of a causal language model.

    Attributes:
        embed_tokens: Token embedding.
        lm_head: The unembedding.
        rescale: What the model does to the logits after the unembedding (softcapping, scaling).
        rescaling: The same in words.
    """

    embed_tokens: nn.Module
    lm_head: nn.Module
    rescale: Callable[[Tensor], Tensor]
    rescaling: str

    def unembedded(self, states: Tensor) -> Tensor:
        """Return the logits, shape (..., vocab_size), of states that are normed as wanted."""
        with fast_products(states.device):
            logits: Tensor = self.lm_head(states)
        return self.rescale(logits)

    def project(self, states: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the logits before `rescale` of states (rows, hidden_size).

        Args:
            states: Normed as wanted, of the unembedding's type; or float32 to one in half precision
                that `takes_wide`, for logits in float32.
            out: Where to write them if there is a `linear_head`, shape (at least rows,
                vocab_size): fresh memory of that size costs half of the product.
        """
        head = self.linear_head
        if head is None:
            logits: Tensor = self.lm_head(states)
            return logits
        bias: Tensor | None = head.bias
        states = self.taken(states)
        wide = states.dtype != head.weight.dtype
        if out is None and not wide:
            return linear(states, head.weight, bias)
        if out is None:
            out = states.new_empty(len(states), len(head.weight))
        filled = out[: len(states)]
        (wide_product_into if wide else linear_into)(states, head.weight, bias, filled)
        return filled

    @property
    def device(self) -> torch.device:
        """Where the unembedding computes: that of its weights, unless these are fetched for it."""
        weight = next(iter(self.lm_head.parameters()), None)
        if weight is None:  # packed into something that is no tensor: a processor's integers
            return torch.device("cpu")
        fetching: Any = getattr(self.lm_head, "_hf_hook", None)
        return torch.device(fetching.execution_device) if weight.is_meta else weight.device

    @property
    def linear_head(self) -> nn.Linear | None:
        """The unembedding where it is a plain matrix, nothing derived from it; else None."""
        head: Any = self.lm_head
        plain = type(head) is nn.Linear and not head.weight.is_meta and not _is_hooked(head)
        return head if plain else None

    @property
    def takes_wide(self) -> bool:
        """Whether states in float32 are not rounded for an unembedding in half precision."""
        head = self.linear_head
        if head is None or type(head.weight) not in (Tensor, nn.Parameter):
            return False
        return head.weight.dtype in _HALVES

    def taken(self, states: Tensor) -> Tensor:
        """Return states in the type in which a plain unembedding multiplies them."""
        head = self.linear_head
        wide = self.takes_wide and states.dtype not in _HALVES
        return states if wide or head is None else states.to(head.weight.dtype)

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
            row, position = places.to(states.device).T
            kept.append(states[row, position].to(self.device))
            return (states[:1, :1], *rest)

        with hooked(self.lm_head.register_forward_pre_hook(select)):
            yield kept


def find_head(model: Any, verdicts: Verdicts | None = None) -> Head:
    """Find the ends of a transformers causal language model and verify them by number.

    Args:
        model: The transformers model.
        verdicts: Where the result of the verification is kept, if anywhere.

    Raises:
        ModelError: An end is not found, the model's logits do not follow from what arrives at its
            unembedding, or a later token changes an earlier prediction.
    """
    name = type(model).__name__
    embed_tokens, lm_head = model.get_input_embeddings(), model.get_output_embeddings()
    if embed_tokens is None or lm_head is None:
        raise ModelError(
            f"{name} names no input embedding or no unembedding (get_input_embeddings, "
            "get_output_embeddings); bathyscope needs a causal language model with both."
        )
    found = (verdicts or Verdicts(model)).of(
        "head", lambda: asdict(_verified(model, embed_tokens, lm_head))
    )
    rescaling = Rescaling(**found)
    return Head(embed_tokens, lm_head, rescaling, rescaling.in_words)


def _verified(model: Any, embed_tokens: nn.Module, lm_head: nn.Module) -> Rescaling:
    """Return what is done to the logits, where all the rest is as it has to be."""
    input_ids = probe_ids(model)
    logits = logits_of(model, input_ids)
    _require_a_row_each(model, input_ids, logits)
    require_numbers(logits, model)
    rescaling = measured_rescaling(model, lambda: logits_of(model, input_ids), lm_head)
    head = Head(embed_tokens, lm_head, rescaling, rescaling.in_words)
    _verify_head(model, head, input_ids, logits)
    _verify_causality(model, input_ids, logits)
    return rescaling


def _require_a_row_each(model: Any, input_ids: Tensor, logits: Tensor) -> None:
    count, expected = logits.shape[1], input_ids.shape[1]
    if count != expected:
        raise ModelError(
            f"{type(model).__name__} returns {count} rows of logits for {expected} tokens, so "
            "that none can be told to belong to which token; a model with a tuned prompt puts "
            "tokens of its own before the text. Choose a model that returns one for each token."
        )


def _verify_head(model: Any, head: Head, input_ids: Tensor, logits: Tensor) -> None:
    """Refuse a model whose logits do not follow from the states kept at its unembedding."""
    places = torch.tensor([(0, i) for i in range(input_ids.shape[1])], device=input_ids.device)
    with head.states_at(places) as kept:
        logits_of(model, input_ids)
    with torch.inference_mode():
        ours = head.unembedded(kept[0])
    wrong = difference(ours, logits[0], rounding(logits) / 4)
    if wrong is not None:
        raise ModelError(
            f"The logits of {type(model).__name__} do not follow from what arrives at its "
            f"unembedding ({type(head.lm_head).__name__}, {head.rescaling}): {wrong}. Reading it "
            "that way would be wrong."
        )


def _verify_causality(model: Any, input_ids: Tensor, logits: Tensor) -> None:
    """Refuse a model in which a later token changes an earlier prediction (BERT and its kin)."""
    changed = input_ids.clone()
    changed[0, -1] = changed[0, 0]
    error = float((logits_of(model, changed) - logits)[:, :-1].float().abs().max())
    if not error <= rounding(logits):
        _refuse_rounding_together(model, error)
        raise ModelError(
            f"{type(model).__name__} is not a causal language model: changing the last token "
            f"changed the predictions before it (by {error:.3g}). Choose a model that reads left "
            "to right."
        )


def _refuse_rounding_together(model: Any, error: float) -> None:
    """Refuse a model that is causal but for rounding the numbers of all tokens by one scale."""
    how = _quantised(model)
    if how is not None:
        raise ModelError(
            f"{type(model).__name__} is quantised ({how}): it rounds the numbers of all tokens of "
            f"a text together, so that changing the last token changed the predictions before it "
            f"(by {error:.3g}), and no value would be one token's own. Load it without "
            "quantisation, in float32 or bfloat16."
        )


def _quantised(model: Any) -> str | None:
    """Return by what a model computes in integers; None where nothing says that it does."""
    settings = getattr(model.config, "quantization_config", None)
    if settings is not None:
        method = settings.get("quant_method") if isinstance(settings, dict) else None
        return str(method or getattr(settings, "quant_method", type(settings).__name__))
    for module in model.modules():
        path = f"{type(module).__module__}.{type(module).__name__}"
        if any(word in path.lower() for word in ("quant", "bitsandbytes", "8bit", "torchao")):
            return path
    return None


def _is_hooked(module: nn.Module) -> bool:
    """Tell whether calling a module does more than its class says."""
    hooks = (module._forward_hooks, module._forward_pre_hooks)
    return "forward" in vars(module) or any(map(bool, hooks))
