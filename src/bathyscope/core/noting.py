"""Notes: cautions that belong to a result, said where they are found and kept by the result."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, Protocol, Self, TypeVar, cast

from bathyscope.core.bars import BARS

# A context variable: what is computed in another thread, or task, has notes of its own.
_heard: ContextVar[list[str] | None] = ContextVar("notes of the result being made", default=None)


class Result(Protocol):
    """Result that keeps notes."""

    def noted(self, notes: Iterable[str]) -> Self:
        """Return the same with further notes."""


P = ParamSpec("P")
R = TypeVar("R", bound=Result | Sequence[Result])


def note(*texts: str) -> None:
    """Add sentences to the notes of the result that is being made, each once.

    Where no verb is at work whose result could keep them, they are warnings.
    """
    heard = _heard.get()
    for text in texts:
        if heard is None:
            warnings.warn(text, stacklevel=2)
        elif text not in heard:
            heard.append(text)


@contextmanager
def noting() -> Iterator[list[str]]:
    """Yield the list that receives all notes made inside, by however deep a function.

    Of several, one inside the other, the innermost receives them: who makes a result of others
    passes their notes on.
    """
    heard: list[str] = []
    before = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(before)


def notes_kept(verb: Callable[P, R]) -> Callable[P, R]:
    """Have the result of a verb, or each of its results, keep what is noted while it works."""

    @wraps(verb)
    def noted(*args: P.args, **kwargs: P.kwargs) -> R:
        outermost = _heard.get() is None
        try:
            with noting() as heard:
                result = verb(*args, **kwargs)
        finally:
            if outermost:
                BARS.close()
        if isinstance(result, Sequence):
            return cast(R, [one.noted(heard) for one in result])
        return result.noted(heard)

    return noted
