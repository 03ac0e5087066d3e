"""Quiet loading: bars of transformers ("Loading weights") kept out of notebooks and terminals."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_bars() -> Iterator[None]:
    """Have transformers show no bar inside; downloads, which take their time, show theirs."""
    from transformers.utils import logging

    def none(factory: Callable[..., Any], args: tuple[Any, ...], given: dict[str, Any]) -> Any:
        return logging.EmptyTqdm(*args, **given)  # type: ignore[no-untyped-call]

    before = logging.set_tqdm_hook(none)
    try:
        yield
    finally:
        logging.set_tqdm_hook(before)
