"""`bathyscope rank`: parts of a prompt, or of a study's prompts, in order of their effect."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import progress_bars
from bathyscope.cli.texts import given_text

if TYPE_CHECKING:
    from bathyscope.study.ranking import RankedPart


def command(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT|STUDY", help="A text, a file, or a study's folder.", show_default=False
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Continuation of PROMPT. [default: the model writes it]")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Rank by why the target rather than this continuation."),
    ] = None,
    method: Annotated[str, typer.Option(metavar="NAME", help="As of attribute.")] = "shapley",
    features: options.Features = "marked",
    chat: options.Chat = False,
    system: options.System = None,
    no_system: options.NoSystem = False,
    messages: options.Messages = None,
    target_turn: options.TargetTurn = None,
    budget: options.Budget = 4096,
    seed: Annotated[int, typer.Option(help="Where random numbers start.")] = 0,
    max_new_tokens: options.MaxNewTokens = 64,
    keep_newline: options.KeepNewline = False,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """List parts by their effect on the answer, one on each line."""
    given = dict(locals())
    folder = None if subject is None else Path(subject)
    if folder is not None and _is_study(folder):
        from bathyscope.study.claims.view import StudyView
        from bathyscope.study.ranking import ranked_study
        from bathyscope.study.store import open_study

        parts, counted = ranked_study(StudyView(open_study(folder))), "records"
    else:
        with progress_bars() as progress:
            from bathyscope.attribution.attribute import attribute
            from bathyscope.cli.asked import asked_about
            from bathyscope.study.ranking import ranked_parts

            asked = asked_about(given | {"prompt": subject})
            text = None if target is None else given_text(target, "target")
            asked.known(), asked.targets([text])
            loaded = options.load_model(model, revision, dtype, device, progress)
            prompt, turn = asked.of(loaded)
            run = attribute(
                loaded, prompt, text if turn is None else turn, method=method,
                against=None if against is None else given_text(against, "text of --against"),
                **asked.settings, budget=budget, seed=seed, max_new_tokens=max_new_tokens,
                progress=progress,
            )  # fmt: skip
            parts, counted = ranked_parts(run), "tokens"
    if as_json:
        print_json([part.to_document() for part in parts])
    else:
        _show(parts, counted)


def _is_study(folder: Path) -> bool:
    try:
        return (folder / "study.json").is_file()
    except (OSError, ValueError):  # a text too long to be a name, or with a character none has
        return False


def _show(parts: "list[RankedPart]", counted: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bathyscope.description.words.phrases import number
    from bathyscope.render.terminal.shares import SHARE, SHARES_ARE

    table = Table("part", "effect, nats", "95 %", f"helped, of {counted}")
    for part in parts:
        low, high = (number(end, "+.3f") for end in (part.low, part.high))
        between = "unknown" if part.low != part.low else f"{low} to {high}"
        if part.low == part.effect == part.high:
            between = "exact"
        table.add_row(
            Text(f"{part.label} {SHARE}" if part.shared else part.label),
            number(part.effect, "+.4f"),
            between,
            f"{part.helped} of {part.of}",
        )
    console = Console(markup=False, highlight=False)
    console.print(table)
    if any(part.shared for part in parts):
        console.print(SHARES_ARE)
