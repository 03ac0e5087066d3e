"""The elementwise half of a comparison in C, where the machine has a C compiler.

`rows.c` walks twice over a row where torch walks twelve times: on the embedded model 0.05 instead
of 0.2 to 0.6 milliseconds a row and core. It is compiled for this very processor when it is first
needed, which takes a third of a second, and kept in the cache folder by a hash of all that goes
into it and a hash of what came out: a library with a flipped bit is never loaded. Libraries that
nobody has loaded for a month, or that have the name of an older version, go when one is compiled.
"""

import ctypes
import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import time
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path

import torch
from torch import Tensor

from bathyscope.core.files.scratch import scratch
from bathyscope.core.files.writing import sha256
from bathyscope.layers.kernels.torch_rows import TorchRows, agree
from bathyscope.model.cache import cache_folder
from bathyscope.model.logits import as_float

_FLAGS = ("-O3", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
_SECONDS_TO_COMPILE = 60
_SECONDS_TO_KEEP = 30 * 24 * 3600
_NAME = re.compile(r"rows-[0-9a-f]{32}-[0-9a-f]{32}\.so")


class CompiledRows:
    """The work by the compiled functions of `rows.c`, in float32 on a processor."""

    at_once = 8

    def __init__(self, library: ctypes.CDLL) -> None:
        """Take the functions of a loaded library."""
        array, count = ctypes.c_void_p, ctypes.c_long
        self._predictions, self._divergences = library.predictions, library.divergences
        self._predictions.argtypes = [array, count, count, array, array]
        self._divergences.argtypes = [array, count, count, array, array, array]
        self._predictions.restype = self._divergences.restype = None

    def predictions(self, logits: Tensor, probabilities: Tensor, entropy: Tensor) -> None:
        """Fill in what the last layer predicts; see `Rows`."""
        x = as_float(logits).contiguous()
        arrays = _address(probabilities, torch.float32), _address(entropy, torch.float64)
        self._predictions(_address(x, torch.float32), *x.shape, *arrays)

    def divergences(
        self, logits: Tensor, token: Tensor, last: Tensor, last_entropy: Tensor, bits: Tensor
    ) -> None:
        """Fill in divergences; see `Rows`. Entropies are not needed: it is done by definition."""
        x = as_float(logits).contiguous()
        q, rows_of_q = _address(last, torch.float32), _address(token, torch.int64)
        arrays = q, rows_of_q, _address(bits, torch.float64)
        self._divergences(_address(x, torch.float32), *x.shape, *arrays)


@cache
def compiled_rows() -> CompiledRows | None:
    """Return the compiled way; None where there is no compiler, or where it gives other numbers."""
    compiler = shlex.split(os.environ.get("CC") or "cc")
    if not compiler or shutil.which(compiler[0]) is None:
        return None
    for anew in (False, True):  # what lies in the cache may be damaged
        try:
            rows = CompiledRows(ctypes.CDLL(str(_library(compiler, anew=anew))))
        except subprocess.SubprocessError:
            return None
        except (OSError, AttributeError):
            continue
        processor = torch.device("cpu")
        return rows if agree(rows, TorchRows(processor), processor) else None
    return None


def _library(compiler: list[str], *, anew: bool) -> Path:
    """Return the library from the cache folder, compiled if it is not there or asked for anew.

    Raises:
        OSError: A file cannot be read or written, or others may change it.
        SubprocessError: The compiler fails.
    """
    source = resources.files("bathyscope.layers.kernels").joinpath("rows.c").read_bytes()
    native = "-mcpu=native" if platform.machine() in ("arm64", "aarch64") else "-march=native"
    # What the compiler knows of itself and of this processor.
    target = _run([*compiler, native, "-dM", "-E", "-x", "c", os.devnull])
    command = [*compiler, native, *_FLAGS]
    if b"__AVX512F__" in target:
        command.append("-mprefer-vector-width=512")
    key = hashlib.sha256(b"\0".join([source, target, " ".join(command).encode()]))
    folder, stem = cache_folder() / "compiled", f"rows-{key.hexdigest()[:32]}"
    path = None if anew else _whole(folder, stem)
    if path is None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = _compiled(command, source, folder, stem)
    _require_own(path)
    return path


def _whole(folder: Path, stem: str) -> Path | None:
    """Return the library that is as it was written, by the digest in its name; remove others."""
    for path in folder.glob(f"{stem}-*.so"):
        if path.name == _name(stem, path):
            with suppress(OSError):  # for whoever removes what is not in use any more
                if _age(path) > _SECONDS_TO_KEEP / 2:
                    os.utime(path)
            return path
        path.unlink(missing_ok=True)
    return None


def _name(stem: str, library: Path) -> str:
    return f"{stem}-{sha256(library)[:32]}.so"


def _compiled(command: list[str], source: bytes, folder: Path, stem: str) -> Path:
    """Write the library: whole on the disk, and closed to others, before it has its name."""
    with scratch(folder) as work:
        library = work / "rows.so"
        _run([*command, "-x", "c", "-", "-o", str(library), "-lm"], source)
        library.chmod(0o700)
        with library.open("rb") as file:
            os.fsync(file.fileno())
        path = folder / _name(stem, library)
        os.replace(library, path)
        _remove_stale(folder)
        return path


def _age(path: Path) -> float:
    """Return the seconds since a file was written, or said to be in use."""
    return time.time() - path.stat().st_mtime


def _remove_stale(folder: Path) -> None:
    """Remove libraries that nothing loads any more: of older versions, or long not in use.

    Others that are in use stay: processors of several kinds may share the folder.
    """
    for path in folder.glob("rows*.so"):
        with suppress(OSError):  # another process removes it too, or it is another user's
            if _age(path) > _SECONDS_TO_KEEP or not _NAME.fullmatch(path.name):
                path.unlink()


def _run(command: list[str], given: bytes = b"") -> bytes:
    done = subprocess.run(
        command, input=given, capture_output=True, check=True, timeout=_SECONDS_TO_COMPILE
    )
    return done.stdout


def _require_own(path: Path) -> None:
    """Raise PermissionError for code that somebody else may have put there."""
    for place in (path, path.parent):
        found = place.stat()
        if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
            raise PermissionError(f"{place} may be written by others")


def _address(array: Tensor, dtype: torch.dtype) -> int:
    """Return where an array begins.

    Raises:
        TypeError: The compiled functions would read it wrongly, or write beyond it.
    """
    if array.dtype != dtype or array.device.type != "cpu" or not array.is_contiguous():
        raise TypeError(f"expected {dtype}, contiguous on a processor, not {array.dtype}")
    return array.data_ptr()
