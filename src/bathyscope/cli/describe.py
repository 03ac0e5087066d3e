"""`bathyscope describe`: a run or a table in words."""

from typing import Annotated

import typer

from bathyscope.cli.machines import readable
from bathyscope.cli.subjects import Subject, open_subject


def command(
    subject: Subject,
    format: Annotated[
        str,
        typer.Option(help="markdown; text, without marks; or json, the facts behind the words."),
    ] = "markdown",
    short: Annotated[
        bool, typer.Option("--short", help="Only the most important: one paragraph.")
    ] = False,
) -> None:
    """Say in words what a saved run, or a plain table, shows."""
    from bathyscope.description.describe import describe, require_format

    require_format(format)
    words = describe(open_subject(subject), format, short=short)
    print(readable(words) if format == "json" else words, end="")
