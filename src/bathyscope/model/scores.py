"""Scores of tokens, and their standing among all that a model could say."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import Axis, FloatArray
from bathyscope.model.tokens import Tokens
from bathyscope.runs.evidence import Evidence


@dataclass(frozen=True)
class Standing:
    """Standing of a continuation's tokens among all that a model could say.

    Attributes:
        ranks: The place of each among all tokens, 1 the most probable, int64 (targets,).
        greedy_ids: The most probable token, the one of the lowest id where several are, int64.
        greedy_log_probs: ln p of that one, float64, nats.
    """

    ranks: NDArray[np.int64]
    greedy_ids: NDArray[np.int64]
    greedy_log_probs: FloatArray

    def part(self, own: slice) -> "Standing":
        """Return the standing of some of the tokens."""
        return Standing(self.ranks[own], self.greedy_ids[own], self.greedy_log_probs[own])


@dataclass(frozen=True)
class Scores:
    """Scores of the tokens of a forced continuation.

    Attributes:
        log_probs: ln p of each token, float64 (targets,), nats.
        logits: Its logit, float64 (targets,); None where the model does not tell it.
        standing: How it stands among all tokens; None where nobody asked, or it cannot be told.
    """

    log_probs: FloatArray
    logits: FloatArray | None = None
    standing: Standing | None = None

    def part(self, own: slice) -> "Scores":
        """Return the scores of some of the tokens."""
        return Scores(
            self.log_probs[own],
            None if self.logits is None else self.logits[own],
            None if self.standing is None else self.standing.part(own),
        )


def joined(parts: Sequence[Scores]) -> Scores:
    """Return the scores of several runs of tokens as those of one."""
    logits = [part.logits for part in parts if part.logits is not None]
    standings = [part.standing for part in parts if part.standing is not None]
    return Scores(
        np.concatenate([part.log_probs for part in parts]),
        np.concatenate(logits) if len(logits) == len(parts) else None,
        joined_standing(standings) if len(standings) == len(parts) else None,
    )


def joined_standing(parts: Sequence[Standing]) -> Standing:
    """Return the standings of several runs of tokens as that of one."""
    return Standing(
        *(np.concatenate([getattr(p, one.name) for p in parts]) for one in fields(Standing))
    )


def evidence_of(tokens: Tokens, ids: Sequence[int], scores: Scores) -> Evidence | None:
    """Return scores of a continuation as evidence.

    None where the model does not tell how its tokens stand, or its logits are no numbers.
    """
    standing = scores.standing
    if standing is None or np.isnan(standing.greedy_log_probs).any():
        return None
    greedy_ids = [int(id) for id in standing.greedy_ids]
    # Each for itself: successive ones are no text, and their bytes belong to no common character.
    labels = tuple(tokens.axis("token", [id]).labels[0] for id in greedy_ids)
    return Evidence(
        tokens=tokens.axis("token", ids),
        log_probs=scores.log_probs,
        ranks=standing.ranks,
        greedy=Axis("token", labels, tuple(greedy_ids)),
        greedy_log_probs=standing.greedy_log_probs,
    )
