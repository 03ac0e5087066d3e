"""Passage to the logits: what a model does before and after its unembedding, measured.

A configuration may name a factor and apply it elsewhere, or apply one that it does not name. So
known states are put in place of what the last norm returns, and known logits in place of what the
unembedding returns, and what arrives behind either is read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bathyscope.core.errors import ModelError
from bathyscope.model.foreign import text_config
from bathyscope.model.hooks import hooked

# Saturates any cap in use (20 to 50), so that what comes out is the cap.
_SATURATING = 1e4
# Wide enough for a cap to show, narrow enough for one not to hide everything else.
_SPREAD = 20.0


@dataclass(frozen=True)
class Rescaling:
    """Passage of a model's logits after its unembedding: softcapped, scaled, or as they are.

    Attributes:
        kind: "none", "multiplied", "divided" or "capped".
        by: The factor, the divisor or the cap.
    """

    kind: str
    by: float

    def __call__(self, logits: Tensor) -> Tensor:
        """Return logits rescaled; softcapped at c they are c · tanh(logits / c)."""
        if self.kind == "capped":
            return self.by * torch.tanh(logits / self.by)
        if self.kind == "divided":
            return logits / self.by
        return logits * self.by if self.kind == "multiplied" else logits

    @property
    def in_words(self) -> str:
        """The same in words."""
        return {
            "none": "logits as they are",
            "multiplied": f"logits multiplied by {self.by:g}",
            "divided": f"logits divided by {self.by:g}",
            "capped": f"logits softcapped at {self.by:g}",
        }[self.kind]


def measured_factor(
    model: nn.Module, run: Callable[[], Tensor], before: nn.Module, lm_head: nn.Module
) -> float:
    """Return what the model multiplies its normed states by before its unembedding.

    Args:
        model: The transformers model.
        run: Runs it on a few tokens, at least 3, of one sequence, and returns its logits.
        before: The last module in front of the unembedding: the last of the final norm, or the
            last layer where there is none.
        lm_head: The unembedding.

    Raises:
        ModelError: It does something else there.
    """
    seen = _Seen()
    with hooked(
        before.register_forward_hook(seen.give_states),
        lm_head.register_forward_pre_hook(seen.take_states),
    ):
        run()
    factor = _factor(seen.states, seen.arrived)
    if factor is None:
        raise ModelError(
            f"The logits of {type(model).__name__} do not follow from its last hidden state by the "
            f"route that bathyscope found: between {type(before).__name__} and its unembedding it "
            f"does more than multiply ({type(lm_head).__name__}). Reading its layers that way "
            "would be wrong."
        )
    return factor


def measured_rescaling(
    model: nn.Module, run: Callable[[], Tensor], lm_head: nn.Module
) -> Rescaling:
    """Return what the model does to its logits after its unembedding.

    Args:
        model: The transformers model.
        run: Runs it on a few tokens, at least 3, of one sequence, and returns its logits.
        lm_head: The unembedding.

    Raises:
        ModelError: It is neither a factor nor a cap.
    """
    seen = _Seen()
    with hooked(lm_head.register_forward_hook(seen.give_logits)):
        logits = run()
    if seen.projected is None:
        raise ModelError(
            f"{type(model).__name__} computes its logits without calling its unembedding "
            f"({type(lm_head).__name__}) as a module, so bathyscope cannot read them."
        )
    found = _rescaling(model, seen.projected, logits)
    if found is None:
        raise ModelError(
            f"The logits of {type(model).__name__} do not follow from its unembedding by a route "
            "that bathyscope knows: after its unembedding it does more to the logits than multiply "
            f"or cap them softly ({type(lm_head).__name__}). Reading them that way would be wrong."
        )
    return found


class _Seen:
    """Substitutes for states and logits in one pass, and what arrived behind them."""

    states: Tensor
    arrived: Tensor
    projected: Tensor | None = None

    def give_states(self, module: nn.Module, inputs: Any, output: Any) -> Any:
        if isinstance(output, (tuple, list)):
            self.states = _known(output[0])
            return type(output)([self.states, *output[1:]])
        self.states = _known(output)
        return self.states

    def take_states(self, module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        self.arrived = inputs[0].detach()
        return (inputs[0].to(next(module.parameters()).dtype), *inputs[1:])

    def give_logits(self, module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        self.projected = _known(output)
        return self.projected


def _known(like: Tensor) -> Tensor:
    """Return numbers of the same shape to recognise again, in float32 or wider.

    The first position holds ones, which show a factor; the second saturates a cap; the others are
    random, by which what was measured is judged.
    """
    dtype = torch.promote_types(like.dtype, torch.float32)
    generator = torch.Generator().manual_seed(0)
    known = torch.randn(like.shape, generator=generator, dtype=torch.float64) * _SPREAD
    known[:, 0], known[:, 1] = 1, _SATURATING
    return known.to(dtype=dtype, device=like.device)


def _factor(given: Tensor, arrived: Tensor) -> float | None:
    """Return the factor between two tensors; None where there is more between them."""
    if given.shape != arrived.shape:
        return None
    factor = float(arrived[0, 0, 0])
    return factor if _same(given * factor, arrived) else None


def _rescaling(model: Any, projected: Tensor, logits: Tensor) -> Rescaling | None:
    """Return what was done to the logits; None where it is not found."""
    if projected.shape != logits.shape:
        return None
    factor, cap = float(logits[0, 0, 0]), float(logits[0, 1, 0])
    candidates = [
        *_named(text_config(model)),
        Rescaling("none", 1),
        Rescaling("multiplied", factor),
        Rescaling("capped", cap),
    ]
    return next((one for one in candidates if _same(one(projected), logits)), None)


def _named(config: Any) -> Iterator[Rescaling]:
    """Yield what a configuration says is done to the logits; the exact numbers, if it is true.

    Names in use: `final_logit_softcapping` (Gemma 2), `logits_scaling` (Granite, a divisor; of
    MiniCPM3 one of the states before), `logit_scale` (Cohere, a factor).
    """
    cap = getattr(config, "final_logit_softcapping", None)
    if isinstance(cap, (int, float)) and cap:
        yield Rescaling("capped", cap)
    divisor = getattr(config, "logits_scaling", None)
    if isinstance(divisor, (int, float)) and divisor:
        yield Rescaling("divided", divisor)
    factor = getattr(config, "logit_scale", None)
    if isinstance(factor, (int, float)):
        yield Rescaling("multiplied", factor)


def _same(ours: Tensor, theirs: Tensor) -> bool:
    """Tell whether two tensors are equal up to the rounding of a few operations on each number."""
    dtype = torch.promote_types(ours.dtype, theirs.dtype)
    coarsest = max(torch.finfo(ours.dtype).eps, torch.finfo(theirs.dtype).eps)
    return bool(torch.isclose(ours.to(dtype), theirs.to(dtype), rtol=4 * coarsest, atol=0).all())
