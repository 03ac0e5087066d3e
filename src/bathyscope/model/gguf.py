"""GGUF files: dequantised once, tensor by tensor, then loaded like any folder of transformers.

The cache holds one folder for each file, named by the file's SHA-256. A list of the SHA-256 of
everything inside stands in the folder and is checked whenever a file has changed, so that a damaged
folder is noticed and made again. Folders appear by renaming: half of one is never seen.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from filelock import FileLock, Timeout

from bathyscope.core.errors import ModelError, WriteError
from bathyscope.core.files.writing import new_folder, sha256
from bathyscope.core.progress import Progress
from bathyscope.model.cache import cache_folder
from bathyscope.model.gguf_tensors import GgufTensors, has_rules
from bathyscope.model.measured import sha256_of
from bathyscope.model.quiet import quietly
from bathyscope.model.shards import shards

if TYPE_CHECKING:
    from torch import Tensor

MAGIC = b"GGUF"
_CHECKSUMS = "checksums.json"
_NEEDED = {"config.json", "tokenizer.json"}  # the weights may lie in several files
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}  # of a number in a conversion
_FORMAT = 1  # part of the folder's name: raise it when the conversion changes


def converted(gguf: Path, digest: str, progress: Progress, dtype: str = "float32") -> Path:
    """Return the folder of a GGUF file's conversion, converting it if need be.

    Args:
        gguf: The file.
        digest: Its SHA-256.
        progress: Told of the steps.
        dtype: That in which the model will be loaded. The conversion has it where it is a half
            precision, else float32; one in float32 that is there already serves for all.

    Raises:
        ModelError: transformers cannot read the file, or there is no room for the conversion.
    """
    exact = conversion_folder(digest)
    if dtype not in _BYTES or (dtype != "float32" and is_whole(exact)):
        dtype = "float32"
    folder = conversion_folder(digest, dtype)
    with locked(folder, progress):
        if not is_whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
            try:
                _convert(gguf, folder, dtype, progress)
            except WriteError as error:
                raise ModelError(
                    f"The conversion of {gguf.name} cannot be written to {folder.parent} "
                    f"({error.reason}); make room, or set BATHYSCOPE_CACHE to another folder."
                ) from error
    return folder


def conversion_folder(digest: str, dtype: str = "float32") -> Path:
    """Return where the conversion of the GGUF file with this SHA-256 lies, or will lie."""
    return cache_folder() / f"gguf-{digest[:16]}-{dtype}-v{_FORMAT}"


def is_whole(folder: Path) -> bool:
    """Tell whether a conversion is there with every byte as it was written, and nothing else.

    Files that have not changed since they were last read are not read again.
    """
    try:
        expected: dict[str, str] = json.loads((folder / _CHECKSUMS).read_text(encoding="utf-8"))
        present = {file.name for file in folder.iterdir()} - {_CHECKSUMS}
        complete = _NEEDED <= expected.keys() == present
        return complete and all(sha256_of(folder / name) == said for name, said in expected.items())
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def locked(path: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock that belongs to a path of the cache, waiting for whoever holds it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(f".{path.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress("wait for another bathyscope to prepare the model", 0, None)
            lock.acquire()
    except OSError as error:
        raise ModelError(
            f"The cache folder {path.parent} cannot be written ({error.strerror}); "
            "set BATHYSCOPE_CACHE to a folder that can."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _convert(gguf: Path, folder: Path, dtype: str, progress: Progress) -> None:
    progress(f"convert {gguf.name} to {dtype}, once", 0, None)
    with _explained(gguf), quietly():
        tokenizer, model, tensors = _opened(gguf, dtype)
    if tensors is not None:
        _require_room(gguf, folder, tensors.num_elements * _BYTES[dtype])
    from safetensors import SafetensorError

    with new_folder(folder) as partial:
        tokenizer.save_pretrained(partial)
        try:
            if tensors is None:
                _plain(model).save_pretrained(partial)
            else:
                _save(gguf, model, tensors, partial, dtype, progress)
        except SafetensorError as error:  # its name for what the file system refuses
            raise OSError(str(error)) from error
        checksums = {file.name: sha256(file) for file in sorted(partial.iterdir())}
        (partial / _CHECKSUMS).write_text(json.dumps(checksums, indent=1))


@contextmanager
def _explained(gguf: Path) -> Iterator[None]:
    """Turn whatever readers of damaged files stumble over into one sentence.

    Raises:
        ModelError: They did.
    """
    try:
        yield
    except Exception as error:
        raise ModelError(
            f"{gguf} cannot be converted: {str(error).strip() or type(error).__name__}. "
            "A GGUF file must be complete and of an architecture that transformers reads."
        ) from error


def _opened(gguf: Path, dtype: str) -> tuple[Any, Any, GgufTensors | None]:
    """Return tokenizer and model of a GGUF file, and the tensors that the model lacks.

    None where transformers reads such files only whole: the model then has its weights.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    source: Any = {
        "pretrained_model_name_or_path": str(gguf.parent),
        "gguf_file": gguf.name,
        "trust_remote_code": False,
    }
    tokenizer = AutoTokenizer.from_pretrained(**source)
    if not has_rules(gguf):
        whole = AutoModelForCausalLM.from_pretrained(**source, dtype=getattr(torch, dtype))
        return tokenizer, whole, None
    config, maker = AutoConfig.from_pretrained(**source), cast(Any, AutoModelForCausalLM)
    config.dtype = dtype
    with torch.device("meta"):
        model = maker.from_config(config)
    return tokenizer, model, GgufTensors(gguf, model)


def _save(
    gguf: Path, model: Any, tensors: GgufTensors, folder: Path, dtype: str, progress: Progress
) -> None:
    """Write a model's settings, and its weights one after the other."""
    import torch

    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    stage, done = _told(gguf.name, tensors, dtype), 0
    with shards(folder, getattr(torch, dtype), tensors.num_tensors) as writing:
        for name, tensor in _read(gguf, tensors):
            writing.add(name, tensor)
            done += tensor.numel()
            del tensor  # or it would be held beside the next
            progress(stage, 100 * done // tensors.num_elements, 100)


def _told(name: str, tensors: GgufTensors, dtype: str) -> str:
    """Return what is done to a file: what it costs, and what nothing brings back."""
    lost = f" ({tensors.bits:.1f} bits a number: what these lost stays lost)"
    size = tensors.num_elements * _BYTES[dtype] / 1e9
    return f"convert {name}{lost if tensors.bits < 16 else ''} to {dtype}, once: {size:.2g} GB"


def _read(gguf: Path, tensors: GgufTensors) -> "Iterator[tuple[str, Tensor]]":
    with _explained(gguf):
        yield from tensors


def _require_room(gguf: Path, folder: Path, needed: int) -> None:
    """Raise ModelError where the weights would not fit the file system of the cache."""
    free = shutil.disk_usage(folder.parent).free
    if free < needed:
        raise ModelError(
            f"The conversion of {gguf.name} takes {needed / 1e9:.1f} GB, but {folder.parent} has "
            f"{free / 1e9:.1f} GB left; make room, set BATHYSCOPE_CACHE to another folder, or take "
            "--dtype bfloat16."
        )


def _plain(model: Any) -> Any:
    """Return the same weights as an ordinary model; one read from GGUF refuses to be saved."""
    import torch

    del model.config.quantization_config
    with torch.device("meta"):
        plain = type(model)(model.config)
    plain.load_state_dict(model.state_dict(), assign=True)
    plain.tie_weights()
    plain.generation_config = model.generation_config
    return plain
