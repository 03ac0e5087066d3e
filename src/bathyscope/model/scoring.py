"""Scores and standing read off logits, where these lie, and brought over at once.

The one place where both are read. On a device every number brought over alone is a wait.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bathyscope.model.device import exact_float
from bathyscope.model.scores import Scores, Standing


def read(logits: Tensor, total: Tensor, ids: Tensor) -> Tensor:
    """Return ln p and logit of one token in each row of logits, (2, targets).

    Args:
        logits: The model's own, at least float32, shape (targets, vocab_size).
        total: `logsumexp` of each row, (targets,). Computed once for both functions: of another
            number of rows it may be rounded otherwise, and ranks would contradict probabilities.
        ids: The tokens, int64 (targets,).
    """
    own = logits.gather(-1, ids[:, None])[:, 0]
    return torch.stack([own - total, own]).to(exact_float(logits.device))


def read_standing(logits: Tensor, total: Tensor, ids: Tensor) -> Tensor:
    """Return rank, most probable id and its ln p, all as numbers, (3, targets); see `read`."""
    own, greedy = logits.gather(-1, ids[:, None]), logits.max(-1)
    ranks = (logits > own).sum(-1) + 1
    found = ranks, greedy.indices, greedy.values - total
    return torch.stack([numbers.to(exact_float(logits.device)) for numbers in found])


def brought_over(
    readings: Sequence[Tensor], standings: Sequence[Tensor] = ()
) -> tuple[Scores, Standing | None]:
    """Return what was read of several runs of tokens, in one piece.

    Args:
        readings: What `read` gave of each.
        standings: What `read_standing` gave of those tokens of which it was asked.
    """
    parts = [torch.cat(list(one), dim=1) for one in (readings, standings) if one]
    numbers = torch.cat([part.flatten() for part in parts]).cpu().double().numpy()
    own = 2 * parts[0].shape[1]
    scores = Scores(*numbers[:own].reshape(2, -1))
    if len(parts) == 1:
        return scores, None
    ranks, ids, log_probs = numbers[own:].reshape(3, -1)
    return scores, Standing(ranks.astype(np.int64), ids.astype(np.int64), log_probs)
