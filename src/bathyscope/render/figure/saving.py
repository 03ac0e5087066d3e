"""Saving of figures: how each file is written, and what is written into it."""

import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bathyscope.render.figure.embedded_metadata import Inscription

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE: Any = {"svg.fonttype": "path", "svg.hashsalt": "bathyscope", "pdf.fonttype": 42}
"""Settings of matplotlib under which the same figure gives the same bytes."""


def metadata(ending: str, inscribed: Inscription) -> dict[str, Any]:
    """Return what matplotlib embeds in a file: nothing that changes from run to run.

    Args:
        ending: One of `inscription.FORMATS`; each has its own place for a text.
        inscribed: What the file tells of its map.
    """
    text, dated = inscribed.to_text(), "SOURCE_DATE_EPOCH" in os.environ
    if ending == ".png":
        return {"Software": "bathyscope", "Description": text}
    place, date = ("Description", "Date") if ending == ".svg" else ("Keywords", "CreationDate")
    return {"Creator": "bathyscope", place: text, **({} if dated else {date: None})}


def save_page(page: "Figure", path: Path, embedded: Mapping[str, Any]) -> None:
    """Save one page; drawn in memory first, since matplotlib stumbles over files that are refused.

    Args:
        page: The figure.
        path: The file; its ending is the format.
        embedded: What `metadata` returns.
    """
    content = BytesIO()
    page.savefig(content, format=path.suffix.lower().lstrip("."), metadata=embedded)
    path.write_bytes(content.getvalue())
