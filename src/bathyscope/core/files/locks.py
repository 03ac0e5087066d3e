"""Locks on files and folders: held by a process while it lives, and by one at a time."""

import os
import sys
from pathlib import Path


def lock_of(path: Path, *, wait: bool = True) -> int | None:
    """Lock a file or folder while the returned descriptor is open, a process's life at most.

    Returns:
        The descriptor; None where such things cannot be locked.

    Raises:
        BlockingIOError: Another process holds the lock, and `wait` is false.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:  # some file systems of networks have none
        os.close(descriptor)
        return None
    return descriptor
