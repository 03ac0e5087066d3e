"""Results of a command: folders, figures, and tables or JSON on standard output."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer

from bathyscope.cli.figures import import_matplotlib
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import complain, note, tell
from bathyscope.cli.places import RUNS, place_of
from bathyscope.core.errors import BathyscopeError, InputError
from bathyscope.core.files.outputs import require_writable
from bathyscope.core.files.writing import new_folder, new_numbered_folder, numbered
from bathyscope.core.forecast import Forecast
from bathyscope.render.figure.draw import draw, require_format
from bathyscope.render.palette import require_palette
from bathyscope.runs.base import Run

_FIGURE = "figure.png"


@dataclass(frozen=True)
class Delivery:
    """Destination and look of results.

    Attributes:
        folder: Folder of the run, or None for a new one in `bathyscope-runs`.
        figures: Further files to draw into.
        palette: Name of a palette, or None for the default.
        hatch: Whether uncertain cells are hatched.
        overwrite: Whether what exists may be replaced.
        as_json: Whether to print JSON instead of a table.
        wide: Whether the table has every cell.
        name: Name of the run's folder in `bathyscope-runs`, instead of `folder`.
    """

    folder: Path | None
    figures: Sequence[Path]
    palette: str | None
    hatch: bool
    overwrite: bool
    as_json: bool
    wide: bool = False
    name: str | None = None

    def __post_init__(self) -> None:
        """Find the folder that a name is of."""
        object.__setattr__(self, "folder", place_of(self.folder, self.name))

    def check(self, num_runs: int = 1) -> None:
        """Refuse an output that could not be written, before anything is computed."""
        if self.figures and num_runs > 1:
            raise InputError("--figure takes one target; every run's folder has its figure anyway.")
        require_palette(self.palette)
        for figure in self.figures:
            require_format(figure)
        self._require_different_places()
        folder = self.folder or next(numbered(RUNS / "run"))
        require_writable(folder, overwrite=self.overwrite)
        for figure in self.figures:
            require_writable(figure, overwrite=self.overwrite, folder=False)

    def _require_different_places(self) -> None:
        """Raise InputError where one output would take the place of another."""
        taken = [] if self.folder is None else [self.folder / _FIGURE]
        for figure in self.figures:
            if any(_in_the_way(one, figure) for one in taken):
                raise InputError(
                    f"{figure} is named for two outputs, or lies in the place of another: give "
                    "each a name of its own."
                )
            taken.append(figure)

    def deliver(self, runs: Sequence[Run]) -> None:
        """Save and print the runs: one as the folder itself, several as folders inside of it.

        They are printed even where they cannot be saved.
        """
        saved: list[Path] = []
        try:
            with shown_if_lost(partial(show_all, runs, as_json=self.as_json, wide=self.wide)):
                self._save(runs, saved)
            show_all(runs, as_json=self.as_json, wide=self.wide)
        finally:
            if saved:
                note(f"saved: {', '.join(map(str, saved))}")

    def _save(self, runs: Sequence[Run], saved: list[Path]) -> None:
        """Save the runs and draw the figures, naming in `saved` what is there."""
        write = partial(self._write, runs)
        if self.folder is None:
            folder = new_numbered_folder(RUNS / runs[0].kind, write)
        else:
            folder = self.folder
            with new_folder(folder, overwrite=self.overwrite) as new:
                write(new)
        saved += [folder / name / _FIGURE for name in _names(len(runs))]
        for figure in self.figures:
            self._draw(runs[0], figure)
            saved.append(figure)

    def _write(self, runs: Sequence[Run], folder: Path) -> None:
        for run, name in zip(runs, _names(len(runs)), strict=True):
            (folder / name).mkdir(exist_ok=True)
            run.write(folder / name)
            self._draw(run, folder / name / _FIGURE)

    def _draw(self, run: Run, path: Path) -> None:
        import_matplotlib()
        draw(run, path, palette=self.palette, hatch=self.hatch, overwrite=self.overwrite)


@contextmanager
def shown_if_lost(show: Callable[[], None]) -> Iterator[None]:
    """Show a result where saving it fails, and end with exit code 1: it is not lost altogether."""
    try:
        yield
    except Exception as error:
        try:
            show()
            sys.stdout.flush()
        except OSError:  # nobody listens
            sys.stdout = None
        if isinstance(error, BathyscopeError):
            complain(str(error))
            raise typer.Exit(1) from None
        raise


def expect(forecast: Forecast) -> Forecast:
    """Say what a question will cost before it is asked; it stays above the bars of progress."""
    note(f"expected: {forecast.in_words}")
    return forecast


def show_forecast(forecast: Forecast, *, as_json: bool) -> None:
    """Print what a question would cost on standard output."""
    if as_json:
        print_json(forecast.to_document())
    else:
        print(forecast.in_words)


def show_all(runs: Sequence[Run], *, as_json: bool, wide: bool = False) -> None:
    """Print runs on standard output: tables, or one JSON document, a list if several.

    What is worth knowing of them follows on standard error.
    """
    if as_json:
        documents = [run.to_document() for run in runs]
        print_json(documents if len(runs) > 1 else documents[0])
    else:
        from rich.console import Console

        from bathyscope.render.terminal.table import table

        for run in runs:
            Console(markup=False, highlight=False).print(table(run, wide=wide))
    tell(note for run in runs for note in run.notes)


def _names(number: int) -> list[str]:
    return ["."] if number == 1 else [f"target-{index}" for index in range(1, number + 1)]


def _in_the_way(file: Path, other: Path) -> bool:
    """Tell whether two files are one, or one would have to lie inside of the other."""
    one, two = (Path(os.path.abspath(path)) for path in (file, other))
    return one == two or one in two.parents or two in one.parents
