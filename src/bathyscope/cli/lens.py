"""`bathyscope lens train`: translators for the tuned lens, from text."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import note, progress_bars
from bathyscope.cli.texts import read_text

if TYPE_CHECKING:
    from bathyscope.layers.lenses.tuned import TunedLens


def train(
    texts: Annotated[
        list[str], typer.Argument(metavar="TEXT...", help="Files, texts, or -: what it learns on.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The .safetensors file to write."),
    ],
    steps: Annotated[int, typer.Option(help="Steps of the optimiser.")] = 250,
    positions: Annotated[int, typer.Option(help="Tokens that each step learns from.")] = 64,
    sequence_length: Annotated[int, typer.Option(help="Tokens the text is cut into.")] = 256,
    learning_rate: Annotated[float, typer.Option(help="At the first step; falls to 0.")] = 1e-3,
    held_out: Annotated[
        float, typer.Option(help="Share of each text, its end, that judges the lens.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(help="Of the order in which the text is read.")] = 0,
    keep_newline: options.KeepNewline = False,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Train the tuned lens of a model on text, and say how well it reads text held out."""
    with progress_bars() as progress:
        from bathyscope.cli.results import shown_if_lost
        from bathyscope.core.files.outputs import require_writable
        from bathyscope.layers.lens_training import LensTraining, train_lens

        read = [read_text(text, "text", keep_newline=keep_newline) for text in texts]
        settings = LensTraining(
            steps, positions, sequence_length, learning_rate, held_out, seed, progress
        )
        require_writable(output, overwrite=overwrite, folder=False)
        language_model = options.load_model(model, revision, dtype, device, progress)
        lens = train_lens(language_model, read, settings=settings)
    show = partial(_show, lens, as_json=as_json)
    with shown_if_lost(show):
        lens.save(output, overwrite=overwrite)
    show()
    note(f"translators: {output}")


def _show(lens: "TunedLens", *, as_json: bool) -> None:
    if as_json:
        print_json(lens.about)
    else:
        _print_table(lens)


def _print_table(lens: "TunedLens") -> None:
    from rich.console import Console
    from rich.table import Table

    held_out = lens.about["held_out"]
    losses = held_out["kl_from_last"]
    table = Table(title="Bits lost by taking a layer's prediction for the last layer's")
    for name in ("layer", "norm", "tuned"):
        table.add_column(name, justify="right")
    for layer, (norm, tuned) in enumerate(zip(losses["norm"], losses["tuned"], strict=True), 1):
        table.add_row(str(layer), f"{norm:.3f}", f"{tuned:.3f}")
    console = Console(markup=False, highlight=False)
    console.print(table)
    console.print(f"Mean KL divergence over {held_out['tokens']} tokens held out of the training.")
