"""What a command does with its runs: folders, figures, and tables or JSON on standard output."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import note
from bathyscope.core.errors import InputError
from bathyscope.core.files import new_folder, refuse_existing
from bathyscope.render.figure.draw import draw, require_format
from bathyscope.render.palette import require_palette
from bathyscope.runs.kinds import Run, SettlingRun

_RUNS = Path("bathyscope-runs")


@dataclass(frozen=True)
class Delivery:
    """Where results go and how they look.

    Attributes:
        folder: Folder of the run, or None for a new one in `bathyscope-runs`.
        figures: Further files to draw into.
        palette: Name of a palette, or None for the default.
        hatch: Whether uncertain cells are hatched.
        overwrite: Whether what exists may be replaced.
        as_json: Whether to print JSON instead of a table.
    """

    folder: Path | None
    figures: Sequence[Path]
    palette: str | None
    hatch: bool
    overwrite: bool
    as_json: bool

    def check(self, num_runs: int = 1) -> None:
        """Refuse an output that could not be written, before anything is computed."""
        if self.figures and num_runs > 1:
            raise InputError("--figure takes one target; every run's folder has its figure anyway.")
        if self.folder is not None:
            refuse_existing(self.folder, overwrite=self.overwrite)
        require_palette(self.palette)
        for figure in self.figures:
            require_format(figure)
            refuse_existing(figure, overwrite=self.overwrite, folder=False)

    def deliver(self, runs: Sequence[Run]) -> None:
        """Save and print the runs: one as the folder itself, several as folders inside of it."""
        folder = self.folder or _next_folder(runs[0].kind)
        with new_folder(folder, overwrite=self.overwrite) as partial:
            for run, name in zip(runs, _names(len(runs)), strict=True):
                (partial / name).mkdir(exist_ok=True)
                run.write(partial / name)
                self._draw(run, partial / name / "figure.png")
        for figure in self.figures:
            self._draw(runs[0], figure)
        self._print(runs)
        saved = [folder / name / "figure.png" for name in _names(len(runs))]
        note(f"saved: {', '.join(map(str, [*saved, *self.figures]))}")

    def _draw(self, run: Run, path: Path) -> None:
        draw(run, path, palette=self.palette, hatch=self.hatch)

    def _print(self, runs: Sequence[Run]) -> None:
        if self.as_json and len(runs) > 1:
            documents = [run.to_document() for run in runs]
            print_json(documents)
            return
        for run in runs:
            show(run, as_json=self.as_json)


def show(run: Run | SettlingRun, *, as_json: bool) -> None:
    """Print a run on standard output."""
    if as_json:
        print_json(run.to_document())
        return
    from rich.console import Console

    from bathyscope.render.terminal.table import table

    Console(markup=False, highlight=False).print(table(run))


def _names(number: int) -> list[str]:
    return ["."] if number == 1 else [f"target-{index}" for index in range(1, number + 1)]


def _next_folder(kind: str) -> Path:
    names = (_RUNS / f"{kind}-{number}" for number in count(1))
    return next(name for name in names if not name.exists())
