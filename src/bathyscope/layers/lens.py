"""How a layer's state is read: what is done to it before the unembedding."""

from typing import Protocol

import torch
from torch import Tensor

from bathyscope.errors import InputError
from bathyscope.model.anatomy import Anatomy


class Lens(Protocol):
    """Makes intermediate states ready for the unembedding.

    After any lens come the unembedding and, where the family has it, its softcapping or scaling of
    the logits, the same for every layer. The last layer is always the model's own output.
    """

    def __call__(self, anatomy: Anatomy, states: Tensor) -> Tensor:
        """Return what is unembedded.

        Args:
            anatomy: The parts of the model.
            states: Residual stream after layers 1 to L − 1, (num_layers − 1, tokens, hidden_size).

        Returns:
            Tensor of the same shape.
        """


def _norm(anatomy: Anatomy, states: Tensor) -> Tensor:
    return anatomy.normed(states)


def _raw(anatomy: Anatomy, states: Tensor) -> Tensor:
    return states


LENSES: dict[str, Lens] = {"norm": _norm, "raw": _raw}
"""`norm` is the usual logit lens (nostalgebraist 2020); `raw` reads W_U h literally, no norm."""


def find_lens(name: str) -> Lens:
    """Return a lens by its name.

    Raises:
        InputError: It is not known.
    """
    if name not in LENSES:
        raise InputError(f"The lens {name!r} is not known; choose one of {', '.join(LENSES)}.")
    return LENSES[name]


def read_states(anatomy: Anatomy, lens: Lens, states: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return what of each layer goes into the unembedding.

    Args:
        anatomy: The parts of the model.
        lens: How intermediate layers are read.
        states: For each layer, first to last, the residual stream (tokens, hidden_size).

    Returns:
        Intermediate layers (num_layers − 1, tokens, hidden_size), last layer (tokens, hidden_size).

    Raises:
        InputError: The model has a single layer.
    """
    *intermediate, last = states
    if not intermediate:
        raise InputError("The model has one layer only, so there is no depth to look into.")
    with torch.inference_mode():
        return lens(anatomy, torch.stack(intermediate)), anatomy.normed(last)
