"""Segmenter: a way to find features in a text, without a model."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from bathyscope.core.heatmap import Span


class Segmenter(ABC):
    """A pure function from a text to spans of it; one small class each, registered by its name.

    Attributes:
        name: What it is asked for by.
        summary: One line for lists and `--help`.
        missing: What to say where it finds none: "No … in the prompt".
        whole: Whether it has to see the whole prompt to find anything in a part of it.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    missing: ClassVar[str]
    whole: ClassVar[bool] = False

    @abstractmethod
    def find(self, text: str) -> list[Span]:
        """Return character spans (start, end): ascending, inside, not overlapping, not empty."""

    def names(self, text: str) -> Sequence[str]:
        """Return what each span that `find` gives is called; nothing where its text is its name."""
        return ()
