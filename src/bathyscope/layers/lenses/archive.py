"""Archives of Jacobian lenses that others publish: torch files, read as numbers, nothing else.

The reference code saves a lens as `{"J": {layer: matrix}, "n_prompts", "source_layers", "d_model"}`
and a fit that is not done as `{"jacobian_sum": {layer: matrix}, "n_done", "next_idx",
"source_layers", "target_layer", "skip_first"}`, sums over the prompts. Its own reader asks for J,
n_prompts and d_model alone, and TransformerLens adds "metadata". Layers count from 0; matrices are
in float16, sums in float32. Which model it is of, no file has to say.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bathyscope.core.errors import InputError, first_sentence

_LENS, _SUMS = ("J", "n_prompts", "d_model"), ("jacobian_sum", "n_done")
_ESTIMATOR = "jacobian_lens"  # TransformerLens saves lenses of other definitions alike
_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_LARGEST = 2**63
_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class Archive:
    """Contents of an archive, as far as they are read.

    Attributes:
        matrices: J by layer, counted from 0; whatever stands in their places.
        prompts: How many prompts it is the mean of.
        width: How many numbers a state has; None where it is not said.
        target: The layer, counted from 0, that its rows are of; None where it is not said.
        are_sums: Whether the matrices are sums over the prompts.
    """

    matrices: Mapping[int, Any]
    prompts: int
    width: int | None
    target: int | None
    are_sums: bool

    def matrix(self, path: Path, layer: int, width: int) -> Tensor:
        """Return the J of a layer, counted from 0, as it is: (width, width), at least float32.

        Raises:
            InputError: It is no such matrix of finite numbers, or says nothing.
        """
        found, name = self.matrices[layer], f"the matrix of layer {layer + 1}"
        if not isinstance(found, Tensor) or tuple(found.shape) != (width, width):
            came = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise InputError(
                f"{path} is damaged: {name} should have the shape {(width, width)}, not {came}."
            )
        if found.dtype not in _DTYPES or found.layout != torch.strided or found.is_meta:
            raise InputError(
                f"{path} holds {name} as {found.dtype}, {found.layout}, on {found.device}; plain "
                "float16, bfloat16, float32 or float64 are read."
            )
        wide = found.detach().to(torch.promote_types(found.dtype, torch.float32))
        wide = wide / self.prompts if self.are_sums else wide
        if not wide.float().isfinite().all():
            raise InputError(f"{path} is damaged: {name} is not finite.")
        if not wide.float().any():
            raise InputError(f"{path} is damaged: {name} is zero throughout, so it reads nothing.")
        return wide


def read_archive(path: Path) -> Archive:
    """Read what an archive says; nothing in it is run.

    Raises:
        InputError: It is missing, no such archive, or contradicts itself.
    """
    require_archive(path)
    found = _loaded(path)
    keys = _SUMS if isinstance(found, Mapping) and "J" not in found and _SUMS[0] in found else _LENS
    missing = [key for key in keys if not isinstance(found, Mapping) or key not in found]
    if missing:
        raise InputError(
            f"{path} is no published Jacobian lens: it lacks {', '.join(missing)} of the keys "
            f"{', '.join(keys)}."
        )
    matrices, count = keys[:2]
    metadata = found.get("metadata")
    said = metadata if isinstance(metadata, Mapping) else {}
    if said.get("estimator", _ESTIMATOR) != _ESTIMATOR:
        raise InputError(
            f"{path} holds a lens of another definition (its estimator is "
            f"{_told(said['estimator'])}), not {_ESTIMATOR}; give a Jacobian lens."
        )
    target = found.get("target_layer", said.get("target_layer"))
    width = found.get("d_model")
    return Archive(
        _by_layer(path, matrices, found),
        _counted(path, count, found[count]),
        None if width is None and keys == _SUMS else _counted(path, "d_model", width),
        None if target is None else _layer(path, "target_layer", target),
        keys == _SUMS,
    )


def require_archive(path: Path) -> None:
    """Raise InputError for what can be seen to be wrong with an archive before it is read."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; name the torch archive in it.")
    if not path.is_file():
        raise InputError(f"There is no file {path}; give a published lens, a torch archive.")
    try:
        with path.open("rb") as file:
            head = file.read(64)
        packed = _packed(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from error
    if head.startswith(_POINTER):
        raise InputError(
            f"{path} only points to a file that Git LFS keeps elsewhere; get that with "
            "`git lfs pull`."
        )
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size:
        own = " as this program writes it, which --translators takes" * (b'"bathyscope"' in head)
        raise InputError(
            f"{path} is a safetensors file{own}; published Jacobian lenses are torch archives."
        )
    if packed:
        raise InputError(
            f"{path} is packed: {packed} bytes would come out of it, more than it has; torch "
            "archives are not, so nothing of it is read."
        )


def _packed(path: Path) -> int:
    """Return how many bytes come out of a zip file; 0 where no more than went in."""
    try:
        with zipfile.ZipFile(path) as file:
            inside = sum(entry.file_size for entry in file.infolist())
    except OSError:
        raise
    except Exception:  # older archives are none, and a damaged one fails as it likes
        return 0
    return inside if inside > path.stat().st_size else 0


def _loaded(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from error
    except Exception as error:  # what is no archive, or holds more than numbers, fails as it likes
        raise InputError(
            f"{path} is no torch archive of plain numbers ({type(error).__name__}: "
            f"{first_sentence(error)}), and nothing else is read of it; give the file of a "
            "published Jacobian lens."
        ) from error


def _by_layer(path: Path, key: str, archive: Mapping[str, Any]) -> dict[int, Any]:
    """Return the matrices by their layers: a mapping, or as many as `source_layers`."""
    said, named = archive[key], archive.get("source_layers")
    if named is None and not isinstance(said, Mapping):
        raise InputError(
            f"{path} lacks source_layers, so of which layers its {key} is, is unknown."
        )
    try:
        layers = [_whole(layer) for layer in (said if named is None else named)]
        if isinstance(said, Mapping):
            found = {_whole(layer): matrix for layer, matrix in said.items()}
            fits = set(found) == set(layers) and len(found) == len(said)
        else:
            found = dict(zip(layers, said, strict=True))
            fits = True
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise InputError(
            f"{path} is damaged: its {key} and source_layers do not fit together "
            f"({first_sentence(error)})."
        ) from error
    if not fits or len(set(layers)) < len(layers):
        raise InputError(f"{path} is damaged: its {key} is not of the layers in source_layers.")
    return found


def _whole(value: Any) -> int:
    """Return a whole number; raise ValueError for one with a part behind the point."""
    number = int(value)
    if isinstance(value, float) and number != value:
        raise ValueError(f"{value} is no whole number")
    return number


def _layer(path: Path, name: str, value: Any) -> int:
    try:
        return _whole(value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise InputError(
            f"{path} is damaged: its {name} is {_told(value)}, not a whole number."
        ) from error


def _counted(path: Path, name: str, value: Any) -> int:
    try:
        number = _whole(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        number = 0
    if not 1 <= number < _LARGEST:
        raise InputError(
            f"{path} is damaged: its {name} is {_told(value)}, not a whole number above 0."
        )
    return number


def _told(value: Any) -> str:
    """Return a value for a message: a small one as it is, of others the kind."""
    if value is None or isinstance(value, bool | float | complex):
        return repr(value)
    if isinstance(value, int):
        return repr(value) if abs(value) < _LARGEST else "too large"
    return repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}"
