"""A model's own logits, and how far rounding takes two computations of them apart."""

from typing import Any

import torch
from torch import Tensor

from bathyscope.model.foreign import run


def logits_of(model: Any, input_ids: Tensor) -> Tensor:
    """Return the model's own logits, shape (batch, positions, vocab_size), without a cache.

    No attention mask is passed: in a causal model, padding on the right is in the future of
    every token that counts.
    """
    with torch.inference_mode():
        logits: Tensor = run(model, input_ids=input_ids, use_cache=False).logits
    return logits


def probe_ids(model: Any) -> Tensor:
    """Return a few different token ids, shape (1, 5), on the model's device."""
    vocab_size = shared_vocabulary(model)
    ids = [(7919 * (i + 1)) % vocab_size for i in range(5)]
    return torch.tensor([ids], device=model.device)


def shared_vocabulary(model: Any) -> int:
    """Return how many token ids can be read and predicted alike: from 0 to one less.

    Some embeddings have rows of their own for what is never predicted (Mllama's images).
    """
    ends = (model.get_input_embeddings(), model.get_output_embeddings())
    weights = (getattr(end, "weight", None) for end in ends)
    return min(len(weight) for weight in weights if isinstance(weight, Tensor))


def as_float(logits: Tensor) -> Tensor:
    """Return logits in at least float32, in which probabilities are computed."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def rounding(logits: Tensor) -> float:
    """Return how far two computations of the same logits may be apart by rounding alone."""
    scale = max(1.0, float(logits.float().abs().max()))
    return 32 * torch.finfo(logits.dtype).eps * scale


def difference(ours: Tensor, theirs: Tensor, most: float) -> str | None:
    """Return in words how two computations of the same logits differ; None where they agree."""
    if ours.shape != theirs.shape:
        return f"shape {tuple(ours.shape)} instead of {tuple(theirs.shape)}"
    error = float((ours.float() - theirs.float()).abs().max())
    return None if error <= most else f"largest difference {error:.3g}"
