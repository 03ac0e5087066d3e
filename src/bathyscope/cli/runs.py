"""`bathyscope runs`: the runs in ./bathyscope-runs/, listed, shown, named, deleted."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import note
from bathyscope.cli.places import RUNS, require_name
from bathyscope.core.errors import InputError

if TYPE_CHECKING:
    from bathyscope.runs.kept import KeptRun

Folder = Annotated[
    Path, typer.Option("--folder", metavar="FOLDER", help="Where the runs lie.", show_default=True)
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="Its name, as `bathyscope runs` lists it.")]


def listed(
    context: typer.Context,
    search: Annotated[
        str,
        typer.Option(
            metavar="WORDS", help="Only runs with these words: name, kind, model, prompt, text."
        ),
    ] = "",
    folder: Folder = RUNS,
    as_json: options.Json = False,
) -> None:
    """List saved runs, the newest first."""
    if context.invoked_subcommand is not None:
        return
    from bathyscope.runs.kept import kept_runs

    found = kept_runs(folder, search.split())
    if as_json:
        print_json([_document(one) for one in found])
    elif found:
        _print(found)
    else:
        note(f"no run{' with these words' if search.strip() else ''} in {folder}")


def show(
    run: Run,
    folder: Folder = RUNS,
    wide: options.Wide = False,
    as_json: options.Json = False,
) -> None:
    """Print a saved run as it was printed when it was made."""
    from bathyscope.cli.results import show_all
    from bathyscope.runs.opening import open_run

    show_all([open_run(folder / run)], as_json=as_json, wide=wide)


def name(
    run: Run,
    new: Annotated[str, typer.Argument(metavar="NEW", help="A name that no other has.")],
    folder: Folder = RUNS,
) -> None:
    """Give a run another name."""
    from bathyscope.runs.kept import rename_run

    rename_run(folder, run, require_name(new))
    note(f"now: {folder / new}")


def delete(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="Their names.")],
    folder: Folder = RUNS,
    yes: Annotated[bool, typer.Option("--yes", help="Without being asked.")] = False,
) -> None:
    """Delete runs, with their figures.

    A folder that holds anything else is left alone.
    """
    from bathyscope.runs.kept import remove_runs, require_removable

    places = [str(require_removable(folder, one)) for one in runs]
    if not yes:
        if not sys.stdin.isatty():
            raise InputError("Nobody can be asked here; add --yes to delete without a question.")
        if not typer.confirm(f"Delete {', '.join(places)}?", err=True):
            note("nothing was deleted")
            return
    remove_runs(folder, runs)
    note(f"deleted: {', '.join(places)}")


def _document(one: "KeptRun") -> dict[str, Any]:
    when = datetime.fromtimestamp(one.changed).astimezone().isoformat(timespec="seconds")
    return {**vars(one), "changed": when}


def _print(found: "list[KeptRun]") -> None:
    from rich.console import Console
    from rich.text import Text

    from bathyscope.render.lettering import shortened
    from bathyscope.render.terminal.ranking import plain_table

    table = plain_table()
    for header in ("run", "kind", "written", "text"):
        table.add_column(header, overflow="fold", no_wrap=header != "run")
    table.columns[-1].overflow = "ellipsis"
    for one in found:
        when = datetime.fromtimestamp(one.changed).strftime("%Y-%m-%d %H:%M")
        about = "damaged" if one.problem else shortened(one.text or one.prompt or "")
        kind = "" if one.kind is None else shortened(one.kind)
        table.add_row(*map(Text, (shortened(one.name), kind, when, about)))
    Console(markup=False, highlight=False).print(table)
