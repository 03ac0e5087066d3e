"""Places and types of a model's weights, as transformers is told of them."""

import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch

from bathyscope.core.errors import InputError, first_sentence
from bathyscope.model.processes import join

SPREAD = ("auto", "balanced", "balanced_low_0", "sequential")
"""Ways of accelerate to lay layers over all devices, and what does not fit in the main memory."""

TENSOR = "tensor"
"""Every matrix divided among the processes that torchrun started."""

DTYPES = ("float32", "bfloat16", "float16", "float64")

Place = str | Mapping[str, str | int] | None


class FewBits(NamedTuple):
    """Weights in few bits.

    Attributes:
        package: Whose.
        settings: Makes what transformers takes.
    """

    package: str
    settings: Callable[[], Any]


def _torchao(bits: int) -> Any:
    from torchao.quantization import IntxWeightOnlyConfig
    from torchao.quantization.granularity import PerAxis, PerGroup
    from transformers import TorchAoConfig

    types: Any = torch
    kind, each = (types.int8, PerAxis(0)) if bits == 8 else (types.int4, PerGroup(32))
    return TorchAoConfig(IntxWeightOnlyConfig(weight_dtype=kind, granularity=each))


def _bitsandbytes(bits: int) -> Any:
    from transformers import BitsAndBytesConfig

    settings: Any = BitsAndBytesConfig
    if bits == 8:
        # The usual threshold treats columns apart that any token of the text makes large: then
        # tokens change what is predicted before them, and the check at loading refuses the model.
        return settings(load_in_8bit=True, llm_int8_threshold=0.0)
    return settings(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )


FEW_BITS = {
    "int8": FewBits("torchao", lambda: _torchao(8)),
    "int4": FewBits("torchao", lambda: _torchao(4)),
    "llm.int8": FewBits("bitsandbytes", lambda: _bitsandbytes(8)),
    "nf4": FewBits("bitsandbytes", lambda: _bitsandbytes(4)),
}
"""Types of weights that are turned into bfloat16 while they are multiplied."""


def computed_in(dtype: str) -> str:
    """Return the type in which a model with weights of a type computes.

    Raises:
        InputError: There is no such type, or the package for it is not installed.
    """
    if dtype in DTYPES:
        return dtype
    if dtype not in FEW_BITS:
        known = ", ".join((*DTYPES, *FEW_BITS))
        raise InputError(f"The dtype {dtype!r} is not known; choose one of {known}.")
    package = FEW_BITS[dtype].package
    if find_spec(package) is None:
        raise InputError(
            f"Weights in {dtype} need {package}, which is not installed: pip install "
            "'bathyscope[quantised]', or choose --dtype bfloat16."
        )
    return "bfloat16"


class Placement(NamedTuple):
    """Places and type of weights.

    Attributes:
        options: For `from_pretrained`.
        together: Whether several processes hold the model.
        record: For the record: `placed`, but for a single device, which the model itself names, and
            `weights`, where these are kept in few bits.
    """

    options: dict[str, Any]
    together: bool = False
    record: Mapping[str, Any] = {}


def placement(device: Place, dtype: str = "float32") -> Placement:
    """Return how weights are laid out and kept; arguments as of `load`.

    Raises:
        InputError: The device cannot be used here.
    """
    device = _read(device)
    placed = _placed(device)
    record = record_of(device, dtype)
    if dtype not in FEW_BITS:
        return placed._replace(record=record)
    settings = {"quantization_config": FEW_BITS[dtype].settings()}
    options = {"device_map": {"": "cpu"}} | placed.options | settings
    return placed._replace(options=options, record=record)


def record_of(device: Place, dtype: str) -> dict[str, Any]:
    """Return what a record says of places and type of weights, without a look at any device."""
    device = _read(device)
    spread = isinstance(device, Mapping) or device in (*SPREAD, TENSOR)
    placed = dict(device) if isinstance(device, Mapping) else device
    return ({"placed": placed} if spread else {}) | (
        {"weights": dtype} if dtype in FEW_BITS else {}
    )


def _read(device: Place) -> Place:
    """Return a place, read from its file where it names one."""
    named = isinstance(device, str) and device.endswith(".json")
    return _mapping(Path(str(device)).expanduser()) if named else device


def _placed(device: Place) -> Placement:
    """Return how weights are laid out.

    They are read straight to where they belong; a processor has them where they were read.

    Args:
        device: A torch device; a name in `SPREAD`; `TENSOR`; a mapping from modules to devices,
            "cpu" or "disk"; None takes CUDA where there is one.

    Raises:
        InputError: It cannot be used here.
    """
    if isinstance(device, Mapping):
        for place in {str(place) for place in device.values()} - {"cpu", "disk"}:
            _device(f"cuda:{place}" if place.isdigit() else place)
        return Placement({"device_map": dict(device)})
    if device in SPREAD:
        return Placement({"device_map": device})
    if device == TENSOR:
        from transformers.distributed.configuration_utils import DistributedConfig

        parts = DistributedConfig(tp_plan="auto", tp_size=join())
        return Placement({"distributed_config": parts}, together=True)
    own = _device(device)
    return Placement({} if own.type == "cpu" else {"device_map": {"": own}})


def _mapping(file: Path) -> Mapping[str, str | int]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{file} cannot be read as a map from modules to devices ({first_sentence(error)})."
        ) from error
    if not isinstance(found, dict) or not all(isinstance(one, str | int) for one in found.values()):
        raise InputError(
            f"{file} holds no map from modules to devices; expected is JSON such as "
            '{"model.embed_tokens": 0, "model.layers": "cpu"}.'
        )
    return found


def _device(device: str | None) -> torch.device:
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(device)
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InputError(
            f"The device {device!r} cannot be used here ({first_sentence(error)}); try --device "
            f"cpu, or one of {', '.join((*SPREAD, TENSOR))}."
        ) from error
    return place
