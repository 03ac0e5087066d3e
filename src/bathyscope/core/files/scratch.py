"""Hidden folders to work in, beside the place where what is made in them will stand.

    .bathyscope-k3j2h1x8/new/    what is being written
    .bathyscope-k3j2h1x8/old/    what it replaces, where two names cannot be exchanged at once
    .bathyscope-k3j2h1x8/mode    a file that shows the permissions of new files

A process holds a lock on its own folder while it lives. Of one that was killed, the folder stays:
the next to work at the same place puts back what was set aside, and removes the rest after a day.
"""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bathyscope.core.files.locks import lock_of
from bathyscope.core.files.renaming import rename_new

NEW, OLD, MODE = "new", "old", "mode"
_PREFIX = ".bathyscope-"
_NAME = re.compile(re.escape(_PREFIX) + "[a-z0-9_]{8}")
_A_DAY = 86_400.0  # seconds


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """Yield an empty folder on the file system of `parent`, and remove it with what is in it.

    Raises:
        OSError: It cannot be made.
    """
    parent.mkdir(parents=True, exist_ok=True)
    tidy(parent)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    lock = None
    try:
        lock = lock_of(folder)
        (folder / NEW).mkdir()
        yield folder / NEW
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def is_scratch(name: str) -> bool:
    """Tell whether a folder has the name of one to work in."""
    return _NAME.fullmatch(name) is not None


def tidy(parent: Path) -> None:
    """Put back what killed processes had set aside, and remove what they left a day ago."""
    with suppress(OSError):
        for entry in [*os.scandir(parent)]:
            if is_scratch(entry.name) and entry.is_dir(follow_symlinks=False):
                with suppress(OSError):
                    _tidy(Path(entry.path))


def _tidy(folder: Path) -> None:
    lock = lock_of(folder, wait=False)  # an error where its process lives
    try:
        if not set(os.listdir(folder)) <= {NEW, OLD, MODE}:
            return
        old_enough = time.time() - _last_change(folder) > _A_DAY
        if lock is not None or old_enough:
            _put_back(folder)
        if old_enough:
            shutil.rmtree(folder)
    finally:
        if lock is not None:
            os.close(lock)


def _put_back(folder: Path) -> None:
    """Return what was set aside to its name, where nothing took it since."""
    if (folder / OLD).exists():
        for aside in (folder / OLD).iterdir():
            with suppress(FileExistsError):
                rename_new(aside, folder.parent / aside.name)


def _last_change(folder: Path) -> float:
    return max(path.lstat().st_mtime for path in [folder, *folder.rglob("*")])
