"""The elementwise half of a comparison as Triton kernels, for rows of logits on a GPU.

A row is read twice and nothing of its size is written but q: first its maximum and the sums over
e^x, tile by tile, then what follows from them. Arithmetic is in float32 in as many lanes as a tile
has, each of which adds up a few dozen numbers, and in float64 over the lanes. A row is one program,
so that a call is one launch, whatever the number of rows.
"""

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

_TILE = 4096
_WARPS = 8


@triton.jit
def _exponential(x, top):
    """Return x − top, at least −87, and e to the power of it, 0 from there on."""
    below = x - top
    tiny = below < -87.0
    return tl.where(tiny, -87.0, below), tl.where(tiny, 0.0, tl.exp(below))


@triton.jit
def _exponentials(row, width, columns, tile: tl.constexpr, lowest: tl.constexpr):
    """Return max x, Σ e^(x − max x) and Σ (x − max x) e^(x − max x), the sums in float64."""
    top = tl.full((), lowest, tl.float32)  # not −inf, from which −inf is no number away
    total = tl.zeros((tile,), tl.float32)
    weighted = tl.zeros((tile,), tl.float32)
    for start in range(0, width, tile):
        inside = start + columns < width
        x = tl.load(row + start + columns, mask=inside, other=float("-inf")).to(tl.float32)
        higher = tl.maximum(top, tl.max(x))
        shift = tl.where(top - higher < -87.0, -87.0, top - higher)
        scale = tl.exp(shift)
        below, e = _exponential(x, higher)
        # −inf · 0 is no number, but a token without probability adds nothing.
        weighted = scale * (weighted + shift * total) + below * e
        total = scale * total + e
        top = higher
    return top, tl.sum(total.to(tl.float64)), tl.sum(weighted.to(tl.float64))


@triton.jit
def _share(x, top, total, least: tl.constexpr):
    """Return e^(x − top) / total, at least the smallest normal number; no number stays none."""
    _, e = _exponential(x, top)
    p = e / total
    return tl.where(p < least, least, p)


@triton.jit
def _predictions(
    logits,
    probabilities,
    entropy,
    width,
    tile: tl.constexpr,
    least: tl.constexpr,
    lowest: tl.constexpr,
):
    """Write q and H(q) of one row."""
    program = tl.program_id(0).to(tl.int64)
    row = logits + program * width
    columns = tl.arange(0, tile)
    top, total, weighted = _exponentials(row, width, columns, tile, lowest)
    tl.store(entropy + program, tl.log(total) - weighted / total)
    share = total.to(tl.float32)
    for start in range(0, width, tile):
        inside = start + columns < width
        x = tl.load(row + start + columns, mask=inside, other=0.0).to(tl.float32)
        p = _share(x, top, share, least)
        tl.store(probabilities + program * width + start + columns, p, mask=inside)


@triton.jit
def _divergences(
    logits,
    token,
    last,
    bits,
    width,
    tile: tl.constexpr,
    least: tl.constexpr,
    lowest: tl.constexpr,
):
    """Write the divergence of one row from its row of q."""
    program = tl.program_id(0).to(tl.int64)
    row = logits + program * width
    columns = tl.arange(0, tile)
    top, total, _ = _exponentials(row, width, columns, tile, lowest)
    share = total.to(tl.float32)
    of_q = last + tl.load(token + program) * width
    sums = tl.zeros((tile,), tl.float32)
    for start in range(0, width, tile):
        inside = start + columns < width
        x = tl.load(row + start + columns, mask=inside, other=0.0).to(tl.float32)
        q = tl.load(of_q + start + columns, mask=inside, other=least)
        p = _share(x, top, share, least)
        # With r = 2p / (p + q), 2q / (p + q) is 2 − r: equal numbers give exactly nothing.
        both = p + q
        ratio = 2.0 * p / both
        ratio = tl.where(ratio > 2.0, 2.0, ratio)
        other = 2.0 - ratio
        term = ratio * tl.log(tl.where(ratio < least, least, ratio))
        term += other * tl.log(tl.where(other < least, least, other))
        sums += tl.where(inside, both * term, 0.0)
    found = tl.sum(sums.to(tl.float64)) * 0.36067376022224085  # 1 / (4 ln 2)
    found = tl.where(found < 0.0, 0.0, found)
    tl.store(bits + program, tl.where(found > 1.0, 1.0, found))


class TritonRows:
    """The work by Triton, in float32, on logits of float32, bfloat16 or float16; see `Rows`."""

    at_once = 1 << 20  # one launch for whatever there is

    def predictions(self, logits: Tensor, probabilities: Tensor, entropy: Tensor) -> None:
        """Fill in what the last layer predicts; see `Rows`."""
        _launch(_predictions, logits.contiguous(), probabilities, entropy)

    def divergences(
        self, logits: Tensor, token: Tensor, last: Tensor, last_entropy: Tensor, bits: Tensor
    ) -> None:
        """Fill in divergences; see `Rows`. Entropies are not needed: it is done by definition."""
        _launch(_divergences, logits.contiguous(), token.contiguous(), last, bits)


def _launch(kernel: Any, logits: Tensor, *others: Tensor) -> None:
    rows, width = logits.shape
    if rows == 0:
        return
    numbers = torch.finfo(torch.float32)
    tile = min(_TILE, triton.next_power_of_2(width))
    kernel[(rows,)](
        logits, *others, width, tile=tile, least=numbers.tiny, lowest=numbers.min, num_warps=_WARPS
    )
