"""The full account of a map, always in the same order."""

from collections.abc import Sequence
from dataclasses import dataclass

from bathyscope.description.markdown import escaped

IN_FULL = "In full"
"""What stands above all that follows the short account."""


@dataclass(frozen=True)
class Account:
    """Account of a map, as sentences in Markdown.

    Attributes:
        title: One line.
        overview: What it is, and the most important of what it shows.
        axes: What rows and columns are.
        values: The values that matter.
        observations: What stands out.
        meaning: What it may and may not mean.
        headings: What stands above the four lists.
        short: The most important of it, one paragraph.
    """

    title: str
    overview: Sequence[str]
    axes: Sequence[str]
    values: Sequence[str]
    observations: Sequence[str]
    meaning: Sequence[str]
    headings: tuple[str, str, str, str] = (
        "Axes",
        "Values",
        "What stands out",
        "What it may and may not mean",
    )
    short: str = ""

    def markdown(self, notes: Sequence[str] = ()) -> str:
        """Return the account: a title, the short account, then all of it.

        All of it is a paragraph, and lists, of which the notes come first.

        Args:
            notes: What is worth knowing before the numbers are relied on, as plain text.
        """
        first = [self.short, "", f"## {IN_FULL}", ""] if self.short else []
        parts = [f"# {self.title}", "", *first, " ".join(self.overview)]
        lists = (self.axes, self.values, self.observations, self.meaning)
        for heading, sentences in (
            ("Notes", [escaped(note) for note in notes]),
            *zip(self.headings, lists, strict=True),
        ):
            if sentences:
                parts += ["", f"## {heading}", "", *(f"- {sentence}" for sentence in sentences)]
        return "\n".join(parts) + "\n"


def divided(markdown: str) -> tuple[str, str, str]:
    """Return the title of an account as Markdown, its short account, and all that follows."""
    head, _, full = markdown.partition(f"\n\n## {IN_FULL}\n\n")
    title, _, short = head.partition("\n\n")
    return title.removeprefix("# "), short, full
