"""Evidence: how probable a continuation was, and what the model would have written instead.

A map explains a continuation whether or not the model would ever have written it. Where it was
given, what the map says holds for a text that may have been forced on the model; these numbers say
how much it was.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import Axis, FloatArray, number_or_null
from bathyscope.runs.validation import floats

LEAST = 0.01
"""A given token is improbable where the model gives it less than this."""

_SMALLEST_EXPONENT = -700.0  # below that a power of e is not a normal number any more


@dataclass(frozen=True)
class Evidence:
    """A continuation's tokens beside those that the model would have written in their place.

    All numbers are those of the model's own predictions after the whole prompt and the
    continuation's tokens before each one.

    Attributes:
        tokens: The continuation's tokens, with their ids.
        log_probs: ln p of each, nats, shape (tokens,); −inf where p is 0.
        ranks: Place of each among all tokens, 1 the most probable, int64, shape (tokens,).
        greedy: The most probable token at each position, with its id.
        greedy_log_probs: ln p of each of those, nats, shape (tokens,).
    """

    tokens: Axis
    log_probs: FloatArray
    ranks: NDArray[np.int64]
    greedy: Axis
    greedy_log_probs: FloatArray

    @property
    def log_prob(self) -> float:
        """The natural logarithm of the whole continuation's probability, nats."""
        return math.fsum(self.log_probs.tolist())

    @property
    def improbable(self) -> tuple[int, ...]:
        """Positions of the tokens with p below `LEAST`, from 0, in the order of the text."""
        return tuple(np.flatnonzero(self.log_probs < math.log(LEAST)).tolist())

    @property
    def otherwise(self) -> tuple[int, ...]:
        """Positions at which the model would have written another token, from 0."""
        pairs = zip(self.tokens.ids or (), self.greedy.ids or (), strict=True)
        return tuple(index for index, (own, greedy) in enumerate(pairs) if own != greedy)

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values; null stands for ln 0."""
        return {
            "tokens": {"labels": list(self.tokens.labels), "ids": list(self.tokens.ids or ())},
            "log_probs": [number_or_null(value) for value in self.log_probs.tolist()],
            "ranks": self.ranks.tolist(),
            "greedy": {
                "labels": list(self.greedy.labels),
                "ids": list(self.greedy.ids or ()),
                "log_probs": self.greedy_log_probs.tolist(),
            },
        }

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the numbers by the names that they have in a run's `arrays.safetensors`."""
        return {
            f"{prefix}_log_probs": self.log_probs,
            f"{prefix}_ranks": self.ranks,
            f"{prefix}_greedy_ids": np.array(self.greedy.ids, dtype=np.int64),
            f"{prefix}_greedy_log_probs": self.greedy_log_probs,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any], ids: list[int] | None) -> "Evidence":
        """Rebuild it from `to_document`.

        Args:
            document: The plain JSON values.
            ids: The continuation's token ids as the run knows them; None where it does not.

        Raises:
            KeyError, TypeError, ValueError: The document is damaged or contradicts itself.
        """
        tokens, greedy = _axis("token", document["tokens"]), _axis("greedy", document["greedy"])
        if ids is not None and list(tokens.ids or ()) != list(ids):
            raise ValueError("the probabilities are those of other tokens")
        count = len(tokens)
        log_probs = floats(document["log_probs"], count)
        log_probs[np.isnan(log_probs)] = -np.inf
        found = cls(
            tokens,
            log_probs,
            np.array([_whole(rank, 1) for rank in document["ranks"]], dtype=np.int64),
            greedy,
            floats(document["greedy"]["log_probs"], count),
        )
        found.require_sense()
        return found

    def require_sense(self) -> None:
        """Raise ValueError where the numbers cannot all be true."""
        if not len(self.tokens) == len(self.greedy) == len(self.ranks) > 0:
            raise ValueError("the probabilities are not one for each token")
        if not (self.greedy_log_probs <= 0).all() or np.isinf(self.greedy_log_probs).any():
            raise ValueError("a probability is none")
        if not (self.log_probs <= self.greedy_log_probs).all():
            raise ValueError("a token is more probable than the most probable one")
        if (self.ranks < 1).any():
            raise ValueError("a rank is below 1")
        first = self.ranks == 1
        if (self.log_probs[first] != self.greedy_log_probs[first]).any():
            raise ValueError("a token's rank contradicts its probability")
        written = np.setdiff1d(np.arange(len(self.ranks)), self.otherwise)
        if (self.ranks[written] != 1).any():
            raise ValueError("a most probable token does not rank first")


def evidence_document(evidence: Evidence | None, against: Evidence | None = None) -> dict[str, Any]:
    """Return what a run's document holds of a continuation and of what it is compared with."""
    named = {"evidence": evidence, "against_evidence": against}
    return {name: one.to_document() for name, one in named.items() if one is not None}


def evidence_arrays(
    evidence: Evidence | None, against: Evidence | None = None
) -> dict[str, NDArray[Any]]:
    """Return the same as named arrays."""
    own = {} if evidence is None else evidence.arrays("evidence")
    return own | ({} if against is None else against.arrays("against_evidence"))


def read_evidence(document: Mapping[str, Any]) -> tuple[Evidence | None, Evidence | None]:
    """Rebuild both from a run's document; None for what it does not hold.

    Raises:
        KeyError, TypeError, ValueError: The document is damaged or contradicts itself.
    """
    own, against = document.get("evidence"), document.get("against_evidence")
    provenance = document["provenance"]
    if against is not None and provenance.get("against") is None:
        raise ValueError("there are probabilities of a comparison, but nothing was compared")
    return (
        None if own is None else Evidence.from_document(own, provenance["target_ids"]),
        None if against is None else Evidence.from_document(against, None),
    )


def probability(log_prob: float) -> str:
    """Return p as people read it, `0.63` or `4.3e-06`, never on the wrong side of `LEAST`.

    Args:
        log_prob: ln p in nats; a sum over many tokens may be far below what a float can hold as p.
    """
    if log_prob == -math.inf:
        return "0"
    if log_prob < _SMALLEST_EXPONENT:
        exponent = math.floor(log_prob / math.log(10))
        mantissa = f"{10 ** (log_prob / math.log(10) - exponent):.1f}"
        return f"1.0e{exponent + 1}" if mantissa == "10.0" else f"{mantissa}e{exponent}"
    below = log_prob < math.log(LEAST)
    for digits in range(2, 17):
        shown = f"{math.exp(log_prob):.{digits}g}"
        if (float(shown) < LEAST) == below:
            return shown
    return shown


def _axis(name: str, document: Mapping[str, Any]) -> Axis:
    labels = tuple(document["labels"])
    if not all(isinstance(label, str) for label in labels):
        raise TypeError(f"a label of {name} is no text")
    return Axis(name, labels, tuple(_whole(id, 0) for id in document["ids"]))


def _whole(value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"a whole number from {least} was expected, not {value!r}")
    return value
