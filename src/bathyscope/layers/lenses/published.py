"""Jacobian lenses as others publish them, for the model that they are of."""

from pathlib import Path

import torch
from torch import Tensor

from bathyscope.core.errors import InputError
from bathyscope.core.keywords import keywords_checked
from bathyscope.layers.jacobian_settings import FIRST
from bathyscope.layers.lenses.archive import Archive, read_archive
from bathyscope.layers.lenses.fitted import describe_model, origin_of
from bathyscope.layers.lenses.jacobian import KIND, JacobianLens, sizes_of
from bathyscope.model.jacobians import PassageJacobian
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.whole import LAYERS, whole_model

# Long enough for a few dozen tokens with any tokenizer, and like nothing in particular.
_TEXT = (
    "The ferry to the northern island leaves at six in the morning, before the bakery on the quay "
    "has opened its shutters. Most of the passengers are students who sleep through the crossing; "
    "only the old lighthouse keeper stays on deck. How many are 8 + 5? They are 13."
)
_MOST_TOKENS = 48
_PRODUCTS = 8
# Products of two passages' Jacobians, off the diagonal, agreed to .7 in the last quarter of the
# embedded model's layers, those of different models not at all.
_LEAST = 0.2


@keywords_checked
def convert_lens(model: LanguageModel, path: str | Path) -> JacobianLens:
    """Read a published Jacobian lens for the model that it is of.

    Only numbers are read (`torch.load(weights_only=True)`); nothing in the file is run. As it does
    not name its model, its matrices are compared with the model's own Jacobian on a short text.

    Args:
        model: The model that it was fitted to.
        path: The archive.

    Raises:
        InputError: The file is missing or no such archive, lacks layers, has another width, or is
            of another model or of weights that were processed.
    """
    whole_model(model, "A lens", LAYERS)
    path = Path(path)
    archive = read_archive(path)
    matrices = _matrices(path, archive, model)
    _require_this_model(path, matrices, model)
    about = {
        **describe_model(KIND, model),
        "converted": {**origin_of(path), "n_prompts": archive.prompts},
        **sizes_of(matrices),
    }
    return JacobianLens(matrices, about).with_sample(model, _ids(model))


def _matrices(path: Path, archive: Archive, model: LanguageModel) -> Tensor:
    """Return J of all layers but the last, (num_layers − 1, hidden_size, hidden_size)."""
    width, layers, name = model.hidden_size, model.num_layers, model.provenance["name"]
    if archive.width is not None and archive.width != width:
        raise InputError(
            f"{path} is of a model with {archive.width} numbers in a state (d_model), but {name} "
            f"has {width}; name its own with --model."
        )
    if archive.target not in (None, -1, layers - 1):
        raise InputError(
            f"{path} leads to layer {archive.target + 1} of {layers} (target_layer), not to the "
            "last one, whose states alone are read; give a lens that does."
        )
    beyond = [layer for layer in archive.matrices if not 0 <= layer < layers]
    if beyond:
        raise InputError(
            f"{path} names the source layer {beyond[0]}, counted from 0, but {name} has {layers} "
            "layers; name its own model with --model."
        )
    missing = [layer for layer in range(layers - 1) if layer not in archive.matrices]
    if missing:
        raise InputError(
            f"{path} has matrices for {layers - 1 - len(missing)} of the {layers - 1} layers below "
            f"the last; without those of layer {', '.join(str(layer + 1) for layer in missing[:8])}"
            f"{' and others' if len(missing) > 8 else ''} no map can be read through it (its own "
            "numbers of layers count from 0)."
        )
    dtype = torch.promote_types(model.model.dtype, torch.float32)
    return torch.stack(
        [
            archive.matrix(path, layer, width).to(model.model.device, dtype)
            for layer in range(layers - 1)
        ]
    )


def _ids(model: LanguageModel) -> tuple[int, ...]:
    ids = model.tokens.encode(_TEXT)[:_MOST_TOKENS]
    return ids[: model.context_length]


def _require_this_model(path: Path, matrices: Tensor, model: LanguageModel) -> None:
    """Refuse matrices that have nothing in common with the model's own Jacobian on a text."""
    ids, width = _ids(model), model.hidden_size
    draw = torch.Generator().manual_seed(0)
    drawn = torch.randn(min(_PRODUCTS, width), width, generator=draw, dtype=torch.float64)
    asked = torch.linalg.qr(drawn.T)[0].T.to(matrices)
    own = PassageJacobian(model, ids, FIRST, len(asked)).products(asked).to(matrices)
    late = slice(3 * len(matrices) // 4, None)

    def alike(given: Tensor, layers: slice = late) -> float:
        return _agreement(own[layers], asked @ given[layers], asked)

    name, agree = model.provenance["name"], alike(matrices)
    if alike(matrices.mT) > max(agree, _LEAST):
        raise InputError(
            f"{path} holds its matrices transposed: with rows and columns exchanged they agree "
            f"better with those of {name} on a short text; a row is to be of one number of the "
            "last layer's state."
        )
    if not agree >= _LEAST:
        raise InputError(
            f"{path} is not of {name}: on a short text its late layers agree with the model's own "
            f"to {agree:.2f}, where {_LEAST:g} is the least and 0 is chance; name the model that "
            "it was fitted to with --model."
        )
    every = slice(None)
    if alike(matrices, every) < alike(matrices.flip(0), every):
        raise InputError(
            f"{path} holds its layers in another order: read from the last to the first they agree "
            f"better with those of {name} on a short text; order them as in source_layers, from 0."
        )
    _require_unprocessed(path, matrices, model)


def _agreement(own: Tensor, given: Tensor, asked: Tensor) -> float:
    """Return the mean cosine of products, (layers, n, width), without their part along u itself.

    That part is the identity, which is in the Jacobians of all models.
    """
    bare = [one - (one * asked).sum(-1, keepdim=True) * asked for one in (own, given)]
    dots = [(a * b).sum((1, 2)) for a, b in ((bare[0], bare[1]), (bare[0], bare[0]))]
    sizes = (bare[1] * bare[1]).sum((1, 2))
    return float((dots[0] / (dots[1] * sizes).sqrt().clamp_min(1e-30)).mean())


def _require_unprocessed(path: Path, matrices: Tensor, model: LanguageModel) -> None:
    """Refuse matrices of centred weights: these leave the mean of a state as it is, exactly."""
    width = model.hidden_size
    mean = torch.full((1, width), width**-0.5).to(matrices)
    own = PassageJacobian(model, _ids(model), FIRST, 1).products(mean)
    moved = float((own - mean).norm(dim=-1).mean())
    if moved > 0.1 and float((mean @ matrices - mean).norm(dim=-1).max()) < 0.01:
        raise InputError(
            f"{path} was fitted to weights of {model.provenance['name']} that were processed: they "
            "leave the mean of a state as it is, which the model's own do not; fit a lens to the "
            "model as it is."
        )
