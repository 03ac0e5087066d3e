"""Lens: intermediate states made ready for the unembedding."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from bathyscope.core.errors import InputError
from bathyscope.core.registry import working
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.language_model import LanguageModel


class Lens(ABC):
    """A way to read intermediate layers; one small class each, registered by its name.

    After any lens come the unembedding and, where the family has it, its softcapping or scaling of
    the logits, the same for every layer. The last layer is always the model's own output.

    Attributes:
        name: What it is asked for by.
        summary: Completes "Intermediate layers are …" in descriptions.
        reads_file: Whether it was fitted to a model and lies in a file, its translators.
        wide: Whether its states are float32 also of a model in half precision that takes it.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    reads_file: ClassVar[bool] = False
    wide: ClassVar[bool] = False

    @classmethod
    def open(cls, model: LanguageModel, translators: Path | None) -> Self:
        """Return the lens for a model.

        Args:
            model: The model that is to be read.
            translators: Its file where it reads one; else None.

        Raises:
            InputError: The file is damaged, or was made for another model.
        """
        return cls()

    @property
    def provenance(self) -> dict[str, Any]:
        """What a record says of it beside its name and summary; plain JSON values."""
        return {}

    @property
    def begins_with(self) -> tuple[int, ...] | None:
        """Ids that the texts it was fitted on begin with; None where that is not known."""
        return None

    @abstractmethod
    def __call__(self, anatomy: Anatomy, states: Tensor) -> Tensor:
        """Return what is unembedded.

        Args:
            anatomy: The parts of the model.
            states: Residual stream after layers 1 to L − 1, (num_layers − 1, tokens, hidden_size).

        Returns:
            Tensor of the same shape; in the width of the unembedding where that is another.
        """


def stacked(states: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return a copy of the residual stream, intermediate layers in one tensor and the last layer.

    Args:
        states: For each layer, first to last, (tokens, hidden_size).

    Returns:
        Intermediate layers (num_layers − 1, tokens, hidden_size), last layer (tokens, hidden_size).

    Raises:
        InputError: The model has a single layer.
    """
    *intermediate, last = states
    if not intermediate:
        raise InputError("The model has one layer only, so there is no depth to look into.")
    with torch.inference_mode():
        return torch.stack(intermediate), last.clone()


def blocks_of(states: Sequence[Tensor], count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all layers of `count` tokens, copied: a part would keep the whole piece in memory.

    Args:
        states: As of `stacked`.
        count: How many tokens.
    """
    for start in range(0, len(states[-1]), count):
        yield stacked([layer[start : start + count] for layer in states])


def read_states(
    anatomy: Anatomy, lens: Lens, intermediate: Tensor, last: Tensor
) -> tuple[Tensor, Tensor]:
    """Return what of each layer goes into the unembedding.

    Args:
        anatomy: The parts of the model.
        lens: How intermediate layers are read.
        intermediate: The residual stream after layers 1 to L − 1, as `stacked` returns it.
        last: That after layer L.

    Returns:
        Intermediate layers (num_layers − 1, tokens, hidden_size), last layer (tokens, hidden_size).

    Raises:
        InputError: A lens of another package fails.
    """
    with torch.inference_mode():
        with working("lens", lens):
            read, came = lens(anatomy, intermediate), tuple(intermediate.shape[:2])
            if tuple(read.shape[:2]) != came:
                raise ValueError(f"it returns {tuple(read.shape[:2])} states of {came}")
        return read, anatomy.normed(last)
