"""Hooks that are gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def hooked(*handles: Any) -> Iterator[None]:
    """Keep hooks that were registered for as long as the block runs."""
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
