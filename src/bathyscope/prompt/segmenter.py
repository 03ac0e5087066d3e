"""Segmenter: a way to find features in a text, without a model."""

from abc import ABC, abstractmethod
from typing import ClassVar

from bathyscope.core.heatmap import Span


class Segmenter(ABC):
    """A pure function from a text to spans of it; one small class each, registered by its name.

    Attributes:
        name: What it is asked for by.
        summary: One line for lists and `--help`.
        missing: What to say where it finds none: "No … in the prompt".
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    missing: ClassVar[str]

    @abstractmethod
    def find(self, text: str) -> list[Span]:
        """Return character spans (start, end): ascending, inside, not overlapping, not empty."""
