"""The tuned lens: an affine translator for each layer, before the final norm; and its file.

Belrose et al. 2023, "Eliciting Latent Predictions from Transformers with the Tuned Lens",
arXiv 2303.08112.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import InputError
from bathyscope.core.files.writing import new_file, sha256
from bathyscope.layers.lenses.lens import Lens
from bathyscope.layers.lenses.summaries import SUMMARIES
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.identity import identity_of
from bathyscope.model.language_model import LanguageModel
from bathyscope.runs.validation import arrays_digest, document_digest, parsed

SCHEMA = 2
_FIRST_WITH_DIGEST = 2
_KEY, _KIND, _DIGEST = "bathyscope", "tuned lens", "digest"


@dataclass(frozen=True)
class TunedLens(Lens):
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
    reads_file = True

    @classmethod
    def open(cls, model: LanguageModel, translators: Path | None) -> "TunedLens":
        """Read the lens of a model from its file; see `open_tuned_lens`."""
        assert translators is not None, "checked by choice.check_lens"
        return open_tuned_lens(translators, model)

    @property
    def provenance(self) -> dict[str, Any]:
        """Which translators it reads through."""
        return {} if self.origin is None else {"translators": self.origin}

    def __call__(self, anatomy: Anatomy, states: Tensor) -> Tensor:
        """Return what is unembedded, shape (num_layers − 1, tokens, hidden_size)."""
        return anatomy.normed(translated(states, self.weight, self.bias))

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a safetensors file, whole or not at all.

        Raises:
            InputError: The file exists and may not be replaced.
            WriteError: It cannot be written.
        """
        from safetensors import SafetensorError
        from safetensors.torch import save_file

        tensors = {
            name: tensor.float().cpu().contiguous()
            for name, tensor in (("weight", self.weight), ("bias", self.bias))
        }
        said = {**self.about, _DIGEST: _digest(self.about, tensors)}
        about = json.dumps(said, ensure_ascii=False, allow_nan=False)
        with new_file(Path(path), overwrite=overwrite) as partial:
            try:
                save_file(tensors, partial, metadata={_KEY: about})
            except SafetensorError as error:  # its name for what the file system refuses
                raise OSError(str(error)) from error


def translated(states: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return h + A h + b of states (layers, tokens, hidden_size), one translator to a layer."""
    return states + torch.baddbmm(bias[:, None], states, weight.transpose(1, 2))


def open_tuned_lens(path: Path, model: LanguageModel) -> TunedLens:
    """Read a tuned lens for a model.

    Raises:
        InputError: The file is missing, damaged, no tuned lens, of a newer bathyscope, or was
            trained for another model.
    """
    about, tensors = _content(path)
    _require_same_model(path, about, model)
    layers, hidden_size = model.num_layers - 1, model.hidden_size
    expected = {"weight": (layers, hidden_size, hidden_size), "bias": (layers, hidden_size)}
    for name, shape in expected.items():
        came = tuple(tensors[name].shape) if name in tensors else None
        if came != shape:
            raise InputError(
                f"{path} is damaged: its {name} should have the shape {shape}, not {came}; "
                "train the lens again."
            )
        if not tensors[name].isfinite().all():
            raise InputError(f"{path} is damaged: its {name} is not finite; train the lens again.")
    place = {"dtype": model.model.dtype, "device": model.model.device}
    weight, bias = tensors["weight"].to(**place), tensors["bias"].to(**place)
    return TunedLens(weight, bias, about, origin_of(path))


def origin_of(path: Path) -> dict[str, Any]:
    """Return what a record says of a lens: the file's name and hash."""
    return {"file": path.name, "sha256": sha256(path)}


def _content(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            about = parsed((file.metadata() or {}).get(_KEY, "null"))
            names = file.keys()  # not a dictionary: it cannot be walked over itself
            tensors = {name: file.get_tensor(name) for name in names}
    except OSError as error:
        raise InputError(
            f"The translators {path} cannot be read ({error.strerror or error})."
        ) from error
    except (SafetensorError, ValueError) as error:
        raise InputError(f"{path} is damaged or no safetensors file ({error}).") from error
    if not isinstance(about, dict) or about.get("kind") != _KIND:
        raise InputError(f"{path} holds no tuned lens; `bathyscope lens train` writes one.")
    if about.get("schema", 0) > SCHEMA:
        raise InputError(
            f"{path} has schema {about['schema']}, but this bathyscope reads up to {SCHEMA}; "
            "upgrade it."
        )
    digest = about.pop(_DIGEST, None)
    if digest is None and about.get("schema", 0) < _FIRST_WITH_DIGEST:
        return about, tensors
    if digest != _digest(about, tensors):
        raise InputError(
            f"{path} is damaged: something was changed after it was written (its digest is "
            "another); train the lens again."
        )
    return about, tensors


def _digest(about: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    """Return the SHA-256 of all that a file says."""
    arrays = arrays_digest({name: tensor.float().numpy() for name, tensor in tensors.items()})
    return document_digest({"about": about, "arrays": arrays})


def describe_model(model: LanguageModel) -> dict[str, Any]:
    """Return the head of `about`: what kind of file this is, and for which model."""
    return {
        "schema": SCHEMA,
        "kind": _KIND,
        "identity": identity_of(model),
        "model": model.provenance,
    }


def _require_same_model(path: Path, about: dict[str, Any], model: LanguageModel) -> None:
    own = identity_of(model)
    if about.get("identity") != own:
        trained_for = about.get("model", {}).get("name", "another model")
        raise InputError(
            f"{path} was trained for {trained_for} ({_short(about.get('identity'))}), not for "
            f"{model.provenance['name']} ({_short(own)}); train a lens for this model."
        )


def _short(identity: Any) -> str:
    kind, _, digest = str(identity).partition(":")
    return f"{kind} {digest if kind == 'commit' else digest[:12]}"
