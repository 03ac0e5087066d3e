"""Several questions side by side: one that fails is named, or told of and left out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from bathyscope.core.errors import BathyscopeError, InputError, ModelError

T = TypeVar("T")

Failed = Callable[[int, BathyscopeError], None]
"""Is told of the index of a question that cannot be answered, and why."""


class Several:
    """Answers each of several questions, and goes on where one fails if somebody wants to know."""

    def __init__(self, failed: Failed | None) -> None:
        """Tell `failed` of what fails; None raises it."""
        self._failed = failed

    @contextmanager
    def answering(self, index: int) -> Iterator[None]:
        """Answer one question; what is raised is told of, or names the question.

        Raises:
            InputError, ModelError: The question cannot be answered, and nobody is to be told.
        """
        try:
            yield
        except (InputError, ModelError) as error:
            if self._failed is None:
                raise type(error)(f"In prompts[{index}]: {error}") from error
            self._failed(index, error)


def one_for_each(prompts: Sequence[object], given: Sequence[T] | None, what: str) -> list[T | None]:
    """Return what is given for each prompt; None for all where nothing is.

    Raises:
        InputError: One text was given in the place of a list, or not one for each prompt.
    """
    for texts, name in ((prompts, "prompt"), (given, what)):
        if isinstance(texts, str):
            raise InputError(f"A list of {name}s was expected, not one text; put it into a list.")
    if given is None:
        return [None] * len(prompts)
    if len(given) != len(prompts):
        raise InputError(
            f"There are {len(prompts)} prompts and {len(given)} {what}s; give one for each, None "
            "where the model is to write it."
        )
    return [*given]
