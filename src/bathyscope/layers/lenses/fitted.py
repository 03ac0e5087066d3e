"""Lenses that were fitted to a model: their file, and the model that they belong to."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import InputError
from bathyscope.core.files.writing import new_file, sha256
from bathyscope.layers.lenses.lens import Lens
from bathyscope.model.identity import identity_of
from bathyscope.model.language_model import LanguageModel
from bathyscope.runs.validation import arrays_digest, document_digest, parsed

SCHEMA = 2
_FIRST_WITH_DIGEST = 2
_KEY, _DIGEST = "bathyscope", "digest"
_DTYPES = (torch.float32, torch.float64)

About = dict[str, Any]
"""What a file says of its lens beside the tensors: plain JSON values."""


class FittedLens(Lens):
    """A lens that was fitted to a model and is read from a file.

    Attributes:
        about: The model it was fitted for, on what, how, and how good it is; plain JSON values.
        origin: Name and hash of the file it was read from; None where it was not.
    """

    about: About
    origin: dict[str, Any] | None

    reads_file = True

    @property
    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """What its file holds beside `about`, by name."""

    @property
    def provenance(self) -> dict[str, Any]:
        """Which file it reads through."""
        return {} if self.origin is None else {"translators": self.origin}

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a safetensors file, whole or not at all.

        Raises:
            InputError: The file exists and may not be replaced.
            WriteError: It cannot be written.
        """
        tensors = {name: tensor.float() for name, tensor in self.tensors.items()}
        save_tensors(Path(path), self.about, tensors, overwrite=overwrite)


def describe_model(kind: str, model: LanguageModel) -> About:
    """Return the head of what a file says: what kind of file this is, and for which model."""
    return {
        "schema": SCHEMA,
        "kind": kind,
        "identity": identity_of(model),
        "model": model.provenance,
    }


def save_tensors(
    path: Path, about: Mapping[str, Any], tensors: Mapping[str, Tensor], *, overwrite: bool
) -> None:
    """Write a safetensors file, whole or not at all.

    Args:
        path: The file.
        about: What it says beside the tensors; plain JSON values.
        tensors: float32 or float64, which they stay.
        overwrite: Whether an existing file is replaced.

    Raises:
        InputError: The file exists and may not be replaced.
        WriteError: It cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    said = {**about, _DIGEST: _digest(about, plain)}
    text = json.dumps(said, ensure_ascii=False, allow_nan=False)
    with new_file(path, overwrite=overwrite) as partial:
        try:
            save_file(plain, partial, metadata={_KEY: text})
        except SafetensorError as error:  # its name for what the file system refuses
            raise OSError(str(error)) from error


def read_tensors(path: Path, kind: str, article: str = "a") -> tuple[About, dict[str, Tensor]]:
    """Read what `save_tensors` wrote.

    Args:
        path: The file.
        kind: What it has to hold, as `describe_model` was told: "tuned lens".
        article: Of that noun, for messages.

    Raises:
        InputError: The file is missing, damaged, of another kind, or of a newer bathyscope.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            about = parsed((file.metadata() or {}).get(_KEY, "null"))
            names = list(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
    except OSError as error:
        raise InputError(
            f"The translators {path} cannot be read ({error.strerror or error})."
        ) from error
    except (SafetensorError, ValueError, RecursionError) as error:
        advice = "; `bathyscope lens convert` takes over torch archives" * _is_zip(path)
        raise InputError(f"{path} is damaged or no safetensors file ({error}){advice}.") from error
    if not isinstance(about, dict) or about.get("kind") != kind:
        held = about.get("kind") if isinstance(about, dict) else None
        other = f" but a {held}" if isinstance(held, str) else ""
        raise InputError(
            f"{path} holds no {kind}{other}; `bathyscope lens fit` writes {article} {kind}."
        )
    _require_whole(path, about, tensors)
    return about, tensors


def _require_whole(path: Path, about: About, tensors: Mapping[str, Tensor]) -> None:
    schema = about.get("schema", 0)
    if type(schema) is not int or not isinstance(about.get("model", {}), dict):
        raise InputError(f"{path} is damaged: its schema or model is none; fit the lens again.")
    if schema > SCHEMA:
        raise InputError(
            f"{path} has schema {schema}, but this bathyscope reads up to {SCHEMA}; upgrade it."
        )
    other = {str(tensor.dtype) for tensor in tensors.values() if tensor.dtype not in _DTYPES}
    if other:
        raise InputError(
            f"{path} holds numbers as {', '.join(sorted(other))}, which bathyscope never writes: "
            "its lenses are float32; fit the lens again."
        )
    digest = about.pop(_DIGEST, None)
    if digest is None and schema < _FIRST_WITH_DIGEST:
        return
    if digest != _digest(about, tensors):
        raise InputError(
            f"{path} is damaged: something was changed after it was written (its digest is "
            "another); fit the lens again."
        )


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def require_tensors(
    path: Path, tensors: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """Raise InputError where tensors have other shapes than expected, or are not finite."""
    for name, shape in shapes.items():
        came = tuple(tensors[name].shape) if name in tensors else None
        if came != shape:
            raise InputError(
                f"{path} is damaged: its {name} should have the shape {shape}, not {came}; "
                "fit the lens again."
            )
        if not tensors[name].isfinite().all():
            raise InputError(f"{path} is damaged: its {name} is not finite; fit the lens again.")


def require_same_identity(path: Path, about: Mapping[str, Any], model: LanguageModel) -> None:
    """Raise InputError where a lens was fitted to another model, known by its hash."""
    own = identity_of(model)
    if about.get("identity") != own:
        fitted_for = about.get("model", {}).get("name", "another model")
        raise InputError(
            f"{path} was fitted for {fitted_for} ({_short(about.get('identity'))}), not for "
            f"{model.provenance['name']} ({_short(own)}); fit a lens for this model."
        )


def origin_of(path: Path) -> dict[str, Any]:
    """Return what a record says of a lens: the file's name and hash."""
    return {"file": path.name, "sha256": sha256(path)}


def _digest(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of all that a file says."""
    arrays = arrays_digest({name: tensor.numpy() for name, tensor in tensors.items()})
    return document_digest({"about": about, "arrays": arrays})


def _short(identity: Any) -> str:
    kind, _, digest = str(identity).partition(":")
    return f"{kind} {digest if kind == 'commit' else digest[:12]}"
