"""`bathyscope demo`: five maps and a page."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import note, progress_bars


def command(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the results.")
    ] = Path("bathyscope-demo"),
    overwrite: options.Overwrite = False,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    verify: options.Verify = False,
) -> None:
    """Compute five heatmaps of a real model and a page about them."""
    with progress_bars() as progress:
        from bathyscope.cli.results import show_all, shown_if_lost
        from bathyscope.core.files.outputs import require_writable
        from bathyscope.demo.demo import compute, greedy_answers, write

        require_writable(output, overwrite=overwrite)
        language_model = options.load_model(model, revision, dtype, device, progress, verify=verify)
        runs = compute(language_model, progress)
        written = greedy_answers(language_model, runs)
    with shown_if_lost(partial(show_all, [*runs.values()], as_json=False)):
        write(runs, output, written, overwrite=overwrite)
    note(f"open {output / 'index.html'} in a browser")
