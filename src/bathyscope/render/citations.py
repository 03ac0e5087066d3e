"""Support of an answer as a page: each sentence with what is cited for it, and the passages."""

from pathlib import Path

from bathyscope.citation.result import Support
from bathyscope.core.files.writing import new_file
from bathyscope.render.html import filled


def write_citations(found: Support, path: Path) -> None:
    """Write a page of an answer's citations; it asks no network and runs no script.

    Raises:
        WriteError: It cannot be written.
    """
    parts = {part.number: part for part in (*found.ranked_passages, *found.ranked_sentences)}
    page = filled("bathyscope.render", "citations.html", found=found, parts=parts)
    with new_file(path) as partial:
        partial.write_text(page, encoding="utf-8")
