"""Two renames that Python does not offer: one that replaces nothing, one that exchanges.

Linux has both in one system call, renameat2(2); elsewhere, and on file systems that lack them, they
are put together from what POSIX promises.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

_AT_FDCWD = -100  # paths are as they are everywhere else
_NO_REPLACE, _EXCHANGE = 1, 2
_NOT_HERE = {errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.ENOTSUP}


def rename_new(new: Path, path: Path) -> None:
    """Rename a file or a folder to a name that is free.

    Raises:
        FileExistsError: It is not; nothing was changed.
        OSError: The file system refuses.
    """
    if _renamed(new, path, _NO_REPLACE):
        return
    if new.is_dir():
        _rename_folder(new, path)
    else:
        _rename_file(new, path)


def exchange(new: Path, path: Path, aside: Path) -> Path | None:
    """Exchange two files or two folders, and return where what was at `path` lies now, if it does.

    Args:
        new: What gets the name `path`.
        path: What is replaced. There is no moment at which the name stands for nothing, but where
            folders cannot be exchanged at once.
        aside: A folder that need not be there: for what was at `path` in that case, by its name.

    Raises:
        FileNotFoundError: There is nothing at `path`; nothing was changed.
        OSError: The file system refuses; nothing was changed.
    """
    if _renamed(new, path, _EXCHANGE):
        return new
    aside.mkdir(exist_ok=True)
    kept = aside / path.name
    if not new.is_dir():
        with suppress(OSError):
            os.link(path, kept)
        os.replace(new, path)
        return kept if kept.exists() else None
    os.rename(path, kept)
    try:
        os.rename(new, path)
    except BaseException:
        os.rename(kept, path)
        raise
    return kept


def _renamed(new: Path, path: Path, flag: int) -> bool:
    """Rename by the system call; False where there is none, or none for this file system."""
    call = _system_call()
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(path), flag) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_HERE:
        return False
    raise OSError(number, os.strerror(number), str(new), None, str(path))


@cache
def _system_call() -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is not None:
        text, number = ctypes.c_char_p, ctypes.c_int
        call.argtypes = [number, text, number, text, ctypes.c_uint]
    return call


def _rename_folder(new: Path, path: Path) -> None:
    """Rename a folder; POSIX replaces no other than an empty one."""
    try:
        os.rename(new, path)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        raise


def _rename_file(new: Path, path: Path) -> None:
    """Give a file a second name, which never replaces one, and take the first from it."""
    try:
        os.link(new, path)
    except FileExistsError:
        raise
    except OSError:  # no file system for links: an empty file keeps the name meanwhile
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.replace(new, path)
    else:
        new.unlink()
