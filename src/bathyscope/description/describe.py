"""A map in words: facts, computed from its numbers, and sentences that say them."""

import json

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.description.facts import FACTS_SCHEMA, to_document
from bathyscope.description.kinds import described, short_account
from bathyscope.description.markdown import as_text
from bathyscope.runs.base import Run
from bathyscope.runs.table import as_run

FORMATS = ("markdown", "text", "json")


@keywords_checked
def describe(subject: Run | Heatmap, format: str = "markdown", *, short: bool = False) -> str:
    """Return a map in words, for those who cannot see it and those who want to be sure.

    Always in the same order: the short account, one paragraph of at most 90 words; then in full the
    overview, the run's notes, axes, values, what stands out, what it may and may not mean. Every
    number is computed from the map; cells without a finite value count in none.

    Args:
        subject: A run or a map.
        format: "markdown"; "text", the same words without marks; or "json", the facts themselves.
        short: Whether the short account is all that is said; as JSON it is the key `short`, text.

    Raises:
        InputError: The format is not known.
    """
    require_format(format)
    run = as_run(subject)
    if short:
        return _short(run, format)
    found, account = described(run)
    if format == "json":
        document = to_document(found, run.notes)
        return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    markdown = account.markdown(run.notes)
    return markdown if format == "markdown" else as_text(markdown)


def _short(run: Run, format: str) -> str:
    said = short_account(run) + "\n"
    if format == "markdown":
        return said
    if format == "text":
        return as_text(said)
    document = {"schema": FACTS_SCHEMA, "kind": run.kind, "short": as_text(said).rstrip("\n")}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def require_format(format: str) -> None:
    """Raise InputError where a format is not known."""
    if format not in FORMATS:
        raise InputError(f"The format {format!r} is not known; choose one of {', '.join(FORMATS)}.")
