"""What kernels and products of the depth map cost and err on an accelerator, beside each other."""

from typing import Any
from unittest.mock import patch

import torch

import bathyscope as bs
from bathyscope.layers.kernels import fastest
from bathyscope.layers.kernels.fastest import fastest_rows
from bathyscope.layers.kernels.torch_rows import Rows, TorchRows
from bathyscope.layers.last_layer import LastLayerComparison
from bathyscope.model.wide_products import adds_in_float32, wide_product_into
from benchmarks.on_accelerator import Facts, Setting, seconds, text_of


def exactness(given: Setting) -> Facts:
    """Measure how far the fastest way through rows of logits is from torch's in float64."""
    device, vocab = given.device, given.shape.vocab
    torch.manual_seed(1)
    logits = torch.randn(64, vocab, device=device) * 3
    last, token = torch.randn(8, vocab, device=device) * 3, torch.arange(64, device=device) % 8
    logits[:8] = last + 0.01 * logits[:8]
    for dtype in (torch.float32, given.dtype):
        x, q = logits.to(dtype), last.to(dtype)
        way = fastest_rows(dtype, device)
        found = _divergences(way, x, q, token)
        here = TorchRows(torch.device("cpu"))
        exact = _divergences(here, x.cpu().double(), q.cpu().double(), token.cpu())
        error = float((found - exact).abs().max())
        name = str(dtype).removeprefix("torch.")
        yield {"way": type(way).__name__, f"row error {name}, bits": error}


def _divergences(
    way: Any, logits: torch.Tensor, last: torch.Tensor, token: torch.Tensor
) -> torch.Tensor:
    """Return the divergence of each row from the last layer's of its token, in bits."""
    device = logits.device
    share = torch.empty_like(last, dtype=torch.promote_types(last.dtype, torch.float32))
    nats = torch.empty(len(last), dtype=torch.float64, device=device)
    own = torch.empty(len(logits), dtype=torch.float64, device=device)
    way.predictions(last.clone(), share, nats)
    way.divergences(logits.clone(), token, share, nats, own)
    return own.cpu()


def reads(given: Setting) -> Facts:
    """Measure kernels that read most rows of logits once against those that read each twice."""
    model, device, vocab = given.model(), given.device, given.shape.vocab
    ways = {times: fastest.triton_rows(device, times) for times in (1, 2)}
    count = LastLayerComparison(model.anatomy).rows_per_block if device.type == "cuda" else 3
    token = torch.arange(count, device=device) % max(1, count // given.shape.layers)
    for name, spread in (("smooth", 1.5), ("peaked", 5.0)):
        torch.manual_seed(1)
        last = spread * torch.randn(int(token.max()) + 1, vocab, device=device)
        logits = (0.7 * last[token] + 0.7 * spread * torch.randn(count, vocab, device=device)).to(
            given.dtype
        )
        spent = {
            times: _seconds_of_rows(way, logits, last.to(given.dtype), token)
            for times, way in ways.items()
            if way is not None
        }
        if len(spent) == 2:
            yield {f"{name} rows once / twice": spent[1] / spent[2], f"{name} twice_s": spent[2]}
    text = text_of(given.shape.tokens // 2)
    whole = {}
    for times in (2, 1):
        with patch.object(fastest, "READS", times):
            whole[times] = seconds(lambda: bs.depth(model, "a:", response=text), device)
    yield {"map once / twice": whole[1] / whole[2]}
    yield {"READS should be": 1 if whole[1] < whole[2] else 2}


def _seconds_of_rows(
    way: Rows, logits: torch.Tensor, last: torch.Tensor, token: torch.Tensor
) -> float:
    """Return the seconds that a way takes to compare rows of logits."""
    share = torch.empty_like(last, dtype=torch.promote_types(last.dtype, torch.float32))
    nats, bits = (
        torch.empty(len(of), dtype=torch.float64, device=last.device) for of in (last, logits)
    )
    way.predictions(last, share, nats)
    return seconds(lambda: way.divergences(logits, token, share, nats, bits), last.device)


def wide(given: Setting) -> Facts:
    """Measure products of float32 states with weights in half precision: what they cost and err."""
    device, shape = given.device, given.shape
    torch.manual_seed(2)
    half = given.dtype if given.dtype.itemsize == 2 else torch.bfloat16
    weight = torch.randn(shape.vocab, shape.hidden, device=device, dtype=half)
    states = torch.randn(min(1024, 4 * shape.tokens), shape.hidden, device=device)
    out = torch.empty(len(states), shape.vocab, device=device)
    narrow = states.to(half)
    spent = seconds(lambda: wide_product_into(states, weight, None, out), device)
    plain = seconds(lambda: narrow @ weight.T, device)
    yield {"wide product / product": spent / plain, "in halves": adds_in_float32(device, half)}
    exact = states[:4].double() @ weight.double().T
    errors = [float((found - exact).abs().max()) for found in (out[:4], narrow[:4] @ weight.T)]
    yield {
        "wide logits' error / rounded": errors[0] / errors[1],
        "largest": float(exact.abs().max()),
    }
