"""A lower bound of the divergence that needs a few columns of the unembedding, not all.

Let S be some tokens, q the last layer's probabilities, e_v = exp(logit of v) at another layer, and
Z' the sum of e over any tokens that include S. The layer's true probabilities are p_v = e_v / Z
with Z ≥ Z'. Let T be those tokens v of S with e_v / Z' ≤ q_v. Lumping all tokens outside of T
together, with masses P = 1 − Σ_T p and Q = 1 − Σ_T q, cannot increase the divergence (data
processing), so

    JSD(p, q) ≥ Σ_T f(p_v, q_v) + f(P, Q),   f(p, q) = ½ [p log₂ 2p/(p+q) + q log₂ 2q/(p+q)].

On T, p_v ≤ e_v / Z' ≤ q_v, and so P ≥ Q. f falls in its first argument below the second and rises
above it (∂f/∂p = ½ log₂ 2p/(p+q)), so replacing p_v by the larger e_v / Z', and P by the smaller
1 − Σ_T e_v / Z', can only lower the right side: it is a bound whatever Z is.
"""

from math import log

import torch
from torch import Tensor


def lower_bound(own: Tensor, q: Tensor, log_partial: Tensor) -> Tensor:
    """Return bits that JSD(p, q) is at least, before rounding.

    Args:
        own: Logits of the tokens of S at other layers, shape (..., tokens of S).
        q: The last layer's probabilities of the tokens of S, broadcastable to it; 0 leaves a token
            out.
        log_partial: ln Z' of each layer, (...).

    Returns:
        Shape (...).
    """
    p = torch.exp(own - log_partial[..., None])
    below = p <= q
    p, q = torch.where(below, p, 0.0), torch.where(below, q, 0.0)
    tail_p, tail_q = 1 - p.sum(-1), 1 - q.sum(-1)
    return _term(p, q).sum(-1) + _term(tail_p.clamp_(min=0), tail_q.clamp_(min=0))


def margin(scale: Tensor, dtype: torch.dtype) -> Tensor:
    """Return bits by which rounding can make the bound, or the map it stands for, err.

    A logit that sums hidden_size products in float32 is taken to be off by no more than 32 units
    in its last place, as in the check of a model's anatomy; one that is rounded to 16 bits, by
    half a unit there. If every logit is off by at most δ, each p_v is off by a factor within
    exp(±2δ). A term of T then moves by at most 2δ · p ½ log₂((p+q)/2p) ≤ δ q / (2 ln 2), and P by
    2δ, its term by δ: together less than 2 δ bits. The map and q, computed from such logits too,
    get the same again; 1e-5 bits pay for the sums.

    Args:
        scale: Largest size of the logits, any shape.
        dtype: In which the model computes them.
    """
    exact = torch.promote_types(dtype, torch.float32)
    unit = max(32 * torch.finfo(exact).eps, torch.finfo(dtype).eps / 2)
    return 4 * unit * scale.clamp(min=1.0) + 1e-5


def _term(p: Tensor, q: Tensor) -> Tensor:
    """Return f(p, q); 0 where both are 0."""
    both = (p + q).clamp_(min=torch.finfo(p.dtype).tiny)
    return (torch.xlogy(p, 2 * p / both) + torch.xlogy(q, 2 * q / both)) * (0.5 / log(2))
