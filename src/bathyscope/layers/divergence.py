"""Jensen-Shannon divergence between distributions over the vocabulary."""

from math import log

import torch
from torch import Tensor

from bathyscope.core.heatmap import Quantity

JENSEN_SHANNON = Quantity(
    name="Jensen-Shannon divergence",
    unit="bits",
    bounds=(0.0, 1.0),
    neutral=None,
    legend="bits between a layer's prediction and the last layer's: 0 decided, 1 undecided",
)
"""Cell (l, t): JSD(p_t,l, p_t,L) of the predictions for token t after layer l and at the end."""


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    """Return JSD(p, q) = ½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q) / 2, in bits.

    Logarithms are of base 2, so values lie in 0..1; equal distributions give exactly 0. Source:
    Lin 1991, "Divergence measures based on the Shannon entropy".

    Args:
        p: Probabilities, shape (..., vocab_size).
        q: Probabilities, broadcastable to the shape of `p`.

    Returns:
        Divergences, shape (...).
    """
    # With r = p / m, q / m is 2 − r: one quotient serves both halves. Where p and q are both 0
    # there is nothing to add, and r = 1 in place of 0 / 0 adds nothing. Among numbers too small
    # to be normal m is rounded so coarsely that r could pass its bound of 2.
    middle = (p + q).mul_(0.5)
    ratio = (p / middle).nan_to_num_(nan=1.0).clamp_max_(2.0)
    other = 2 - ratio
    terms = torch.xlogy(ratio, ratio).add_(torch.xlogy(other, other)).mul_(middle)
    # The bounds hold in exact arithmetic; the clamp takes off rounding in the last place only.
    return terms.sum(-1).mul_(0.5 / log(2)).clamp_(0.0, 1.0)


def jensen_shannon_from_entropies(joint: Tensor, of_p: Tensor, of_q: Tensor) -> Tensor:
    """Return the same divergence from entropies: JSD(p, q) = H(m) − ½ H(p) − ½ H(q), in bits.

    Takes one logarithm for each entry instead of two and a quotient, but subtracts numbers of up
    to log₂(vocab_size) bits from each other, so the rounding of float32 is left over: some 2e-6
    bits, whatever the size of the divergence.

    Args:
        joint: Σ (p + q) ln (p + q), nats, which is −2 H(m) + 2 ln 2.
        of_p: H(p) in nats, same shape.
        of_q: H(q) in nats, broadcastable.
    """
    return (1.0 - (joint + of_p + of_q).mul_(0.5 / log(2))).clamp_(0.0, 1.0)
