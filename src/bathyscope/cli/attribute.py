"""`bathyscope attribute`: what drove each token?"""

from typing import Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import progress_bars


def command(
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="PROMPT", help="A file, a text, or -; features may be marked [[like this]]."
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option(help="The continuation to explain. [default: the model writes it]"),
    ] = None,
    method: Annotated[str, typer.Option(help="shapley or leave_one_out.")] = "shapley",
    baseline: Annotated[str, typer.Option(help="Text that replaces an absent feature.")] = "",
    features: options.Features = "marked",
    chat: options.Chat = False,
    max_new_tokens: options.MaxNewTokens = 64,
    batch_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="Most tokens in a forward pass; bounds memory. [default: 2048]"),
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
    """Measure what each feature of a prompt did to each token of its continuation."""
    with progress_bars() as progress:
        from bathyscope import api
        from bathyscope.cli.features import choose_features, tokens_as_features
        from bathyscope.cli.results import check_output, deliver

        source = options.read_prompt(prompt)
        chosen = choose_features(source, features)
        if chosen is not None:
            api.attribution_method(chosen, target, method)
        check_output(output, figure or [], palette, overwrite=overwrite)
        loaded = options.load_model(model, revision, dtype, device, progress)
        run = api.attribute(
            loaded,
            chosen or tokens_as_features(source, loaded),
            target,
            method=method,
            baseline=baseline,
            chat=chat,
            max_new_tokens=max_new_tokens,
            batch_tokens=batch_tokens,
            progress=progress,
        )
    deliver(run, output, figure or [], palette, overwrite=overwrite, as_json=as_json)
