"""`bathyscope attribute`: what drove each token?"""

from typing import Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import progress_bars


def command(
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="PROMPT", help="A file, a text, or -; features are marked [[like this]]."
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option(help="The continuation to explain. [default: the model writes it]"),
    ] = None,
    method: Annotated[str, typer.Option(help="shapley or leave_one_out.")] = "shapley",
    baseline: Annotated[str, typer.Option(help="Text that replaces an absent feature.")] = "",
    max_new_tokens: options.MaxNewTokens = 64,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Prompts per forward pass. [default: by their length]"),
    ] = None,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    output: options.Output = None,
    overwrite: options.Overwrite = False,
    figure: options.Figure = None,
    palette: options.Palette = None,
    as_json: options.Json = False,
) -> None:
    """Measure what each marked part of a prompt did to each token of its continuation."""
    with progress_bars() as progress:
        from bathyscope import api
        from bathyscope.cli.results import check_output, deliver
        from bathyscope.prompt import Prompt

        marked = Prompt.marked(options.read_prompt(prompt))
        api.attribution_method(marked, target, method)
        check_output(output, figure or [], palette, overwrite=overwrite)
        run = api.attribute(
            options.load_model(model, revision, dtype, device, progress),
            marked,
            target,
            method=method,
            baseline=baseline,
            max_new_tokens=max_new_tokens,
            batch_size=batch_size,
            progress=progress,
        )
    deliver(run, output, figure or [], palette, overwrite=overwrite, as_json=as_json)
