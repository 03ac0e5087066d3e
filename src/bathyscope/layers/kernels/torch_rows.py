"""The elementwise half of a comparison: rows of logits against the last layer's predictions."""

from math import log
from threading import local
from typing import Any, Protocol

import torch
from torch import Tensor

from bathyscope.layers.divergence import jensen_shannon, jensen_shannon_from_entropies
from bathyscope.model.device import exact_float
from bathyscope.model.logits import as_float

# Below this many bits rounding would show, and the divergence is taken by its definition.
_SMALL = 1e-4
# e to the power of this is 0 in every precision.
_NOTHING = -1e4
# Elsewhere than on a processor's cores, rows are worked on together: launches cost more than rows.
_ROWS_ON_DEVICE = 64


class Rows(Protocol):
    """A way to do the work; all ways give the same numbers up to rounding.

    Attributes:
        at_once: How many rows it is best given at a time.
    """

    at_once: int

    def predictions(self, logits: Tensor, probabilities: Tensor, entropy: Tensor) -> None:
        """Fill in what the last layer predicts.

        Args:
            logits: Of any float type, shape (rows, vocab_size); taken as at least float32.
            probabilities: To be filled, at least float32, same shape; at least the smallest normal
                number.
            entropy: To be filled with nats, float64 (rows,), or what the device has instead.
        """

    def divergences(
        self, logits: Tensor, token: Tensor, last: Tensor, last_entropy: Tensor, bits: Tensor
    ) -> None:
        """Fill in Jensen-Shannon divergences from the last layer.

        Args:
            logits: As for `predictions`; they are consumed.
            token: Which row of `last` each belongs to, int64 (rows,).
            last: q, as `predictions` leaves it, (tokens, vocab_size).
            last_entropy: H(q) in nats, float64 (tokens,).
            bits: To be filled, float64 (rows,).
        """


class TorchRows:
    """The work by operations of torch, on any device and in any precision."""

    def __init__(self, device: torch.device) -> None:
        """Prepare for a device."""
        self.at_once = 1 if device.type == "cpu" else _ROWS_ON_DEVICE
        self._threads = local()

    def predictions(self, logits: Tensor, probabilities: Tensor, entropy: Tensor) -> None:
        """Fill in what the last layer predicts; see `Rows`."""
        # Shifted as the other layers are: equal logits then give equal numbers, bit for bit.
        log_probabilities = _shifted(as_float(logits).clone()).log_softmax(-1)
        q = torch.exp(log_probabilities, out=probabilities)
        entropy.copy_(-(log_probabilities.mul_(q)).sum(-1))
        q.clamp_min_(torch.finfo(q.dtype).tiny)

    def divergences(
        self, logits: Tensor, token: Tensor, last: Tensor, last_entropy: Tensor, bits: Tensor
    ) -> None:
        """Fill in divergences; see `Rows`."""
        x, q = _shifted(as_float(logits)), last[token]
        e, product = self._scratch(x)
        torch.exp(x, out=e)
        total = e.sum(-1)
        mean = torch.mul(x, e, out=product).sum(-1).to(bits.dtype)
        e.div_(total[:, None]).add_(q)
        joint = torch.log(e, out=product).mul_(e).sum(-1).to(bits.dtype)
        normaliser = total.to(bits.dtype)
        entropy = normaliser.log() - mean / normaliser  # H(p) = ln Z − Σ p x
        bits.copy_(jensen_shannon_from_entropies(joint, entropy, last_entropy[token]))
        small = (bits < _SMALL).nonzero()[:, 0]
        if len(small):
            p = x[small].log_softmax(-1).exp_().clamp_min_(torch.finfo(x.dtype).tiny)
            bits[small] = jensen_shannon(p, q[small]).to(bits.dtype)

    def _scratch(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return two arrays like x, the same for each thread each time: fresh memory is slow."""
        mine: tuple[Tensor, Tensor] | None = getattr(self._threads, "scratch", None)
        if mine is None or mine[0].shape != x.shape or mine[0].dtype != x.dtype:
            mine = self._threads.scratch = (torch.empty_like(x), torch.empty_like(x))
        return mine


def _shifted(logits: Tensor) -> Tensor:
    """Take the maximum off, in place, and keep minus infinity out: its product with 0 is none."""
    return logits.sub_(logits.amax(-1, keepdim=True)).clamp_(min=_NOTHING)


def agree(ours: Rows, theirs: Rows, device: torch.device) -> bool:
    """Tell whether two ways give the same numbers on a few unequal rows, tails included."""
    kind: dict[str, Any] = {"dtype": torch.float32, "device": "cpu"}  # whatever torch's default is
    logits = torch.randn(6, 1031, generator=torch.Generator().manual_seed(0), **kind)
    logits = (logits * torch.tensor([[1.5], [5], [15]] * 2, **kind)).to(device)
    token = torch.tensor([2, 0, 1, 2], device=device)
    found = []
    for rows in (ours, theirs):
        last = torch.empty_like(logits[:3])
        entropy, bits = (torch.empty(n, dtype=exact_float(device), device=device) for n in (3, 4))
        rows.predictions(logits[:3], last, entropy)
        rows.divergences(logits[2:].clone(), token, last, entropy, bits)
        found.append(torch.cat([bits, entropy / log(2)]))
    return torch.allclose(found[0], found[1], rtol=0, atol=1e-5)
