"""`bathyscope select`: demonstrations chosen from a pool, and whether the choice pays."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import note, progress_bars, tell

if TYPE_CHECKING:
    from bathyscope.selection.report import SelectionReport
    from bathyscope.selection.select import Selection

_DOCUMENT, _TEXT, _MAP = "selection.json", "demonstrations.txt", "attribution"


def command(
    pool: Annotated[
        Path,
        typer.Argument(
            metavar="POOL", help="JSON Lines of question, rationale, prediction; or problems."
        ),
    ],
    by: Annotated[str, typer.Option(metavar="NAME", help="How; listed below.")] = "pattern",
    k: Annotated[
        int | None,
        typer.Option("-k", help="How many. [default: as the papers for the task, or 8]"),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose rules hold: gsm8k, svamp, aqua, coin_flip, …"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of clusters and samples.")] = 192,
    questions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Problems that the choice may look at.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="ENCODER", help="A folder or hub id of an encoder. [default: all-MiniLM-L6-v2]"
        ),
    ] = None,
    method: Annotated[str, typer.Option(help="Method of --by attribution.")] = "shapley",
    budget: Annotated[int, typer.Option(help="Most sets that a method evaluates.")] = 256,
    candidates: Annotated[
        int, typer.Option(help="Among how many attribution and greedy choose.")
    ] = 16,
    held_out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Problems by which the choice is judged."),
    ] = None,
    random_sets: Annotated[int, typer.Option(help="Beside how many random sets.")] = 20,
    permute: Annotated[int, typer.Option(help="In how many further orders.")] = 0,
    credit: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD",
            help="Map the choice by this method, and leave each demonstration out in turn.",
        ),
    ] = None,
    answer: Annotated[
        str | None,
        typer.Option(metavar="RULE", help="last-number, choice, boxed or regex:PATTERN."),
    ] = None,
    max_new_tokens: options.MaxNewTokens = 128,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="A new folder for choice, text and report."
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Choose demonstrations from a pool, and judge the choice.

    The pool holds worked examples.
    """
    with progress_bars() as progress:
        from bathyscope.core.errors import InputError
        from bathyscope.core.files.outputs import require_writable
        from bathyscope.problems.reading import read_problems
        from bathyscope.selection.report import JudgeSettings, judge_selection
        from bathyscope.selection.select import select
        from bathyscope.selection.selectors import SELECTORS
        from bathyscope.selection.settings import SelectSettings

        settings = SelectSettings(by, k, task, seed, method, budget, candidates)
        judging = JudgeSettings(random_sets, permute, credit, budget, max_new_tokens, answer, seed)
        if held_out is None and (permute or credit is not None):
            raise InputError("--permute and --credit judge a choice; give --held-out FILE too.")
        if output is not None:
            require_writable(output, overwrite=False)
        looked_at = [] if questions is None else read_problems(questions)
        judged_by = None if held_out is None else read_problems(held_out)
        needed = judged_by is not None or "model" in SELECTORS.require(by).needs
        loaded = options.load_model(model, revision, dtype, device, progress) if needed else None
        selection = select(
            pool, looked_at, model=loaded, encoder=encoder, progress=progress, settings=settings
        )
        report = None
        if judged_by is not None:
            report = judge_selection(
                selection,
                judged_by,
                model=loaded,
                questions=looked_at,
                progress=progress,
                settings=judging,
            )
    _deliver(selection, report, output, as_json=as_json)
    tell(selection.notes)


def _deliver(
    selection: "Selection", report: "SelectionReport | None", output: Path | None, *, as_json: bool
) -> None:
    if output is not None:
        _write(selection, report, output)
        note(f"saved: {output}")
    if as_json:
        document = selection.to_document()
        print_json(document if report is None else {**document, "report": report.to_document()})
        return
    _print_choice(selection)
    if report is not None:
        _print_report(report)


def _write(selection: "Selection", report: "SelectionReport | None", output: Path) -> None:
    from bathyscope.core.files.writing import new_folder
    from bathyscope.runs.table import as_run

    document: dict[str, Any] = {
        "schema": 1,
        "kind": "selection",
        **selection.to_document(),
        "record": selection.record,
    }
    document["notes"] = list(selection.notes)
    if report is not None:
        document["report"] = report.to_document()
    with new_folder(output) as folder:
        if report is not None and report.credit is not None:
            (folder / _MAP).mkdir()
            as_run(report.credit.heatmap).write(folder / _MAP)
            document["report"]["credit"]["map"] = _MAP
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        (folder / _DOCUMENT).write_text(text + "\n", encoding="utf-8")
        (folder / _TEXT).write_text(selection.text, encoding="utf-8")


def _print_choice(selection: "Selection") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bathyscope.prompt.labels import visible

    table = Table(title=f"{len(selection.places)} of {len(selection.pool)} items")
    for name in ("index", "as good", "question", "answer"):
        table.add_column(name, justify="right" if name in ("index", "as good") else "left")
    ties = selection.ties or [[index] for index in selection.chosen]
    for item, tied in zip(selection.items, ties, strict=True):
        question, answer = (
            " ".join(map(visible, text.split())) for text in (item.question, item.prediction)
        )
        table.add_row(
            str(item.index),
            str(len(tied) - 1),
            Text(question if len(question) <= 70 else f"{question[:69]}…"),
            Text(answer),
        )
    Console(markup=False, highlight=False).print(table)


def _print_report(report: "SelectionReport") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{report.record['questions']} held-out questions")
    for name in ("demonstrations", "accuracy", "ln p (nats)", "format", "prompt tokens", "written"):
        table.add_column(name, justify="left" if name == "demonstrations" else "right")
    rows = [("the choice", report.own), ("none", report.nothing)]
    rows += [(f"random set {number}", one) for number, one in enumerate(report.others, 1)]
    rows += [(f"order {number}", one) for number, one in enumerate(report.orders, 2)]
    for name, one in rows:
        document = one.to_document(report.selection.pool)
        table.add_row(
            name,
            f"{document['accuracy']:.1%}",
            f"{document['log_prob']:.3f}",
            f"{document['format']:.1%}",
            str(document["prompt_tokens"]),
            str(document["tokens_written"]),
        )
    console = Console(markup=False, highlight=False)
    console.print(table)
    console.print(report.words())
