"""The Jacobian lens: what a layer's state does to the last layer's on average; and its file.

"Verbalizable representations form a global workspace", transformer-circuits.pub, July 2026; the
definition is that of its reference code (github.com/anthropics/jacobian-lens, first release).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import InputError
from bathyscope.layers.lenses.fitted import (
    FittedLens,
    origin_of,
    read_tensors,
    require_same_identity,
    require_tensors,
)
from bathyscope.layers.lenses.sample import require_same_sample, sample_of
from bathyscope.layers.lenses.summaries import SUMMARIES
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.language_model import LanguageModel

KIND = "Jacobian lens"


@dataclass(frozen=True)
class JacobianLens(FittedLens):
    """Reads layer l as norm(J_l h_l); J_l of ones on the diagonal is the lens `norm`.

    J_l[i, j]: by how much output i of the last layer, summed over the later positions of a passage,
    rises with entry j of layer l's state; the mean over positions and passages.

    Attributes:
        matrices: J, shape (num_layers − 1, hidden_size, hidden_size); rows are the last layer's
            entries, columns the layer's own.
        about: The model it was fitted for, on what, how, and its error; plain JSON values.
        origin: Name and hash of the file it was read from; None where it was not.
    """

    matrices: Tensor
    about: dict[str, Any]
    origin: dict[str, Any] | None = None

    name = "jacobian"
    summary = SUMMARIES[name]
    wide = True

    @classmethod
    def open(cls, model: LanguageModel, translators: Path | None) -> "JacobianLens":
        """Read the lens of a model from its file; see `open_jacobian_lens`."""
        assert translators is not None, "checked by choice.check_lens"
        return open_jacobian_lens(translators, model)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The matrices, as the file names them."""
        return {"jacobian": self.matrices}

    @property
    def begins_with(self) -> tuple[int, ...] | None:
        """Ids that the passages it was fitted on begin with; a converted one does not say."""
        said = self.about["fit"].get("begins_with") if "fit" in self.about else None
        return None if said is None else tuple(map(int, said))

    def __call__(self, anatomy: Anatomy, states: Tensor) -> Tensor:
        """Return what is unembedded, shape (num_layers − 1, tokens, hidden_size).

        In float32, as the matrices are, also of a model in half precision that takes it.
        """
        moved = torch.bmm(states.to(self.matrices.dtype), self.matrices.transpose(1, 2))
        return anatomy.normed(moved if anatomy.takes_wide else moved.to(states.dtype))

    def with_sample(self, model: LanguageModel, ids: Sequence[int]) -> "JacobianLens":
        """Return the lens with what tells its model from one whose weights were changed.

        Args:
            model: The model.
            ids: Tokens of a short text, two or more.
        """
        return JacobianLens(self.matrices, {**self.about, "sample": sample_of(model, self, ids)})


def sizes_of(matrices: Tensor) -> dict[str, list[float]]:
    """Return Frobenius norm and trace of every layer's matrix, as a file tells them."""
    exact = [layer.cpu().double() for layer in matrices]  # a device may have no float64
    return {
        "size": [float(layer.norm()) for layer in exact],
        "trace": [float(layer.trace()) for layer in exact],
    }


def open_jacobian_lens(path: Path, model: LanguageModel) -> JacobianLens:
    """Read a Jacobian lens for a model.

    Raises:
        InputError: The file is missing, damaged, no Jacobian lens, of a newer bathyscope, or was
            fitted for another model, or for other weights than the model has now.
    """
    about, tensors = read_tensors(path, KIND)
    require_same_identity(path, about, model)
    layers, width = model.num_layers - 1, model.hidden_size
    require_tensors(path, tensors, {"jacobian": (layers, width, width)})
    dtype = torch.promote_types(model.model.dtype, torch.float32)
    matrices = tensors["jacobian"].to(model.model.device, dtype)
    lens = JacobianLens(matrices, about, origin_of(path))
    try:
        _ = lens.begins_with
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is damaged: it does not say how its passages begin; fit the lens again."
        ) from error
    require_same_sample(path, about.get("sample"), model, lens)
    return lens
