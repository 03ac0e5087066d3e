"""The tuned lens: an affine translator for each layer, before the final norm; and its file.

Belrose et al. 2023, "Eliciting Latent Predictions from Transformers with the Tuned Lens",
arXiv 2303.08112.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bathyscope.layers.lenses.fitted import (
    FittedLens,
    origin_of,
    read_tensors,
    require_same_identity,
    require_tensors,
)
from bathyscope.layers.lenses.summaries import SUMMARIES
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.language_model import LanguageModel

KIND = "tuned lens"


@dataclass(frozen=True)
class TunedLens(FittedLens):
    """Reads layer l as norm(h + A_l h + b_l); with A and b of zeros it is the lens `norm`.

    Attributes:
        weight: A, shape (num_layers − 1, hidden_size, hidden_size).
        bias: b, shape (num_layers − 1, hidden_size).
        about: The model it was trained for, on what, how, and its loss on text held out; plain
            JSON values.
        origin: Name and hash of the file it was read from; None where it was not.
    """

    weight: Tensor
    bias: Tensor
    about: dict[str, Any]
    origin: dict[str, Any] | None = None

    name = "tuned"
    summary = SUMMARIES[name]

    @classmethod
    def open(cls, model: LanguageModel, translators: Path | None) -> "TunedLens":
        """Read the lens of a model from its file; see `open_tuned_lens`."""
        assert translators is not None, "checked by choice.check_lens"
        return open_tuned_lens(translators, model)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The translators, as the file names them."""
        return {"weight": self.weight, "bias": self.bias}

    def __call__(self, anatomy: Anatomy, states: Tensor) -> Tensor:
        """Return what is unembedded, shape (num_layers − 1, tokens, hidden_size)."""
        return anatomy.normed(translated(states, self.weight, self.bias))


def translated(states: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return h + A h + b of states (layers, tokens, hidden_size), one translator to a layer."""
    return states + torch.baddbmm(bias[:, None], states, weight.transpose(1, 2))


def open_tuned_lens(path: Path, model: LanguageModel) -> TunedLens:
    """Read a tuned lens for a model.

    Raises:
        InputError: The file is missing, damaged, no tuned lens, of a newer bathyscope, or was
            trained for another model.
    """
    about, tensors = read_tensors(path, KIND)
    require_same_identity(path, about, model)
    layers, width = model.num_layers - 1, model.hidden_size
    require_tensors(path, tensors, {"weight": (layers, width, width), "bias": (layers, width)})
    place = {"dtype": model.model.dtype, "device": model.model.device}
    weight, bias = tensors["weight"].to(**place), tensors["bias"].to(**place)
    return TunedLens(weight, bias, about, origin_of(path))
