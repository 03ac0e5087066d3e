"""Settling depth and deep-thinking ratio (Chen et al. 2026, arXiv 2602.13517)."""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray


def settling_depths(divergences: FloatArray, threshold: float = 0.5) -> NDArray[np.int64]:
    """Return for each token the first layer whose divergence has come down to the threshold.

    The first l with min over j ≤ l of JSD_t,j ≤ g; num_layers where no intermediate layer is.
    Layers count from 1 (arXiv 2602.13517, section 2).

    Args:
        divergences: JSD in bits, shape (num_layers − 1, tokens), layer 1 first.
        threshold: g, in bits.

    Returns:
        Int64 array (tokens,) of values in 1..num_layers.

    Raises:
        InputError: g lies outside of 0..1.
    """
    if not 0 <= threshold <= 1:
        raise InputError(f"The threshold g is a divergence in bits, 0 to 1, not {threshold:g}.")
    settled = divergences <= threshold
    num_layers = len(divergences) + 1
    return np.where(settled.any(axis=0), settled.argmax(axis=0) + 1, num_layers).astype(np.int64)


def deep_layer(num_layers: int, depth_fraction: float = 0.85) -> int:
    """Return the first layer that counts as deep, ⌈ρ·L⌉.

    Raises:
        InputError: ρ lies outside of 0..1.
    """
    if not 0 < depth_fraction <= 1:
        raise InputError(
            "The depth fraction ρ is a share of the layers, above 0 and up to 1, "
            f"not {depth_fraction:g}."
        )
    # Rounding first keeps 0.28 · 25 at 7, though it is 7.000000000000001 in binary.
    return ceil(round(depth_fraction * num_layers, 9))


def deep_thinking_ratio(
    depths: NDArray[np.int64], num_layers: int, depth_fraction: float = 0.85
) -> float:
    """Return the share of tokens that settle at layer ⌈ρ·L⌉ or later, 0 to 1.

    Args:
        depths: Settling depths, shape (tokens,).
        num_layers: L, the last layer included.
        depth_fraction: ρ.
    """
    return float(np.mean(depths >= deep_layer(num_layers, depth_fraction)))
