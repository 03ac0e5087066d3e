"""Several runs on one page: their figures and descriptions, offline."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from bathyscope.core.files.writing import new_file
from bathyscope.description.markdown import as_text
from bathyscope.description.words.account import divided
from bathyscope.prompt import Prompt
from bathyscope.render.html import filled


@dataclass(frozen=True)
class Exhibit:
    """One figure with its words.

    Attributes:
        figure: Path of the picture, relative to the page.
        description: Markdown, as `describe` makes it: the short account is shown, the rest folded.
        title: A few words; that of the description where empty.
        prompt: What the model was asked, its features marked.
        written: What the model writes after it, greedily.
        given: What it was given instead; None where the map is of what it wrote.
        link: Where the map can be explored; none where empty.
    """

    figure: str
    description: str
    title: str = ""
    prompt: Prompt | None = None
    written: str | None = None
    given: str | None = None
    link: str = ""

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The prompt in pieces, and whether each is a feature."""
        if self.prompt is None:
            return []
        text, edges = self.prompt.text, [0]
        for span in self.prompt.features:
            edges += span
        edges.append(len(text))
        cut = [text[start:end] for start, end in pairwise(edges)]
        return [(piece, place % 2 == 1) for place, piece in enumerate(cut) if piece]


def write_gallery(path: Path, title: str, introduction: str, exhibits: list[Exhibit]) -> None:
    """Write a page that shows exhibits one below the other. It asks no network for anything.

    Args:
        path: The HTML file.
        title: Heading of the page.
        introduction: Markdown that stands above the exhibits.
        exhibits: What is shown.
    """
    from markdown_it import MarkdownIt

    # Raw HTML stays off in Markdown and everything else is escaped: labels come from models.
    markdown = MarkdownIt("commonmark", {"html": False})
    page = filled(
        "bathyscope.render",
        "gallery.html",
        title=title,
        introduction=markdown.render(introduction),
        exhibits=[_parts(exhibit, markdown.render) for exhibit in exhibits],
    )
    with new_file(path) as partial:
        partial.write_text(page, encoding="utf-8")


def _parts(exhibit: Exhibit, html: Callable[[str], str]) -> dict[str, Any]:
    """Return what the page shows of an exhibit: the exhibit itself, and its words in HTML."""
    title, short, full = divided(exhibit.description)
    return {
        "shown": exhibit,
        "title": html(f"## {exhibit.title or title}"),
        "short": html(short),
        "alternative": as_text(short).strip(),
        "full": html(full),
    }
