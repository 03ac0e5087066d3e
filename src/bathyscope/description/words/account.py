"""The full account of a map, always in the same order."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """What is said of a map, as sentences in Markdown.

    Attributes:
        title: One line.
        overview: What it is, and the most important of what it shows.
        axes: What rows and columns are.
        values: The values that matter.
        observations: What stands out.
        meaning: What it may and may not mean.
    """

    title: str
    overview: Sequence[str]
    axes: Sequence[str]
    values: Sequence[str]
    observations: Sequence[str]
    meaning: Sequence[str]

    def markdown(self) -> str:
        """Return the account: a title, a paragraph, four lists."""
        parts = [f"# {self.title}", "", " ".join(self.overview)]
        for heading, sentences in (
            ("Axes", self.axes),
            ("Values", self.values),
            ("What stands out", self.observations),
            ("What it may and may not mean", self.meaning),
        ):
            if sentences:
                parts += ["", f"## {heading}", "", *(f"- {sentence}" for sentence in sentences)]
        return "\n".join(parts) + "\n"
