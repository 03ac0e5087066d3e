"""How tokens stand among all that a model could say: the one place where it is read off logits."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from bathyscope.core.heatmap import Axis
from bathyscope.model.tokens import Tokens
from bathyscope.runs.evidence import Evidence


@dataclass(frozen=True)
class Scores:
    """What the model gives to the tokens of a forced continuation, on the CPU.

    Attributes:
        log_probs: ln p of each token, float64 (targets,), nats.
        logits: Its logit, float64 (targets,).
        ranks: Its place among all tokens, 1 the most probable, int64 (targets,).
        greedy_ids: The most probable token, the one of the lowest id where several are, int64.
        greedy_log_probs: ln p of that one, float64, nats.
    """

    log_probs: Tensor
    logits: Tensor
    ranks: Tensor
    greedy_ids: Tensor
    greedy_log_probs: Tensor

    def part(self, own: slice) -> "Scores":
        """Return the scores of some of the tokens."""
        return Scores(*(getattr(self, field.name)[own] for field in fields(self)))


def scores_of(logits: Tensor, ids: Tensor) -> Scores:
    """Return how one token stands in each row of logits.

    Args:
        logits: The model's own, at least float32, shape (targets, vocab_size).
        ids: The tokens, int64 (targets,).
    """
    own = logits.gather(-1, ids[:, None])
    total = logits.logsumexp(-1)
    greedy = logits.max(-1)
    return Scores(
        log_probs=(own[:, 0] - total).double().cpu(),
        logits=own[:, 0].double().cpu(),
        ranks=((logits > own).sum(-1) + 1).cpu(),
        greedy_ids=greedy.indices.cpu(),
        greedy_log_probs=(greedy.values - total).double().cpu(),
    )


def joined(parts: Sequence[Scores]) -> Scores:
    """Return the scores of several runs of tokens as those of one."""
    return Scores(
        *(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Scores))
    )


def evidence_of(tokens: Tokens, ids: Sequence[int], scores: Scores) -> Evidence | None:
    """Return scores of a continuation as evidence; None where the model's logits are no numbers."""
    if scores.greedy_log_probs.isnan().any():
        return None
    greedy_ids = [int(id) for id in scores.greedy_ids.tolist()]
    # Each for itself: successive ones are no text, and their bytes belong to no common character.
    labels = tuple(tokens.axis("token", [id]).labels[0] for id in greedy_ids)
    return Evidence(
        tokens=tokens.axis("token", ids),
        log_probs=scores.log_probs.numpy(),
        ranks=scores.ranks.numpy(),
        greedy=Axis("token", labels, tuple(greedy_ids)),
        greedy_log_probs=scores.greedy_log_probs.numpy(),
    )
