"""Slow, plain computations in float64 that share no code with bathyscope."""

from itertools import combinations, permutations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax

Values = NDArray[np.float64]


def log_probs(model: Any, prompt_ids: tuple[int, ...], target_ids: tuple[int, ...]) -> Values:
    """Return ln p of each target token, from one forward pass of the whole sequence."""
    with torch.no_grad():
        logits = model(torch.tensor([prompt_ids + target_ids])).logits[0].double().numpy()
    rows = log_softmax(logits, axis=-1)
    first = len(prompt_ids) - 1
    return np.array([rows[first + t, id] for t, id in enumerate(target_ids)])


def logits(model: Any, prompt_ids: tuple[int, ...], target_ids: tuple[int, ...]) -> Values:
    """Return the logit of each target token, from one forward pass of the whole sequence."""
    with torch.no_grad():
        rows = model(torch.tensor([prompt_ids + target_ids])).logits[0].double().numpy()
    first = len(prompt_ids) - 1
    return np.array([rows[first + t, id] for t, id in enumerate(target_ids)])


def shapley(values: dict[frozenset[int], Values], count: int) -> Values:
    """Return Shapley values as the mean marginal effect over all orders of arrival."""
    total = np.zeros((len(values[frozenset()]), count))
    orders = list(permutations(range(count)))
    for order in orders:
        present: frozenset[int] = frozenset()
        for feature in order:
            total[:, feature] += values[present | {feature}] - values[present]
            present |= {feature}
    return total / len(orders)


def banzhaf(values: dict[frozenset[int], Values], count: int) -> Values:
    """Return Banzhaf values as the mean effect over all sets of the other features."""
    result = np.zeros((len(values[frozenset()]), count))
    for feature in range(count):
        others = [c for c in values if feature not in c]
        effects = [values[c | {feature}] - values[c] for c in others]
        result[:, feature] = np.mean(effects, axis=0)
    return result


def interactions(values: dict[frozenset[int], Values], count: int) -> Values:
    """Return Shapley interactions (targets, features, features) by their recursive definition.

    What i and j get when they come as one player, less what each gets where the other is not
    there (Grabisch & Roubens 1999). Diagonal: Shapley values.
    """
    result = np.zeros((len(values[frozenset()]), count, count))
    for feature, value in enumerate(shapley(values, count).T):
        result[:, feature, feature] = value
    for i, j in combinations(range(count), 2):
        others = [k for k in range(count) if k not in (i, j)]

        def first_players_value(player: list[int], others: list[int] = others) -> Values:
            parts = [player, *([k] for k in others)]
            reduced = {
                chosen: values[frozenset(k for part in chosen for k in parts[part])]
                for size in range(len(parts) + 1)
                for chosen in map(frozenset, combinations(range(len(parts)), size))
            }
            first: Values = shapley(reduced, len(parts))[:, 0]
            return first

        together = first_players_value([i, j])
        result[:, i, j] = together - first_players_value([i]) - first_players_value([j])
        result[:, j, i] = result[:, i, j]
    return result


def divergences(model: Any, ids: tuple[int, ...], first: int, lens: str) -> Values:
    """Return JSD in bits of layers 1..L−1 from the model's own output at positions first − 1…"""
    with torch.no_grad():
        output = model(torch.tensor([ids]), output_hidden_states=True)
        states = output.hidden_states  # embedding, layer 1, …, last layer (already normed)
        body = getattr(model, "model", None) or model.transformer
        norm = body.norm if hasattr(body, "norm") else body.ln_f
        cap = getattr(model.config, "final_logit_softcapping", None)
        result = []
        for state in states[1:-1]:
            logits = model.lm_head(norm(state) if lens == "norm" else state)[0]
            if cap:
                logits = cap * torch.tanh(logits / cap)
            row = [
                jensenshannon(_softmax(logits[t]), _softmax(output.logits[0, t]), base=2) ** 2
                for t in range(first - 1, len(ids) - 1)
            ]
            result.append(row)
    return np.array(result)


def _softmax(logits: torch.Tensor) -> Values:
    probabilities: Values = np.exp(log_softmax(logits.double().numpy()))
    return probabilities
