"""GGUF files: dequantised once to float32, then loaded like any folder of transformers.

The cache holds one folder for each file, named by the file's SHA-256. A list of the SHA-256 of
everything inside stands in the folder and is checked at every start, so that a damaged folder is
noticed and made again. Folders appear by renaming: half of one is never seen.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bathyscope.core.errors import ModelError, WriteError
from bathyscope.core.files.writing import new_folder, sha256
from bathyscope.core.progress import Progress
from bathyscope.model.cache import cache_folder

MAGIC = b"GGUF"
_CHECKSUMS = "checksums.json"
_NEEDED = {"config.json", "tokenizer.json"}  # the weights may lie in several files
_FORMAT = 1  # part of the folder's name: raise it when the conversion changes


def converted(gguf: Path, digest: str, progress: Progress) -> Path:
    """Return the folder of a GGUF file's float32 conversion, converting it if need be.

    Args:
        gguf: The file.
        digest: Its SHA-256.
        progress: Told of the steps.

    Raises:
        ModelError: transformers cannot read the file, or there is no room for the conversion.
    """
    folder = conversion_folder(digest)
    with locked(folder, progress):
        if not is_whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
            try:
                _convert(gguf, folder, progress)
            except WriteError as error:
                raise ModelError(
                    f"The conversion of {gguf.name} cannot be written to {folder.parent} "
                    f"({error.reason}); make room, or set BATHYSCOPE_CACHE to another folder."
                ) from error
    return folder


def conversion_folder(digest: str) -> Path:
    """Return where the conversion of the GGUF file with this SHA-256 lies, or will lie."""
    return cache_folder() / f"gguf-{digest[:16]}-float32-v{_FORMAT}"


def is_whole(folder: Path) -> bool:
    """Tell whether a conversion is there with every byte as it was written, and nothing else."""
    try:
        expected: dict[str, str] = json.loads((folder / _CHECKSUMS).read_text(encoding="utf-8"))
        present = {file.name for file in folder.iterdir()} - {_CHECKSUMS}
        complete = _NEEDED <= expected.keys() == present
        return complete and all(sha256(folder / name) == said for name, said in expected.items())
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


def _convert(gguf: Path, folder: Path, progress: Progress) -> None:
    steps = 4
    stage = f"convert {gguf.name} to float32, once"
    progress(stage, 0, steps)
    tokenizer, model = _read(gguf)
    progress(stage, 2, steps)
    from safetensors import SafetensorError

    with new_folder(folder) as partial:
        tokenizer.save_pretrained(partial)
        try:
            _plain(model).save_pretrained(partial)
        except SafetensorError as error:  # its name for what the file system refuses
            raise OSError(str(error)) from error
        progress(stage, 3, steps)
        checksums = {file.name: sha256(file) for file in sorted(partial.iterdir())}
        (partial / _CHECKSUMS).write_text(json.dumps(checksums, indent=1))
    progress(stage, steps, steps)


def _read(gguf: Path) -> tuple[Any, Any]:
    """Return tokenizer and model of a GGUF file, dequantised to float32."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source: Any = {
        "pretrained_model_name_or_path": str(gguf.parent),
        "gguf_file": gguf.name,
        "trust_remote_code": False,
    }
    try:
        tokenizer = AutoTokenizer.from_pretrained(**source)
        return tokenizer, AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    except Exception as error:  # readers of damaged files raise whatever they stumble over
        raise ModelError(
            f"{gguf} cannot be converted: {str(error).strip() or type(error).__name__}. "
            "A GGUF file must be complete and of an architecture that transformers reads."
        ) from error


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
