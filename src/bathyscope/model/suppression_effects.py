"""Effects of suppressed tokens on the predictions of later ones."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bathyscope.model.device import exact_float
from bathyscope.model.suppression import Suppressor

Numbers = NDArray[np.float64]

_ROWS = 64  # of the vocabulary's width that are held at once, in float64

ROWS_HELD = 5 * _ROWS
"""Rows of logits in float32, with what is computed from them, that take as much."""

NUCLEUS, MOST_KEPT, NUCLEUS_TEMPERATURE = 0.9999, 100, 0.6
"""What the published code of thought anchors keeps of a prediction, and its temperature."""

_MISSING = -1e9  # the logit that it gives to tokens that it has not kept


def token_effects(
    suppressor: Suppressor, keys: range, tokens: Sequence[int], temperature: float = 1.0
) -> tuple[Numbers, Numbers]:
    """Return what some tokens lose where the keys are invisible to all positions behind them.

    Of a token at position t the prediction is that at t − 1. Where that lies before or inside the
    keys nothing changes: exactly 0.

    Args:
        suppressor: The text.
        keys: The positions that are suppressed.
        tokens: Positions of the tokens, ascending.
        temperature: By which logits are divided.

    Returns:
        KL(base ‖ suppressed) over the whole vocabulary, and ln p suppressed − ln p base of the
        tokens themselves; nats, both of shape (tokens,), float64.
    """
    divergence, change = np.zeros(len(tokens)), np.zeros(len(tokens))
    later = [index for index, token in enumerate(tokens) if token - 1 >= keys.stop]
    if not later:
        return divergence, change
    hidden = suppressor.hidden(keys, keys.stop)
    for first in range(0, len(later), _ROWS):
        part = later[first : first + _ROWS]
        places = torch.tensor([tokens[index] - 1 for index in part], device=hidden.device)
        ids = torch.tensor(
            [[suppressor.ids[tokens[index]]] for index in part], device=hidden.device
        )
        base = _log_probs(suppressor, suppressor.states[places], temperature)
        masked = _log_probs(suppressor, hidden[places - keys.stop], temperature)
        apart = base - masked
        divergence[part] = (base.exp() * apart).sum(-1).clamp(min=0).cpu().numpy()
        change[part] = -apart.gather(-1, ids)[:, 0].cpu().numpy()
    return divergence, change


def nucleus_divergence(suppressor: Suppressor, keys: range) -> Numbers:
    """Return the divergence at every position as the published code of thought anchors has it.

    The keys are invisible to every position, their own included. Of each prediction the most
    probable tokens up to `NUCLEUS` are kept, at most `MOST_KEPT`, their logits in half precision;
    a token that only the other has kept gets the logit −1e9, which makes the divergence large
    wherever the two nuclei differ. Natural logarithm, temperature `NUCLEUS_TEMPERATURE`.

    Returns:
        Shape (tokens,), float64; 0 before the keys.
    """
    found = np.zeros(len(suppressor.ids))
    hidden = suppressor.hidden(keys, keys.start)
    for first in range(0, len(hidden), _ROWS):
        part = slice(first, first + _ROWS)
        base = suppressor.logits(suppressor.states[keys.start :][part])
        masked = suppressor.logits(hidden[part])
        place = slice(keys.start + first, keys.start + first + len(base))
        found[place] = [_between(_kept(a), _kept(b)) for a, b in zip(base, masked, strict=True)]
    return found


def _log_probs(suppressor: Suppressor, states: Tensor, temperature: float) -> Tensor:
    logits = suppressor.logits(states)
    return (logits.to(exact_float(logits.device)) / temperature).log_softmax(-1)


def _kept(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the ids that are kept of a prediction, and their logits."""
    probabilities, order = (logits.float() / NUCLEUS_TEMPERATURE).softmax(-1).sort(descending=True)
    enough = int(torch.searchsorted(probabilities.cumsum(0), NUCLEUS)) + 1
    ids = order[: min(enough, MOST_KEPT)]
    return ids, logits[ids].half().float()


def _between(base: tuple[Tensor, Tensor], masked: tuple[Tensor, Tensor]) -> float:
    ids: Tensor = torch.cat([base[0], masked[0]]).unique()  # type: ignore[no-untyped-call]
    parts = []
    for own, logits in (base, masked):
        full = torch.full((len(ids),), _MISSING, device=ids.device)
        full[torch.searchsorted(ids, own)] = logits
        parts.append((full / NUCLEUS_TEMPERATURE).log_softmax(-1))
    terms = parts[0].exp() * (parts[0] - parts[1])
    return max(0.0, float(terms[parts[0].exp() > 0].sum()))
