"""Products of float32 states with weights in half precision, no state rounded.

A state x is hi + lo and a rest: hi is x rounded to the type of the weights, lo what is missing from
x, rounded likewise. A device multiplies both in one product of twice as many rows, adds up in
float32 and gives float32. The rest is at most 2⁻¹⁸ |x| for bfloat16, where rounding the states
leaves 2⁻⁹ |x|, and rounding the products as much of these again. On the bundled model's states in
bfloat16, read by its head, logits of up to 29 were off by 2.4e-4 instead of .19, and divergences by
6e-7 bits in the median and 7e-6 at most instead of 1.3e-3 and 1.6e-2.

Where a device cannot give float32, and on a processor, weights are made float32 a few columns at a
time, which loses nothing at all.
"""

from functools import cache

import torch
from torch import Tensor

from bathyscope.model.products import linear

# Columns of the product at a time: weights made float32, or products of twice the rows.
_COLUMNS, _COLUMNS_ON_DEVICE = 2048, 16_384


def wide_product_into(states: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> None:
    """Write states · weightᵀ + bias.

    Args:
        states: float32, shape (rows, inputs).
        weight: bfloat16 or float16, shape (outputs, inputs).
        bias: Of the same type, shape (outputs,), or None.
        out: float32, shape (rows, outputs).
    """
    halved = adds_in_float32(states.device, weight.dtype)
    both = halves(states, weight.dtype) if halved else states
    size = _COLUMNS if states.device.type == "cpu" else _COLUMNS_ON_DEVICE
    for start in range(0, len(weight), size):
        part = slice(start, start + size)
        if halved:
            found = summed(both, weight[part])
            torch.add(found[: len(states)], found[len(states) :], out=out[:, part])
        else:
            out[:, part] = linear(both, weight[part].to(states.dtype))
        if bias is not None:
            out[:, part] += bias[part]


def halves(states: Tensor, dtype: torch.dtype) -> Tensor:
    """Return hi of all states and then lo, shape (2 · rows, inputs), in a half-precision type."""
    hi = states.to(dtype)
    return torch.cat([hi, (states - hi).to(dtype)])


def summed(states: Tensor, weight: Tensor) -> Tensor:
    """Return states · weightᵀ of half-precision numbers, added up and given in float32."""
    return torch.mm(states, weight.T, out_dtype=torch.float32)


@cache
def adds_in_float32(device: torch.device, dtype: torch.dtype) -> bool:
    """Tell whether a device gives products of a half-precision type in float32, by trying it.

    CUDA does from PyTorch 2.8 on.
    """
    if device.type != "cuda":
        return False
    one = torch.full((16, 16), 1.0, dtype=dtype, device=device)
    one[0, 0] = 2.0**-10 if dtype == torch.float16 else 2.0**-7
    try:
        found = summed(one, one)
    except (RuntimeError, TypeError):
        return False
    exact = one.double() @ one.double().T
    return found.dtype == torch.float32 and bool((found == exact).all())
