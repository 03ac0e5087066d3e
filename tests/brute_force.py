"""Slow, plain computations in float64 that share no code with bathyscope."""

from itertools import combinations, permutations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax, rel_entr

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
        result = []
        for state in intermediate_states(model, output.hidden_states):
            logits = unembedded(model, state, lens)[0]
            row = [
                jensenshannon(_softmax(logits[t]), _softmax(output.logits[0, t]), base=2) ** 2
                for t in range(first - 1, len(ids) - 1)
            ]
            result.append(row)
    return np.array(result)


def residual_stream(model: Any, ids: tuple[int, ...]) -> list[torch.Tensor]:
    """Return the output of every layer, first to last, each (tokens, hidden)."""
    states: list[torch.Tensor] = []

    def keep(module: Any, inputs: Any, output: Any) -> None:
        states.append((output[0] if isinstance(output, tuple) else output)[0])

    handles = [block.register_forward_hook(keep) for block in blocks(model)]
    with torch.no_grad():
        model(torch.tensor([ids]))
    for handle in handles:
        handle.remove()
    return states


def tuned_divergences(
    model: Any, ids: tuple[int, ...], first: int, weight: torch.Tensor, bias: torch.Tensor
) -> Values:
    """Return JSD in bits under translators, (layers, tokens), at positions first − 1…"""
    own, last = tuned_predictions(model, ids, weight, bias)
    return np.array(
        [
            [jensenshannon(p[t], last[t], base=2) ** 2 for t in range(first - 1, len(ids) - 1)]
            for p in own
        ]
    )


def tuned_losses(
    model: Any, ids: tuple[int, ...], weight: torch.Tensor, bias: torch.Tensor
) -> Values:
    """Return KL(last ‖ layer) in nats under translators, (layers, tokens), at all positions."""
    own, last = tuned_predictions(model, ids, weight, bias)
    return np.array([[rel_entr(last[t], p[t]).sum() for t in range(len(ids))] for p in own])


def tuned_predictions(
    model: Any, ids: tuple[int, ...], weight: torch.Tensor, bias: torch.Tensor
) -> tuple[list[Values], Values]:
    """Return each layer's probabilities under translators, and the model's own; one by one."""
    *states, _ = residual_stream(model, ids)
    own = []
    with torch.no_grad():
        last = _rows(model(torch.tensor([ids])).logits[0])
        for state, a, b in zip(states, weight, bias, strict=True):
            moved = torch.stack([h + a @ h + b for h in state])
            own.append(_rows(unembedded(model, moved[None], "norm")[0]))
    return own, last


def unembedded(model: Any, state: torch.Tensor, lens: str) -> torch.Tensor:
    """Return the logits that a lens reads from a state, what the family does to them included."""
    norm, projection = _final_modules(model)
    head = model.get_output_embeddings()
    logits: torch.Tensor = head(projection(norm(state) if lens == "norm" else state))
    logits = logits / getattr(model.config, "logits_scaling", 1.0)
    cap = getattr(model.config, "final_logit_softcapping", None)
    return cap * torch.tanh(logits / cap) if cap else logits


def blocks(model: Any) -> Any:
    """Return the layers of the residual stream, first to last."""
    body = _body(model)
    return next(getattr(body, name) for name in ("layers", "h") if hasattr(body, name))


def intermediate_states(model: Any, hidden_states: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the states of layers 1..L−1 among those that transformers returns.

    It lists the embedding, layer 1 and so on to the last layer, which is normed already; of Mamba
    no embedding, but the last layer both ways.
    """
    return hidden_states[:-2] if model.config.model_type == "mamba" else hidden_states[1:-1]


def _final_modules(model: Any) -> tuple[Any, Any]:
    """Return the norm after the last layer and, behind it, OPT's projection."""
    body = _body(model)
    names = ("norm", "ln_f", "norm_f", "final_layer_norm")
    norm = next(getattr(body, name) for name in names if hasattr(body, name))
    return norm, getattr(body, "project_out", None) or torch.nn.Identity()


def _body(model: Any) -> Any:
    """Return what holds the layers and the norm after them."""
    return getattr(model.base_model, "decoder", model.base_model)


def _softmax(logits: torch.Tensor) -> Values:
    probabilities: Values = np.exp(log_softmax(logits.double().numpy()))
    return probabilities


def _rows(logits: torch.Tensor) -> Values:
    return np.stack([_softmax(row) for row in logits])


def _log_probs_from(
    model: Any, embeddings: torch.Tensor, first: int, ids: NDArray[np.int64]
) -> Values:
    """Return ln p of the target ids, (rows, targets), from embeddings (rows, tokens, hidden)."""
    with torch.no_grad():
        logits = model(inputs_embeds=embeddings).logits.numpy()
    rows = log_softmax(logits, axis=-1)[:, first - 1 : first - 1 + len(ids)]
    found: Values = np.take_along_axis(rows, ids[None, :, None], axis=-1)[..., 0]
    return found


def slopes(
    model: Any, prompt_ids: tuple[int, ...], target_ids: tuple[int, ...], directions: torch.Tensor
) -> Values:
    """Return d ln p / d h of each target token as embeddings move by h · direction.

    Central differences, which know nothing of how a gradient is computed.

    Args:
        model: In float64.
        prompt_ids: Tokens of the prompt.
        target_ids: Tokens of the continuation.
        directions: Shape (directions, tokens, hidden), the target's last token left out.
    """
    ids = prompt_ids + target_ids[:-1]
    with torch.no_grad():
        embeddings = model.get_input_embeddings()(torch.tensor(ids))
    step = 1e-5
    values = [
        _log_probs_from(
            model, embeddings + sign * step * directions, len(prompt_ids), np.array(target_ids)
        )
        for sign in (1, -1)
    ]
    return (values[0] - values[1]).T / (2 * step)


def gradients(model: Any, prompt_ids: tuple[int, ...], target_ids: tuple[int, ...]) -> Values:
    """Return d ln p of each target token at each embedding before it, one pass for each.

    Shape (targets, tokens, hidden), the target's last token left out; 0 at tokens that come later.
    """
    ids = prompt_ids + target_ids[:-1]
    weights = model.get_input_embeddings()
    result = []
    for index, id in enumerate(target_ids):
        count = len(prompt_ids) + index
        with torch.no_grad():
            embeddings = weights(torch.tensor([ids[:count]]))
        embeddings.requires_grad_()
        model(inputs_embeds=embeddings).logits[0, -1].log_softmax(-1)[id].backward()
        later = torch.zeros(len(ids) - count, embeddings.shape[-1], dtype=embeddings.dtype)
        result.append(torch.cat([embeddings.grad[0], later]).double().numpy())
    return np.array(result)
