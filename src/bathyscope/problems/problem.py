"""A problem: a question, the answer that is right, and how it is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Problem:
    """A question with its right answer.

    Attributes:
        id: What it is called; no two problems of one list share it.
        question: The question as it stands in a prompt.
        answer: The answer that is right: a number as a plain decimal, or a letter of the choices.
        solution: How the answer is found, without a closing "The answer is …"; None where the
            source has none.
        tags: What kind of problem it is, by name: texts and whole numbers.
    """

    id: str
    question: str
    answer: str
    solution: str | None = None
    tags: Mapping[str, str | int] = field(default_factory=lambda: MappingProxyType({}))

    def to_record(self) -> dict[str, Any]:
        """Return it as plain JSON values: id, question, answer, solution, tags."""
        return {**vars(self), "tags": dict(self.tags)}
