"""`bathyscope demo`: three maps and a page."""

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
) -> None:
    """Compute three heatmaps of a real model and a page that explains them."""
    with progress_bars() as progress:
        from bathyscope.core.files import refuse_existing
        from bathyscope.demo.demo import run_demo

        refuse_existing(output, overwrite=overwrite)
        language_model = options.load_model(model, revision, dtype, device, progress)
        run_demo(language_model, output, overwrite=overwrite, progress=progress)
    note(f"open {output / 'index.html'} in a browser")
