"""Keywords of verbs: a misspelt one is refused with the nearest right one."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, get_args

from bathyscope.core.errors import InputError, advice

P = ParamSpec("P")
R = TypeVar("R")


def keywords_checked(verb: Callable[P, R]) -> Callable[P, R]:
    """Have a verb refuse a keyword it does not take, as InputError, before anything is done."""
    known = keywords_of(verb)

    @wraps(verb)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in known:
                raise InputError(
                    f"The keyword {name!r} is not known to {verb.__name__}; {advice(name, known)}."
                )
        return verb(*args, **kwargs)

    return checked


def keywords_of(verb: Callable[..., object]) -> list[str]:
    """Return what a verb takes by keyword; of `**overrides: Unpack[Fields]` the fields."""
    known: list[str] = []
    for one in inspect.signature(verb).parameters.values():
        if one.kind is one.VAR_KEYWORD:
            (fields,) = get_args(one.annotation)
            known += fields.__annotations__
        elif one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
            known.append(one.name)
    return known
