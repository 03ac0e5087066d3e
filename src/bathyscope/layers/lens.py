"""What the model would say at a layer: the logit lens, in blocks of bounded size."""

from collections.abc import Callable

import torch
from torch import Tensor

from bathyscope.errors import InputError
from bathyscope.model.anatomy import Anatomy
from bathyscope.progress import Progress, silent

LENSES: dict[str, Callable[[Anatomy, Tensor], Tensor]] = {
    "norm": lambda anatomy, states: anatomy.normed(states),
    "raw": lambda anatomy, states: anatomy.projected(states),
}
"""How intermediate states are read before the unembedding: with the final norm, or as they are.

`norm` is the usual logit lens (nostalgebraist 2020). `raw` reads W_U h literally. After either come
the unembedding and, where the family has it, its softcapping or scaling of the logits, the same for
every layer. The last layer is always the model's own output.
"""

# About this many rows go through the unembedding at once: fewer waste the matrix product.
_ROWS_PER_BLOCK = 480
# The divergence is taken of this many rows at a time, so that its temporaries stay small.
_ROWS_PER_SLICE = 32


def divergence_from_last_layer(
    anatomy: Anatomy,
    hidden_states: list[Tensor],
    divergence: Callable[[Tensor, Tensor], Tensor],
    lens: str = "norm",
    progress: Progress = silent,
) -> Tensor:
    """Return a divergence of every intermediate layer's prediction from the last layer's.

    Works through the tokens in blocks; the largest array held has about 480 rows of the
    vocabulary's width, whatever the number of layers and tokens.

    Args:
        anatomy: The parts of the model.
        hidden_states: For each layer, first to last, the states (tokens, hidden_size).
        divergence: Takes two arrays of probabilities (..., vocab_size).
        lens: "norm" or "raw".
        progress: Told of the tokens done.

    Returns:
        Tensor (num_layers − 1, tokens) in float64, on the CPU.

    Raises:
        InputError: The lens is not known, or the model has a single layer.
    """
    if lens not in LENSES:
        raise InputError(f"The lens {lens!r} is not known; choose one of {', '.join(LENSES)}.")
    *intermediate, last = hidden_states
    if not intermediate:
        raise InputError("The model has one layer only, so there is no depth to look into.")
    num_tokens = len(last)
    block = max(1, _ROWS_PER_BLOCK // len(intermediate))
    result = torch.empty(len(intermediate), num_tokens, dtype=torch.float64)
    for start in range(0, num_tokens, block):
        progress("compare layers", start, num_tokens)
        stop = min(start + block, num_tokens)
        with torch.inference_mode():
            final = _probabilities(anatomy.unembedded(anatomy.normed(last[start:stop])))
            states = torch.stack([layer[start:stop] for layer in intermediate])
            logits = anatomy.unembedded(LENSES[lens](anatomy, states))
            step = max(1, _ROWS_PER_SLICE // (stop - start))
            for first in range(0, len(intermediate), step):
                part = slice(first, first + step)
                result[part, start:stop] = divergence(_probabilities(logits[part]), final).cpu()
    progress("compare layers", num_tokens, num_tokens)
    return result


def _probabilities(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32)).softmax(-1)
