"""Quiet loading: bars and remarks of other libraries kept out of notebooks and terminals."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# They say at import which kernels of torchao do not fit this machine, of which none is used.
_REMARKS = ("torchao", "torch.utils._pytree")


@contextmanager
def quietly() -> Iterator[None]:
    """Have transformers show no bar inside, and torchao say nothing below an error.

    Downloads, which take their time, show their bars.
    """
    loggers = [logging.getLogger(name) for name in _REMARKS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with _without_bars():
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _without_bars() -> Iterator[None]:
    from transformers.utils import logging as bars

    def none(factory: Callable[..., Any], args: tuple[Any, ...], given: dict[str, Any]) -> Any:
        return bars.EmptyTqdm(*args, **given)  # type: ignore[no-untyped-call]

    before = bars.set_tqdm_hook(none)
    try:
        yield
    finally:
        bars.set_tqdm_hook(before)
