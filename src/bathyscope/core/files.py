"""Files that are either whole or not there: written beside their place, then renamed into it."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bathyscope.core.errors import InputError


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the same suffix; on success it becomes `path`.

    On any exception, Ctrl-C included, the temporary file is removed and `path` is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        os.chmod(partial, 0o666 & ~_umask())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success it becomes `path`.

    Args:
        path: The folder to create.
        overwrite: Whether an existing `path` is replaced. It stays until the new one is whole.

    Raises:
        InputError: `path` exists and `overwrite` is false, or it is not a folder.
    """
    refuse_existing(path, overwrite=overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield partial
        os.chmod(partial, 0o777 & ~_umask())
        if path.exists():
            _swap(partial, path)
        else:
            os.rename(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def refuse_existing(path: Path, *, overwrite: bool, folder: bool = True) -> None:
    """Raise InputError when writing `path` would destroy something unasked, or of another kind."""
    if path.exists() and path.is_dir() != folder:
        came, expected = ("file", "folder") if folder else ("folder", "file")
        raise InputError(f"{path} is a {came}; the output is a {expected}: choose another name.")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists already; add --overwrite or choose another --output.")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _swap(new: Path, old: Path) -> None:
    """Put `new` in the place of `old`, leaving the old content under the name of `new`."""
    aside = new.with_name(new.name + "-old")
    os.rename(old, aside)
    try:
        os.rename(new, old)
    except BaseException:
        os.rename(aside, old)
        raise
    shutil.rmtree(aside)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
