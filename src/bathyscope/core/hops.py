"""Shares passed on: what an answer owes to the prompt directly, and through its steps."""

from dataclasses import dataclass

import numpy as np

from bathyscope.core.heatmap import FloatArray


@dataclass(frozen=True)
class Total:
    """Shares of the answer among all passages, which sum to 1; all 0 where nothing supports it.

    Attributes:
        direct: The answer's own shares, shape (columns,).
        through: Where they end when each step passes its share on to what it owes itself to, same
            shape: on a part of the prompt, or on a step that owes itself to nothing.
        hops: How many times shares were passed on.
    """

    direct: FloatArray
    through: FloatArray
    hops: int


def total_of(values: FloatArray, parts: int) -> Total:
    """Return the direct and the multi-hop shares of the last row of a chain's map.

    A row's share of a column is its value, if positive, over the sum of the row's positive values.
    The answer's shares of steps are passed on: a step that has the mass m gives m times its own
    shares to what stands before it, until no step with a positive value has mass left. This is the
    recursion of FlashTrace (Pan et al. 2026, arXiv 2602.01914: the mass on the reasoning becomes
    the weights of the next hop, what is on the input is kept) over the steps of a deletion map
    instead of over tokens, until nothing is left to pass on. A heuristic: shares of log-probability
    do not compose, and what opposes is left out.

    Args:
        values: The map, shape (steps + 1, parts + steps); column parts + i is row i.
        parts: Parts of the prompt.
    """
    # Of an infinite value no share can be given; a record, too, keeps it as no number.
    positive = np.maximum(np.where(np.isfinite(values), values, 0.0), 0.0)
    sums = positive.sum(axis=1, keepdims=True)
    shares = np.divide(positive, sums, out=np.zeros_like(positive), where=sums > 0)
    mass, hops = shares[-1].copy(), 0
    passing = np.concatenate([np.zeros(parts, dtype=bool), sums[:-1, 0] > 0])
    while (mass[passing] > 0).any():
        handed = np.where(passing, mass, 0.0)
        mass = mass - handed + handed[parts:] @ shares[:-1]
        hops += 1
    return Total(shares[-1], mass, hops)
