"""Room for passes: how many tokens run, wait and are looked back on at once, so that they fit."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bathyscope.core.errors import BathyscopeError
from bathyscope.model.device import bytes_allowed
from bathyscope.model.foreign import run, text_config
from bathyscope.model.forest import Pass
from bathyscope.model.past import cache_of

TOKENS_PER_BATCH = 1024
"""Most tokens of a pass on a processor: enough to keep it busy, few enough that activations stay in
the hundreds of MB."""

# On an accelerator a pass reads all weights; more tokens than this no longer hide that.
_MOST_TOKENS = 16 * TOKENS_PER_BATCH

BYTES_PER_BATCH = 512 << 20
"""Caches and logits of the texts that are written together take about so much on a processor."""


class Room(NamedTuple):
    """Bytes that a text takes while it is written: at once, and more with each token."""

    fixed: float
    per_token: float

    @classmethod
    def of(cls, model: Any) -> "Room":
        """Measure a model's cache on two short texts."""
        two, four = (_cache_bytes(model, count) for count in (2, 4))
        per_token = (four - two) / 2
        logits = 3 * 4 * len(model.get_output_embeddings().weight)
        return cls(max(0.0, two - 2 * per_token) + logits, per_token)

    def divided(
        self, indices: Sequence[int], lengths: Sequence[int], num_new: int, most: int
    ) -> list[list[int]]:
        """Cut texts, from long to short, into batches of at most so many bytes.

        Args:
            indices: Which texts, the long ones first.
            lengths: Tokens of every text.
            num_new: Tokens that each gets.
            most: Bytes of a batch; one text alone may take more.
        """
        parts: list[list[int]] = []
        for index in indices:
            longest = lengths[parts[-1][0]] if parts else 0
            each = self.fixed + self.per_token * (longest + num_new)
            if not parts or each * (len(parts[-1]) + 1) > most:
                parts.append([])
            parts[-1].append(index)
        return parts


def bytes_per_batch(device: torch.device) -> int:
    """Return the bytes that caches of texts which are written together may take."""
    allowed = bytes_allowed(device)
    return BYTES_PER_BATCH if allowed is None else allowed


def tokens_per_pass(model: Any, plan: Callable[[int], list[Pass]]) -> int:
    """Return how many tokens may run in one pass, so that all passes fit the model's device.

    A processor takes what its caches want. On a device the passes are planned first, and made
    smaller for as long as they would need more than is allowed of what is free.

    Args:
        model: The transformers model.
        plan: Returns the passes that there would be with so many tokens in each.
    """
    allowed = bytes_allowed(model.device)
    if allowed is None:
        return TOKENS_PER_BATCH
    per_token, tokens = Room.of(model).per_token, _MOST_TOKENS
    while tokens > 1 and peak_bytes(model, plan(tokens), per_token) > allowed:
        tokens //= 2
    return tokens


def peak_bytes(model: Any, passes: Sequence[Pass], per_token: float) -> float:
    """Return the most bytes that some passes take beside the model: counted, not measured.

    Keys and values that wait for others and those that are kept; of the layer that runs those of
    all that its rows look at, laid out side by side, and once more for every head that shares them,
    as attention with a mask has them; what the widest layer makes of the new tokens; and logits
    with what is computed from them.

    Args:
        model: The transformers model.
        passes: The passes; none take nothing.
        per_token: Bytes of the keys and values of one token.
    """
    config, size = text_config(model), model.dtype.itemsize
    hidden = getattr(config, "hidden_size", None) or 0
    inner = getattr(config, "intermediate_size", None) or 4 * hidden
    each = size * (8 * hidden + 3 * inner)
    heads = getattr(config, "num_attention_heads", None) or 1
    shared_by = heads / (getattr(config, "num_key_value_heads", None) or heads)
    of_layer = per_token / (getattr(config, "num_hidden_layers", None) or 1)
    vocab_size = len(model.get_output_embeddings().weight)
    return max(
        (
            per_token * (one.held + one.kept)
            + of_layer * (1 + shared_by) * one.rows * (one.past + one.new) * bool(one.past)
            + each * one.rows * one.new
            + 2 * 4 * vocab_size * min(one.scored, one.rows_at_once)
            for one in passes
        ),
        default=0.0,
    )


def _cache_bytes(model: Any, count: int) -> int:
    input_ids = torch.zeros(1, count, dtype=torch.long, device=model.device)
    try:
        with torch.inference_mode():
            cache = cache_of(run(model, input_ids=input_ids, use_cache=True))
    except BathyscopeError:
        return 0  # a model that fails with a cache is never written on in a batch
    layers = [vars(layer).values() for layer in getattr(cache, "layers", ())]
    return sum(one.nbytes for layer in layers for one in layer if isinstance(one, Tensor))
