"""`bathyscope depth`: how deep was each token decided?"""

from typing import Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import progress_bars


def command(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="A file, a text, or -.")],
    response: Annotated[
        str | None,
        typer.Option(help="The response to look into. [default: the model writes it]"),
    ] = None,
    lens: Annotated[
        str, typer.Option(help="Read intermediate layers through the final norm, or raw.")
    ] = "norm",
    threshold: Annotated[
        float, typer.Option(help="g: a token has settled at this many bits or fewer.")
    ] = 0.5,
    depth_fraction: Annotated[
        float, typer.Option(help="ρ: layers from this share of all count as deep.")
    ] = 0.85,
    max_new_tokens: options.MaxNewTokens = 64,
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
    """Measure at which layer each token of a response was decided."""
    with progress_bars() as progress:
        from bathyscope import api
        from bathyscope.cli.results import Delivery

        text = options.read_prompt(prompt)
        api.check_depth(response, lens, threshold, depth_fraction)
        delivery = Delivery(output, figure or [], palette, False, overwrite, as_json)
        delivery.check()
        run = api.depth(
            options.load_model(model, revision, dtype, device, progress),
            text,
            response,
            lens=lens,
            threshold=threshold,
            depth_fraction=depth_fraction,
            max_new_tokens=max_new_tokens,
            progress=progress,
        )
    delivery.deliver([run])
