"""What a command does with a run: a folder, figures, and a table or JSON on standard output."""

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from bathyscope.cli.messages import note
from bathyscope.files import new_folder, refuse_existing
from bathyscope.render.figure import draw, require_format
from bathyscope.runs import Run, SettlingRun

_RUNS = Path("bathyscope-runs")


def check_output(folder: Path | None, figures: Sequence[Path], *, overwrite: bool) -> None:
    """Refuse an output that could not be written, before anything is computed."""
    if folder is not None:
        refuse_existing(folder, overwrite=overwrite)
    for figure in figures:
        require_format(figure)
        refuse_existing(figure, overwrite=overwrite, folder=False)


def deliver(
    run: Run, folder: Path | None, figures: Sequence[Path], *, overwrite: bool, as_json: bool
) -> None:
    """Save a run with its figures and print it."""
    folder = folder or _next_folder(run.kind)
    with new_folder(folder, overwrite=overwrite) as partial:
        run.write(partial)
        draw(run, partial / "figure.png")
    for figure in figures:
        draw(run, figure)
    show(run, as_json=as_json)
    note(f"saved: {', '.join(map(str, [folder / 'figure.png', *figures, folder / 'run.json']))}")


def show(run: Run | SettlingRun, *, as_json: bool) -> None:
    """Print a run on standard output."""
    if as_json:
        print(json.dumps(run.to_document(), ensure_ascii=False, allow_nan=False))
    else:
        _print_table(run)


def _next_folder(kind: str) -> Path:
    names = (_RUNS / f"{kind}-{number}" for number in count(1))
    return next(name for name in names if not name.exists())


def _print_table(run: Run | SettlingRun) -> None:
    from rich.console import Console

    from bathyscope.render.terminal import table

    Console(markup=False, highlight=False).print(table(run))
