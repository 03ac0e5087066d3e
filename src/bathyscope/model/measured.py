"""Measurements that need not be made again: hashes of files, verdicts on models.

Each lies in a small file of the cache, under all that it depends on. What is not as it was written
is not believed but measured again; nothing here may fail.
"""

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from bathyscope.core.errors import BathyscopeError
from bathyscope.core.files.writing import new_file, sha256
from bathyscope.core.versions import version_of
from bathyscope.model.cache import cache_folder

Json = str | int | float | bool | None | list[Any] | Mapping[str, Any]

# Clocks of file systems tick in milliseconds: a file that has just been written may be written
# again within the same tick, and would then look as if nothing had happened.
_SECONDS_TO_SETTLE = 2.0

_anew: ContextVar[bool] = ContextVar("whether all is to be measured anew", default=False)


@contextmanager
def measuring_anew(wanted: bool) -> Iterator[None]:
    """Believe nothing that was kept, where wanted here or around; what is measured is kept."""
    before = _anew.set(wanted or _anew.get())
    try:
        yield
    finally:
        _anew.reset(before)


def measured_once(depends_on: Mapping[str, Json], measure: Callable[[], Json]) -> Any:
    """Return what was measured under the same conditions, measuring it where nothing is kept.

    Args:
        depends_on: All that could change the result, as plain JSON values.
        measure: Measures it; the result is a plain JSON value.
    """
    key = json.dumps(depends_on, sort_keys=True)
    file = cache_folder() / "measured" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    if not _anew.get():
        with suppress(OSError, ValueError, LookupError, TypeError):
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["key"] == key and kept["digest"] == _digest(key, kept["value"]):
                return kept["value"]
    value = measure()
    with suppress(OSError, BathyscopeError):
        file.parent.mkdir(parents=True, exist_ok=True)
        entry = {"key": key, "value": value, "digest": _digest(key, value)}
        file.unlink(missing_ok=True)
        with new_file(file) as partial:
            partial.write_text(json.dumps(entry), encoding="utf-8")
    return value


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read again only where the file has changed since.

    Raises:
        OSError: The file cannot be read.
    """
    known = state_of(path)
    if time.time() - path.stat().st_mtime < _SECONDS_TO_SETTLE:
        return sha256(path)
    return str(measured_once({"what": "sha256", **known}, lambda: sha256(path)))


def state_of(path: Path) -> dict[str, Json]:
    """Return what changes whenever a file does: where it lies, its size, its times, its inode."""
    found = path.stat()
    return {
        "path": os.path.abspath(path),
        "size": found.st_size,
        "modified": found.st_mtime_ns,
        "changed": found.st_ctime_ns,  # which no program sets back, unlike the time above
        "inode": found.st_ino,
        "version": version_of("bathyscope"),
    }


def machine() -> dict[str, Json]:
    """Return what a verdict on a model depends on beside the model: versions and processor."""
    import torch

    packages = ("bathyscope", "torch", "transformers", "tokenizers")
    return {
        "versions": {name: version_of(name) for name in packages},
        "processor": [platform.machine(), _processor(), torch.backends.cpu.get_cpu_capability()],
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _digest(key: str, value: Json) -> str:
    return hashlib.sha256(f"{key} {json.dumps(value, sort_keys=True)}".encode()).hexdigest()
