"""Memory that the C library keeps for later, given back to the system."""

import ctypes
import sys
from functools import cache
from typing import Any


def give_back() -> None:
    """Return freed memory to the system where the C library can be asked to (glibc).

    A model that runs on a growing cache makes temporary arrays that are a little larger each time
    and do not fit the holes of the last: on 4,096 tokens the holes came to half of the peak.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    """Return glibc's malloc_trim, or None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
