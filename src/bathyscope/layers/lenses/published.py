"""Jacobian lenses as others publish them: torch archives, read as numbers and nothing else.

The reference code saves `{"J": {layer: matrix}, "n_prompts", "source_layers", "d_model"}`, layers
counted from 0 and matrices in float16. Such a file does not say which model it is of.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import InputError, first_sentence
from bathyscope.core.keywords import keywords_checked
from bathyscope.layers.jacobian_settings import FIRST
from bathyscope.layers.lenses.fitted import describe_model, origin_of
from bathyscope.layers.lenses.jacobian import KIND, JacobianLens, sizes_of
from bathyscope.model.jacobians import PassageJacobian
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.whole import LAYERS, whole_model

_KEYS = ("J", "n_prompts", "source_layers", "d_model")
# Long enough for a few dozen tokens with any tokenizer, and like nothing in particular.
_TEXT = (
    "The ferry to the northern island leaves at six in the morning, before the bakery on the quay "
    "has opened its shutters. Most of the passengers are students who sleep through the crossing; "
    "only the old lighthouse keeper stays on deck. How many are 8 + 5? They are 13."
)
_MOST_TOKENS = 48
_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_LARGEST = 2**63
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
    archive = _archive(path)
    matrices = _matrices(path, archive, model)
    _require_this_model(path, matrices, model)
    about = {
        **describe_model(KIND, model),
        "converted": {
            **origin_of(path),
            "n_prompts": _whole(path, "n_prompts", archive["n_prompts"]),
        },
        **sizes_of(matrices),
    }
    return JacobianLens(matrices, about).with_sample(model, _ids(model))


def _archive(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise InputError(f"There is no file {path}; give a published lens, a torch archive.")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from error
    except Exception as error:  # what is no archive, or holds more than numbers, fails as it likes
        raise InputError(
            f"{path} is no torch archive of plain numbers ({type(error).__name__}: "
            f"{first_sentence(error)}), and nothing else is read of it; give the file of a "
            "published Jacobian lens."
        ) from error
    missing = [key for key in _KEYS if not isinstance(found, Mapping) or key not in found]
    if missing:
        raise InputError(
            f"{path} is no published Jacobian lens: it lacks {', '.join(missing)} of the keys "
            f"{', '.join(_KEYS)}."
        )
    archive: Mapping[str, Any] = found
    return archive


def _matrices(path: Path, archive: Mapping[str, Any], model: LanguageModel) -> Tensor:
    """Return J of all layers but the last, (num_layers − 1, hidden_size, hidden_size)."""
    width, layers = _whole(path, "d_model", archive["d_model"]), model.num_layers
    if width != model.hidden_size:
        raise InputError(
            f"{path} is of a model with {width} numbers in a state (d_model), but "
            f"{model.provenance['name']} has {model.hidden_size}; name its own with --model."
        )
    by_layer = _by_layer(path, archive)
    beyond = [layer for layer in by_layer if not 0 <= layer < layers]
    if beyond:
        raise InputError(
            f"{path} names the source layer {beyond[0]}, counted from 0, but "
            f"{model.provenance['name']} has {layers} layers; name its own model with --model."
        )
    missing = [layer for layer in range(layers - 1) if layer not in by_layer]
    if missing:
        raise InputError(
            f"{path} has matrices for {layers - 1 - len(missing)} of the {layers - 1} layers below "
            f"the last; without those of layer {', '.join(str(layer + 1) for layer in missing[:8])}"
            f"{' and others' if len(missing) > 8 else ''} no map can be read through it."
        )
    found = [by_layer[layer] for layer in range(layers - 1)]
    for layer, matrix in enumerate(found, 1):
        if not isinstance(matrix, Tensor) or tuple(matrix.shape) != (width, width):
            came = tuple(matrix.shape) if isinstance(matrix, Tensor) else type(matrix).__name__
            raise InputError(
                f"{path} is damaged: the matrix of layer {layer} should have the shape "
                f"{(width, width)}, not {came}."
            )
        if matrix.dtype not in _DTYPES or matrix.layout != torch.strided or matrix.is_meta:
            raise InputError(
                f"{path} holds the matrix of layer {layer} as {matrix.dtype}, {matrix.layout}, on "
                f"{matrix.device}; plain float16, bfloat16, float32 or float64 are read."
            )
        if not matrix.isfinite().all():
            raise InputError(f"{path} is damaged: the matrix of layer {layer} is not finite.")
    dtype = torch.promote_types(model.model.dtype, torch.float32)
    return torch.stack([matrix.detach().to(model.model.device, dtype) for matrix in found])


def _by_layer(path: Path, archive: Mapping[str, Any]) -> dict[int, Any]:
    """Return the matrices by their layers from 0: J is a mapping, or as long as `source_layers`."""
    said, named = archive["J"], archive["source_layers"]
    try:
        layers = [_index(layer) for layer in named]
        if isinstance(said, Mapping):
            found = {_index(layer): matrix for layer, matrix in said.items()}
            fits = set(found) == set(layers) and len(found) == len(said)
        else:
            found = dict(zip(layers, said, strict=True))
            fits = True
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{path} is damaged: its J and source_layers do not fit together ({error})."
        ) from error
    if not fits or len(set(layers)) < len(layers):
        raise InputError(f"{path} is damaged: its J is not of the layers in source_layers.")
    return found


def _index(value: Any) -> int:
    """Return a whole number; raise ValueError for one with a part behind the point."""
    number = int(value)
    if isinstance(value, float) and number != value:
        raise ValueError(f"{value} is no whole number")
    return number


def _whole(path: Path, name: str, value: Any) -> int:
    try:
        number = _index(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        number = 0
    if not 1 <= number < _LARGEST:
        raise InputError(f"{path} is damaged: its {name} is {value!r}, not a whole number above 0.")
    return number


def _ids(model: LanguageModel) -> tuple[int, ...]:
    return model.tokens.encode(_TEXT)[:_MOST_TOKENS]


def _require_this_model(path: Path, matrices: Tensor, model: LanguageModel) -> None:
    """Refuse matrices that have nothing in common with the model's own Jacobian on a text."""
    ids, width = _ids(model), model.hidden_size
    draw = torch.Generator().manual_seed(0)
    drawn = torch.randn(min(_PRODUCTS, width), width, generator=draw, dtype=torch.float64)
    asked = torch.linalg.qr(drawn.T)[0].T.to(matrices)
    own = PassageJacobian(model, ids, FIRST, len(asked)).products(asked).to(matrices)
    late = slice(3 * len(matrices) // 4, None)
    alike = _agreement(own[late], asked @ matrices[late], asked)
    if not alike >= _LEAST:
        raise InputError(
            f"{path} is not of {model.provenance['name']}: on a short text its late layers agree "
            f"with the model's own to {alike:.2f}, where {_LEAST:g} is the least and 0 is chance; "
            "name the model that it was fitted to with --model."
        )
    given = asked @ matrices
    if _agreement(own, given, asked) < _agreement(own, given.flip(0), asked):
        raise InputError(
            f"{path} holds its layers in another order: read from the last to the first they agree "
            f"better with those of {model.provenance['name']} on a short text; order them as in "
            "source_layers, from 0."
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
