"""The elementwise half of a comparison as Triton kernels, for rows of logits on a GPU.

A row is read twice and nothing of its size is written but q: first its maximum and the sums over
e^x, tile by tile, then what follows from them. Arithmetic is in float32 in as many lanes as a tile
has, each of which adds up a few dozen numbers, and in float64 over the lanes. A row is one program,
so that a call is one launch, whatever the number of rows; programs that run at the same time have
tokens in common, so that q comes out of the cache.
"""

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

_TILE = 4096
_WARPS = 8


@triton.jit
def row_of_program(tokens):
    """Return the row of a program: all layers of a token, one program after the other.

    Rows come layer by layer, a row for each token; where they do not, in their own order.
    """
    program, rows = tl.program_id(0), tl.num_programs(0)
    layers = tl.maximum(rows // tokens, 1)
    row = program % layers * tokens + program // layers
    return tl.where(layers * tokens == rows, row, program).to(tl.int64)


@triton.jit
def exponential(x, top):
    """Return x − top, at least −87, and e to the power of it, 0 from there on."""
    below = x - top
    tiny = below < -87.0
    return tl.where(tiny, -87.0, below), tl.where(tiny, 0.0, tl.exp(below))


@triton.jit
def _sums(row, width, columns, wide: tl.constexpr, tile: tl.constexpr, lowest: tl.constexpr):
    """Return max x, Σ e^(x − max x) and Σ (x − max x) e^(x − max x), the sums in float64."""
    top = tl.full((), lowest, wide)  # not −inf, from which −inf is no number away
    total = tl.zeros((tile,), wide)
    weighted = tl.zeros((tile,), wide)
    for start in range(0, width, tile):
        inside = start + columns < width
        x = tl.load(row + start + columns, mask=inside, other=float("-inf")).to(wide)
        higher = tl.maximum(top, tl.max(x))
        shift = tl.where(top - higher < -87.0, -87.0, top - higher)
        scale = tl.exp(shift)
        below, e = exponential(x, higher)
        # −inf · 0 is no number, but a token without probability adds nothing.
        weighted = scale * (weighted + shift * total) + below * e
        total = scale * total + e
        top = higher
    return top, tl.sum(total.to(tl.float64)), tl.sum(weighted.to(tl.float64))


@triton.jit
def _share(x, top, total, least: tl.constexpr):
    """Return e^(x − top) / total, at least the smallest normal number; no number stays none."""
    _, e = exponential(x, top)
    p = e / total
    return tl.where(p < least, least, p)


@triton.jit
def _predictions(
    logits,
    probabilities,
    entropy,
    width,
    wide: tl.constexpr,
    tile: tl.constexpr,
    least: tl.constexpr,
    lowest: tl.constexpr,
):
    """Write q and H(q) of one row."""
    program = tl.program_id(0).to(tl.int64)
    row = logits + program * width
    columns = tl.arange(0, tile)
    top, total, weighted = _sums(row, width, columns, wide, tile, lowest)
    tl.store(entropy + program, tl.log(total) - weighted / total)
    share = total.to(wide)
    for start in range(0, width, tile):
        inside = start + columns < width
        x = tl.load(row + start + columns, mask=inside, other=0.0).to(wide)
        p = _share(x, top, share, least)
        tl.store(probabilities + program * width + start + columns, p, mask=inside)


@triton.jit
def divergence(
    row,
    of_q,
    width,
    columns,
    top,
    total,
    wide: tl.constexpr,
    tile: tl.constexpr,
    least: tl.constexpr,
):
    """Return the divergence by definition, in bits, of p = e^(x − top) / total from q."""
    sums = tl.zeros((tile,), wide)
    for start in range(0, width, tile):
        inside = start + columns < width
        x = tl.load(row + start + columns, mask=inside, other=0.0).to(wide)
        q = tl.load(of_q + start + columns, mask=inside, other=least)
        p = _share(x, top, total, least)
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
    return tl.where(found > 1.0, 1.0, found)


@triton.jit
def _divergences(
    logits,
    token,
    last,
    bits,
    columns_of_rows,
    tokens,
    wide: tl.constexpr,
    tile: tl.constexpr,
    least: tl.constexpr,
    lowest: tl.constexpr,
    left: tl.constexpr,
):
    """Write the divergence of one row from its row of q; with `left` only where −1 stands."""
    program = row_of_program(tokens)
    row, width = logits + program * columns_of_rows, columns_of_rows
    wanted = program >= 0
    if left:
        wanted = tl.load(bits + program) == -1.0
        width = tl.where(wanted, width, 0)  # nothing is read then
    columns = tl.arange(0, tile)
    top, total, _ = _sums(row, width, columns, wide, tile, lowest)
    of_q = last + tl.load(token + program) * columns_of_rows
    found = divergence(row, of_q, width, columns, top, total.to(wide), wide, tile, least)
    tl.store(bits + program, found, mask=wanted)


class TritonRows:
    """The work by Triton, each row read twice, in float32 or for float64 in that; see `Rows`."""

    at_once = 1 << 20  # one launch for whatever there is

    def predictions(self, logits: Tensor, probabilities: Tensor, entropy: Tensor) -> None:
        """Fill in what the last layer predicts; see `Rows`."""
        given = logits.contiguous(), probabilities, entropy, logits.shape[1]
        launched(_predictions, given, options(logits))

    def divergences(
        self, logits: Tensor, token: Tensor, last: Tensor, last_entropy: Tensor, bits: Tensor
    ) -> None:
        """Fill in divergences; see `Rows`. Entropies are not needed: it is done by definition."""
        self.read_twice(logits.contiguous(), token.contiguous(), last, bits, left=False)

    def read_twice(
        self, logits: Tensor, token: Tensor, last: Tensor, bits: Tensor, *, left: bool
    ) -> None:
        """Fill in divergences by definition: all, or those in whose place −1 stands."""
        given = logits, token, last, bits, logits.shape[1], len(last)
        launched(_divergences, given, options(logits) | {"left": left})


def options(logits: Tensor) -> dict[str, Any]:
    """Return what kernels are compiled for."""
    numbers = torch.finfo(torch.float32)
    wide = tl.float64 if logits.dtype == torch.float64 else tl.float32
    return {"wide": wide, "tile": _TILE, "least": numbers.tiny, "lowest": numbers.min}


def launched(kernel: Any, given: tuple[Any, ...], options: dict[str, Any]) -> None:
    """Launch a program for each row of logits, which are given first; none for no row.

    Triton launches on the device that is current, which need not be theirs.
    """
    if rows := len(given[0]):
        with torch.cuda.device_of(given[0]):
            kernel[(rows,)](*given, **options, num_warps=_WARPS)
