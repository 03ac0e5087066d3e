"""May prompts share the computation of their prefixes in this model? Decided by trying."""

from typing import Any

import torch
from torch import Tensor

from bathyscope.model.anatomy import Anatomy
from bathyscope.model.forest import Forest, Scores
from bathyscope.model.prefix_tree import Edge, Ids, separate, shared_prefixes

# Branchings at unequal depths, so that pasts of unequal length meet in one pass.
_SHAPES = (
    (0, 1, 2, 3, 4, 5, 6, 7),
    (0, 1, 2, 3, 8, 9),
    (0, 1, 2, 3, 8, 4, 2),
    (0, 1, 5, 5, 1),
    (6, 3, 3),
)


def why_not_shared(model: Any, anatomy: Anatomy) -> str | None:
    """Return why a cache of prefixes would be wrong in this model; None where it is right.

    State-space and recurrent models keep no keys and values of single positions; others may read
    positions or masks in ways of their own. Rather than list them, a few sequences are scored
    with shared prefixes and without.
    """
    if _keeps_a_state(model):
        return "it carries a running state from token to token, which cannot be branched"
    vocab_size = model.get_input_embeddings().weight.shape[0]
    sequences = [tuple((7919 * (i + 1)) % vocab_size for i in shape) for shape in _SHAPES]
    apart, logits = _scores(model, anatomy, separate(sequences), sequences)
    try:
        together, _ = _scores(
            model, anatomy, shared_prefixes(sequences, [1] * len(sequences)), sequences
        )
    except Exception as error:  # whatever a foreign forward pass makes of our cache
        return f"its cache cannot be branched ({type(error).__name__})"
    change = float((together - apart).abs().max())
    # ln p is a difference of logits, so it is rounded as they are, however small it is itself.
    scale = max(1.0, float(apart.abs().max()), float(logits.abs().max()))
    if change <= 64 * torch.finfo(model.dtype).eps * scale:
        return None
    return f"with a branched cache its log-probabilities change by {change:.2g} nats"


def longest_shareable(model: Any) -> int | None:
    """Return the number of tokens up to which a prefix is the same whatever follows it.

    None where that is always so. With the rotary positions called "longrope" (Phi-3 of 128k) all
    tokens of a longer sequence turn by other angles, those of its beginning too.
    """
    given = getattr(model.config.get_text_config(), "rope_parameters", None) or {}
    each = [given, *(value for value in given.values() if isinstance(value, dict))]
    lengths = [
        one["original_max_position_embeddings"]
        for one in each
        if one.get("rope_type") == "longrope"
    ]
    return min(lengths, default=None)


def _keeps_a_state(model: Any) -> bool:
    """Tell whether some layer is recurrent: its cache has a state instead of keys and values."""
    input_ids = torch.zeros(1, 2, dtype=torch.long, device=model.device)
    with torch.inference_mode():
        output = model(input_ids=input_ids, use_cache=True, return_dict=True)
    cache = getattr(output, "past_key_values", None)
    layers = getattr(cache, "layers", ())
    return cache is None or any(hasattr(layer, "recurrent_states") for layer in layers)


def _scores(
    model: Any, anatomy: Anatomy, roots: list[Edge], sequences: list[Ids]
) -> tuple[Tensor, Tensor]:
    """Return ln p and logit of the last token of each sequence."""
    found: dict[int, Scores] = {}
    targets = [sequence[-1:] for sequence in sequences]
    Forest(model, anatomy, 64).score(roots, targets, found.__setitem__)
    scores = [found[index] for index in range(len(sequences))]
    return torch.cat([s.log_probs for s in scores]), torch.cat([s.logits for s in scores])
