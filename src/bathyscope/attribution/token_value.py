"""Value of a token: its log-probability, its logit, or its probability (no torch)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bathyscope.core.heatmap import FloatArray


@dataclass(frozen=True)
class TokenValue:
    """A way to measure how much a model wants a token.

    Attributes:
        unit: Its unit as it stands behind a number; empty where there is none.
        words: The unit in words: "in …".
        measure: From ln p (nats) and logits of tokens, of one shape, to their values.
    """

    unit: str
    words: str
    measure: Callable[[FloatArray, FloatArray], FloatArray]


TOKEN_VALUES: dict[str, TokenValue] = {
    "logprob": TokenValue("nats", "nats of log-probability", lambda log_probs, logits: log_probs),
    "logit": TokenValue("logits", "logits", lambda log_probs, logits: logits),
    "probability": TokenValue("", "probability", lambda log_probs, logits: np.exp(log_probs)),
}
"""What a coalition is worth to a target token: ln p of the token in nats (natural logarithm), its
logit before the softmax, or p itself, 0 to 1."""
