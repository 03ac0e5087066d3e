"""A map in words: facts, computed from its numbers, and sentences that say them."""

import json

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.description.facts import to_document
from bathyscope.description.kinds import described
from bathyscope.description.markdown import as_text
from bathyscope.runs.base import Run
from bathyscope.runs.table import as_run

FORMATS = ("markdown", "text", "json")


@keywords_checked
def describe(subject: Run | Heatmap, format: str = "markdown") -> str:
    """Return a map in words, for those who cannot see it and those who want to be sure.

    Always in the same order: overview, the run's notes, axes, values, what stands out, what it may
    and may not mean. Every number is computed from the map; cells without a finite value count in
    none.

    Args:
        subject: A run or a map.
        format: "markdown"; "text", the same words without marks; or "json", the facts themselves.

    Raises:
        InputError: The format is not known.
    """
    require_format(format)
    run = as_run(subject)
    found, account = described(run)
    if format == "json":
        document = to_document(found, run.notes)
        return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    markdown = account.markdown(run.notes)
    return markdown if format == "markdown" else as_text(markdown)


def require_format(format: str) -> None:
    """Raise InputError where a format is not known."""
    if format not in FORMATS:
        raise InputError(f"The format {format!r} is not known; choose one of {', '.join(FORMATS)}.")
