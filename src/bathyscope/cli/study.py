"""`bathyscope study`: claims about many prompts, with intervals, pictures and counter-examples."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import note, progress_bars
from bathyscope.cli.open import Study


def command(
    study: Study,
    claim: Annotated[
        list[str] | None,
        typer.Option(metavar="CLAIM", help="Such as those below; repeatable."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="STUDY", help="Compare with a study of the same records, in pairs."),
    ] = None,
    role: options.Roles = None,
    correct: Annotated[
        str, typer.Option(help="p-values of many claims: holm, bh or none.")
    ] = "holm",
    rows: Annotated[str, typer.Option(help="What groups the tokens of the mean map.")] = "row.role",
    columns: Annotated[
        str, typer.Option(help="What groups its features: auto, or an expression.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Where random shares of samples start.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Also a page with pictures."),
    ] = None,
    pages: Annotated[int, typer.Option(help="So many records get a page of their maps.")] = 100,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Say what can be claimed of a study, and what contradicts it.

    Every claim says for how many records it holds.
    """
    from bathyscope.core.errors import InputError
    from bathyscope.core.files.outputs import require_writable
    from bathyscope.core.roles import RoleRule
    from bathyscope.study.claims.finding import findings
    from bathyscope.study.claims.view import StudyView
    from bathyscope.study.comparison import paired_findings
    from bathyscope.study.policies import thought
    from bathyscope.study.report import StudyReport
    from bathyscope.study.store import open_study

    with progress_bars() as progress:
        rules = [RoleRule.parsed(text) for text in role or []]
        view = StudyView(open_study(study), rules)
        if output is not None:
            require_writable(output, overwrite=overwrite)
        found = findings(claim or [], view, correct)
        played = None
        if len(view.study.table("samples", ("id",))):
            played = thought(view, seed)
        pairs = []
        if against is not None:
            if not claim:
                raise InputError("Two studies are compared by a claim; name it with --claim.")
            pairs = paired_findings(claim, view, StudyView(open_study(against), rules))
        report = StudyReport(view, found, played, [pair.said() for pair in pairs], rows, columns)
        if output is not None:
            report.write(output, overwrite=overwrite, pages=pages, progress=progress)
    if as_json:
        print_json(_document(report, correct, pairs))
    else:
        _show(report, len(view.ids), len(view.failed))
    if output is not None:
        note(f"saved: {output / 'index.html'}")


def _document(report: Any, correct: str, pairs: list[Any]) -> dict[str, Any]:
    """Return all of it as plain JSON values."""
    from bathyscope.study.claims.words import describe_shares

    view, played = report.view, report.thought
    return {
        "schema": 1,
        "kind": "findings",
        "records": len(view.ids),
        "failed": dict(view.failed),
        "shares": describe_shares(view),
        "correction": correct,
        "claims": [finding.to_document() for finding in report.findings],
        "paired": [pair.to_document() for pair in pairs],
        "think": None if played is None else played.to_document(),
    }


def _show(report: Any, answered: int, failed: int) -> None:
    from rich.console import Console

    from bathyscope.study.report import policy_lines

    console = Console(markup=False, highlight=False)
    console.print(f"{answered} records were answered, {failed} failed.")
    for paragraph in report.paragraphs():
        console.print(f"\n{paragraph}")
    if report.thought is not None:
        from rich.table import Table
        from rich.text import Text

        table = Table("way", "accuracy", "tokens", "beside the majority", "McNemar")
        for line in policy_lines(report.thought):
            table.add_row(*map(Text, line))
        console.print(table)
