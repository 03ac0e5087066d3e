"""New files and folders: whole or not there, in the place of nothing that should stay."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from bathyscope.core.errors import InputError, WriteError
from bathyscope.core.files.outputs import refuse_existing, refuse_foreign
from bathyscope.core.files.renaming import exchange, rename_new
from bathyscope.core.files.scratch import MODE, OLD, scratch

_keeps = [True]


def keep_nothing() -> None:
    """Have this process write nothing from now on: another one computes and writes the same."""
    _keeps[0] = False


@contextmanager
def new_file(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary path of the same name; on success it becomes `path`.

    On any exception, Ctrl-C included, nothing temporary is left and `path` is untouched.

    Args:
        path: The file to write.
        overwrite: Whether an existing `path` is replaced. It stays until the new one is whole.

    Raises:
        InputError: `path` exists and may not be replaced (`outputs.refuse_existing`).
        WriteError: It cannot be written, or has appeared meanwhile.
    """
    with _written(path, overwrite=overwrite, folder=False) as new:
        yield new


@contextmanager
def new_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder of the same name; on success it becomes `path`; see `new_file`."""
    with _written(path, overwrite=overwrite, folder=True) as new:
        new.mkdir()
        yield new


def new_numbered_folder(stem: Path, write: Callable[[Path], None]) -> Path:
    """Write a folder and give it the first name that is free of stem-1, stem-2, …; return it.

    Args:
        stem: The name without its number.
        write: Fills an empty folder.

    Raises:
        WriteError: It cannot be written.
    """
    with _complaints(stem), scratch(stem.parent) as work:
        new = work / stem.name
        new.mkdir()
        write(new)
        if not _keeps[0]:
            return stem
        _inherit_mode(new)
        for path in numbered(stem):
            with suppress(FileExistsError):  # another process may have taken it just now
                rename_new(new, path)
                return path
    raise AssertionError("there are more numbers than folders")


def numbered(stem: Path) -> Iterator[Path]:
    """Yield the names stem-1, stem-2, … at which nothing is yet."""
    names = (stem.with_name(f"{stem.name}-{number}") for number in count(1))
    return (name for name in names if not os.path.lexists(name))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _written(path: Path, *, overwrite: bool, folder: bool) -> Iterator[Path]:
    if _keeps[0]:
        refuse_existing(path, overwrite=overwrite, folder=folder)
    place = Path(os.path.abspath(path))
    with _complaints(path), scratch(place.parent) as work:
        new = work / place.name
        yield new
        if _keeps[0]:
            _inherit_mode(new)
            _publish(new, place, overwrite=overwrite, folder=folder)


@contextmanager
def _complaints(path: Path) -> Iterator[None]:
    """Have what the file system refuses told of the file that was asked for, not of a hidden one.

    Readers of a file and writers into it meet here: a figure inside a run fails with the run.
    """
    try:
        yield
    except OSError as error:
        raise WriteError(path, error.strerror or str(error)) from error
    except WriteError as error:
        raise WriteError(path, error.reason) from error


def _publish(new: Path, path: Path, *, overwrite: bool, folder: bool) -> None:
    """Give what is whole its name: at once, and instead of nothing that should stay."""
    while True:
        try:
            return rename_new(new, path)
        except FileExistsError:
            if not overwrite:
                raise WriteError(path, "it exists by now, and nothing was replaced") from None
        try:
            old = exchange(new, path, aside=new.parent.parent / OLD)
        except FileNotFoundError:
            if os.path.lexists(path):
                raise
            continue  # it was removed by somebody: its name is free
        if old is not None:
            try:
                refuse_foreign(old, path, folder=folder)
            except InputError:  # put there since it was first looked at
                exchange(old, path, aside=new.parent)
                raise
        return


def _inherit_mode(new: Path) -> None:
    """Give files the permissions that new ones have here; some libraries close theirs to others.

    A file is made to see them: the umask cannot be read without being changed for all threads.
    """
    probe = new.parent.parent / MODE
    probe.touch()
    wanted = stat.S_IMODE(probe.stat().st_mode)
    for file in [new, *new.rglob("*")]:
        if file.is_file() and stat.S_IMODE(file.stat().st_mode) != wanted:
            file.chmod(wanted)
