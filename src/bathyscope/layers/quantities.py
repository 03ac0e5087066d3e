"""What else a layer's prediction can be asked, beside its divergence from the last layer's.

For a layer l and the position that predicts token y: h is the residual stream after the layer, p
the prediction read off it through the lens, q the model's own. Logarithms are of base 2.
"""

from bathyscope.core.heatmap import Quantity

ENTROPY = Quantity("entropy", "bits", legend="H(p): bits of uncertainty in a layer's prediction")
"""H(p) = −Σ p log₂ p, from 0 to log₂(vocab_size)."""

KL_FROM_LAST = Quantity(
    "KL divergence from the last layer",
    "bits",
    legend="KL(q ‖ p): bits lost by whoever takes a layer's prediction for the last layer's",
)
"""KL(q ‖ p) = Σ q log₂(q / p), from 0 up, without limit."""

PROBABILITY = Quantity(
    "probability of the token", bounds=(0.0, 1.0), legend="p(y): what a layer gives the token"
)
"""p(y) of the token y that stands in the response."""

RANK = Quantity("rank of the token", legend="1: a layer would say this token itself")
"""1 + the number of tokens to which p gives strictly more than to y."""

COSINE = Quantity(
    "cosine with the last layer",
    bounds=(-1.0, 1.0),
    neutral=0.0,
    legend="cosine of the angle between a layer's residual stream and the last layer's",
)
"""h_l · h_L / (|h_l| |h_L|), of the residual stream itself: no norm, no lens."""

QUANTITIES: dict[str, Quantity] = {
    "entropy": ENTROPY,
    "kl_from_last": KL_FROM_LAST,
    "probability": PROBABILITY,
    "rank": RANK,
    "cosine": COSINE,
}
"""The further quantities by the name of their array, each of shape (num_layers − 1, tokens)."""
