"""Several runs on one page: their figures and descriptions, offline."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bathyscope.core.files.writing import new_file
from bathyscope.description.markdown import as_text
from bathyscope.description.words.account import divided


@dataclass(frozen=True)
class Exhibit:
    """One figure with its words.

    Attributes:
        figure: Path of the picture, relative to the page.
        description: Markdown, as `describe` makes it: the short account is shown, the rest folded.
    """

    figure: str
    description: str


def write_gallery(path: Path, title: str, introduction: str, exhibits: list[Exhibit]) -> None:
    """Write a page that shows exhibits one below the other. It asks no network for anything.

    Args:
        path: The HTML file.
        title: Heading of the page.
        introduction: Markdown that stands above the exhibits.
        exhibits: What is shown.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markdown_it import MarkdownIt

    # Raw HTML stays off in Markdown and everything else is escaped: labels come from models.
    markdown = MarkdownIt("commonmark", {"html": False})
    environment = Environment(
        loader=PackageLoader("bathyscope.render", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    page = environment.get_template("gallery.html").render(
        title=title,
        introduction=markdown.render(introduction),
        exhibits=[_parts(exhibit, markdown.render) for exhibit in exhibits],
    )
    with new_file(path) as partial:
        partial.write_text(page, encoding="utf-8")


def _parts(exhibit: Exhibit, html: Callable[[str], str]) -> dict[str, str]:
    """Return what the page shows of an exhibit: its picture, and its words in HTML."""
    title, short, full = divided(exhibit.description)
    return {
        "figure": exhibit.figure,
        "title": html(f"## {title}"),
        "short": html(short),
        "alternative": as_text(short).strip(),
        "full": html(full),
    }
