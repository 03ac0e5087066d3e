"""Matrix products in float32 on a processor, by the library that is fastest there.

PyTorch hands products in float32 to MKL, which on processors of other makers than its own keeps to
half of the vector unit (AVX2 where there is AVX-512). oneDNN, which every build of PyTorch brings,
uses it whole: 290 instead of 146 billion operations a second for the embedded model's layers on
two cores. Both are float32 throughout; they differ in the order of summation, thus in rounding.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

# Columns of a large product computed at a time. More is not faster, and leaves larger holes behind:
# with 8,192 the peak at 4,096 tokens varied between 267 and 417 MB, with 2,048 it was 257 to 272.
_COLUMNS = 2048

Product = Callable[[Tensor, Tensor, Tensor | None], Tensor]


class FastProducts(TorchFunctionMode):
    """A context in which `linear` and `addmm` take the fastest route that gives float32.

    No model is changed, and what cannot take the route goes where it always went: other types,
    other devices, unusual layouts. Gradients flow to the states, not to weights.
    """

    def __torch_function__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run one function of torch."""
        if func is functional.linear and not kwargs and 2 <= len(args) <= 3:
            return linear(*args)
        if func is torch.addmm and not kwargs and len(args) == 3 and args[0].dim() == 1:
            bias, states, weight = args
            return linear(states, weight.T, bias)
        return func(*args, **(kwargs or {}))


def fast_products(device: torch.device) -> AbstractContextManager[Any]:
    """Return the context in which a model on a device runs.

    It reads along with every call of torch, which on a device would cost time and win nothing.
    """
    return FastProducts() if device.type == "cpu" else nullcontext()


def linear(states: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return states · weightᵀ + bias, as `torch.nn.functional.linear` does.

    Args:
        states: Shape (..., inputs).
        weight: Shape (outputs, inputs).
        bias: Shape (outputs,), or None.

    Returns:
        Shape (..., outputs). Gradients flow to the states alone.
    """
    product = onednn()
    if product is None or not _suits(states, weight, bias):
        return functional.linear(states, weight, bias)
    if torch.is_grad_enabled() and states.requires_grad:
        found: Tensor = _Linear.apply(states, weight, bias)  # type: ignore[no-untyped-call]
        return found
    return product(states, weight, bias)


def linear_into(states: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> None:
    """Write states · weightᵀ + bias into given memory: fresh memory costs half of the product.

    oneDNN makes memory of its own, so it is given some columns at a time: what it makes for these
    stays in the processor's cache, and its holes in memory stay small.

    Args:
        states: Shape (rows, inputs).
        weight: Shape (outputs, inputs).
        bias: Shape (outputs,), or None.
        out: Shape (rows, outputs).
    """
    product = onednn()
    if product is None or not _suits(states, weight, bias):
        if bias is None:
            torch.mm(states, weight.T, out=out)
        else:
            torch.addmm(bias, states, weight.T, out=out)
        return
    for start in range(0, len(weight), _COLUMNS):
        part = slice(start, start + _COLUMNS)
        out[:, part] = product(states, weight[part], None if bias is None else bias[part])


@cache
def onednn() -> Product | None:
    """Return oneDNN's product of float32 matrices, or None where it is not there or no gain.

    The operation is the one to which PyTorch's own compiler sends linear layers. It is not part of
    the documented interface, so it is tried once, and has to give the right numbers.
    """
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        return None
    generator = torch.Generator().manual_seed(0)
    states, weight = (torch.randn(n, 24, generator=generator) for n in (5, 7))
    bias = torch.randn(7, generator=generator)
    try:
        operation = torch.ops.mkldnn._linear_pointwise
        found = operation(states, weight, bias, "none", [], "")
    except (AttributeError, RuntimeError):
        return None
    right = torch.allclose(found, functional.linear(states, weight, bias), atol=1e-4)
    return partial(_product, operation) if right else None


def _product(operation: Any, states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return oneDNN's product, or PyTorch's where oneDNN has none for such matrices.

    What it takes is not documented: layouts that are rare (Blt's) it refuses when asked.
    """
    try:
        found: Tensor = operation(states, weight, bias, "none", [], "")
    except RuntimeError:
        return functional.linear(states, weight, bias)
    return found


class _Linear(torch.autograd.Function):
    """The product with its way back to the states."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(weight)
        return linear(states, weight, bias)

    @staticmethod
    def backward(ctx: Any, gradients: Tensor) -> tuple[Tensor, None, None]:
        (weight,) = ctx.saved_tensors
        return linear(gradients, weight.T), None, None


def _suits(states: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Tell whether oneDNN takes these: float32 in memory, matrices with one stride of 1."""
    given = [states, weight] if bias is None else [states, weight, bias]
    return (
        all(t.dtype == torch.float32 and t.device.type == "cpu" for t in given)
        and weight.dim() == 2
        and 1 in weight.stride()
        and weight.numel() > 0
        and states.numel() > 0
        and type(states) is Tensor
        and type(weight) in (Tensor, torch.nn.Parameter)
    )
