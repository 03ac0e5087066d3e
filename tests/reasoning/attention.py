"""Attention written out, keys hidden from later queries before the softmax: no mask argument."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface, eager_mask

HIDDEN: list[tuple[range, int]] = []
"""Keys, and the first query that does not see them; empty where nothing is hidden."""


def _attention(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **options: Any
) -> tuple[Any, None]:
    group = query.shape[1] // key.shape[1]
    key, value = (part.repeat_interleave(group, dim=1) for part in (key, value))
    scale = options.get("scaling") or query.shape[-1] ** -0.5
    scores = query @ key.transpose(-1, -2) * scale
    order = torch.arange(scores.shape[-1])
    scores = scores.masked_fill(order[:, None] < order, float("-inf"))
    for keys, first in HIDDEN:
        scores[..., first:, keys.start : keys.stop] = float("-inf")
    return (scores.softmax(-1) @ value).transpose(1, 2).contiguous(), None


AttentionInterface.register("written_out", _attention)
AttentionMaskInterface.register("written_out", eager_mask)


@contextmanager
def hidden(keys: range, first: int) -> Iterator[None]:
    HIDDEN.append((keys, first))
    try:
        yield
    finally:
        HIDDEN.clear()
