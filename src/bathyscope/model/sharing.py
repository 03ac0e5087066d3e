"""Sharing of prefixes between prompts: whether a model allows it, decided by trying."""

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from bathyscope.core.errors import ModelError
from bathyscope.model.foreign import run, text_config
from bathyscope.model.forest import Forest
from bathyscope.model.head import Head
from bathyscope.model.logits import as_float, logits_of, shared_vocabulary
from bathyscope.model.past import cache_of
from bathyscope.model.prefix_tree import Edge, Ids, separate, shared_prefixes
from bathyscope.model.scores import Scores

# Where sequences leave each other and how long they are, in tokens: pasts of unequal length go on
# together, a short sequence begins beside them, and rows are padded behind.
_TRUNKS = (31, 20, 27, 5, 4)
_BRANCHES = (
    # trunk, tokens of it that are kept, tokens behind
    (0, 31, 9),
    (0, 31, 6),
    (0, 23, 12),
    (1, 20, 8),
    (1, 20, 11),
    (1, 14, 7),
    (2, 27, 5),
    (3, 5, 4),
    (4, 4, 4),
)
_LONGEST = 40
_TARGET = 3
# Tokens of a pass, as in real runs.
_TOKENS_PER_PASS = 1024
# Layers of a cache of which a branch can be made.
_KEYS_AND_VALUES = (DynamicLayer, DynamicSlidingWindowLayer)


def why_not_shared(model: Any, head: Head) -> str | None:
    """Return why a cache of prefixes would be wrong in this model; None where it is right.

    State-space and recurrent models keep no keys and values of single positions; others may read
    positions or masks in ways of their own. Rather than list them, a few sequences are scored
    with shared prefixes, and each by a pass of its own.
    """
    more = _keeps_more(model)
    if more is not None:
        return more
    sequences = _sequences(model)
    roots = shared_prefixes(sequences, [_TARGET] * len(sequences))
    try:
        change, pasts = _change(model, head, roots, sequences)
    except Exception as error:  # whatever a foreign forward pass makes of our cache
        cause = error.__cause__ or error
        return f"its cache cannot be branched ({type(cause).__name__})"
    if not any(len(met) > 1 and met[0] == 0 for met in pasts) or not any(
        len([past for past in met if past]) > 1 for met in pasts
    ):
        return "its context is too short to try whether pasts of unequal length may meet"
    if change is None:
        return None
    return f"with a branched cache its log-probabilities change by {change:.2g} nats"


def why_not_batched(model: Any, head: Head) -> str | None:
    """Return why whole sequences must not meet in one pass; None where they may."""
    sequences = _sequences(model)
    change, _ = _change(model, head, separate(sequences), sequences)
    if change is None:
        return None
    return f"other texts in the same pass change its log-probabilities by {change:.2g} nats"


def longest_shareable(model: Any) -> int | None:
    """Return the number of tokens up to which a prefix is the same whatever follows it.

    None where that is always so. With the rotary positions called "longrope" (Phi-3 of 128k) all
    tokens of a longer sequence turn by other angles, those of its beginning too.
    """
    given = getattr(text_config(model), "rope_parameters", None) or {}
    each = [given, *(value for value in given.values() if isinstance(value, dict))]
    lengths = [
        one["original_max_position_embeddings"]
        for one in each
        if one.get("rope_type") == "longrope"
    ]
    return min(lengths, default=None)


def _keeps_more(model: Any) -> str | None:
    """Return what the model's own cache keeps beside keys and values; None where nothing.

    Seen in the kinds of its layers, because no short trial reaches the length from which on the
    indexes and summaries of sparse attention count.
    """
    input_ids = torch.zeros(1, 2, dtype=torch.long, device=model.device)
    with torch.inference_mode():
        try:
            output = run(model, input_ids=input_ids, use_cache=True)
        except ModelError as error:
            return f"it fails with a cache ({type(error.__cause__).__name__})"
    cache = cache_of(output)
    layers = getattr(cache, "layers", ())
    if cache is None or any(hasattr(layer, "recurrent_states") for layer in layers):
        return "it carries a running state from token to token, which cannot be branched"
    others = {type(layer).__name__ for layer in layers if type(layer) not in _KEYS_AND_VALUES}
    if others:
        return f"its cache keeps more of a token than keys and values ({', '.join(sorted(others))})"
    return None


def _sequences(model: Any) -> list[Ids]:
    """Return sequences that branch, as long as the model's context has room for."""
    vocab_size = shared_vocabulary(model)
    config = text_config(model)
    limits = (getattr(config, "max_position_embeddings", None), longest_shareable(model))
    scale = min([_LONGEST, *(limit for limit in limits if limit is not None)]) / _LONGEST

    def some(kind: int, count: int) -> Ids:
        return tuple((7919 * (i + 1) + 104729 * kind) % vocab_size for i in range(count))

    return [
        some(trunk, max(1, int(kept * scale)))
        + some(len(_TRUNKS) + kind, max(1 + _TARGET, int(own * scale)))
        for kind, (trunk, kept, own) in enumerate(_BRANCHES)
    ]


def _change(
    model: Any, head: Head, roots: list[Edge], sequences: list[Ids]
) -> tuple[float | None, list[tuple[int, ...]]]:
    """Score sequences as a forest and each by the model alone.

    Returns:
        The largest change of ln p, None where rounding explains it; and for each pass the lengths
        of the pasts that met in it.
    """
    targets = [sequence[-_TARGET:] for sequence in sequences]
    found: dict[int, Scores] = {}
    forest = Forest(model, head, _TOKENS_PER_PASS)
    forest.score(roots, targets, found.__setitem__)
    changes, scale = [], 1.0
    for index, (sequence, target) in enumerate(zip(sequences, targets, strict=True)):
        input_ids = torch.tensor([sequence], device=model.device)
        logits = as_float(logits_of(model, input_ids)[0, -_TARGET:])
        ids = torch.tensor(target, device=logits.device)[:, None]
        alone = logits.log_softmax(-1).gather(-1, ids)[:, 0].cpu().double()
        changes.append(torch.from_numpy(found[index].log_probs) - alone)
        scale = max(scale, float(logits.abs().max()), float(alone.abs().max()))
    # ln p is a difference of logits, so it is rounded as they are, however small it is itself.
    change = torch.cat(changes)
    right = only_rounding(change / scale, model.dtype)
    return None if right else float(change.abs().max()), forest.pasts_met


def only_rounding(change: Tensor, dtype: torch.dtype) -> bool:
    """Tell whether rounding alone explains relative changes of what a whole model computes.

    What is wrong for one number is wrong for many, rounding is not: their mean tells it from the
    coarse steps of half precision.
    """
    # Whatever their dtype, many models compute angles, norms and routes in float32.
    eps = max(torch.finfo(dtype).eps, torch.finfo(torch.float32).eps)
    mean = float(change.square().mean().sqrt())
    return float(change.abs().max()) <= 64 * eps and mean <= 8 * eps
