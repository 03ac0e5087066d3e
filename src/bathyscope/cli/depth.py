"""`bathyscope depth`: how deep was each token decided?"""

from typing import Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import progress_bars
from bathyscope.cli.texts import given_text, read_text
from bathyscope.core.errors import InputError


def command(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="A file, a text, or -.")],
    response: Annotated[
        str | None,
        typer.Option(help="The response to look into. [default: the model writes it]"),
    ] = None,
    lens: options.Lens = "norm",
    translators: options.Translators = None,
    threshold: options.Threshold = 0.5,
    depth_fraction: options.DepthFraction = 0.85,
    top_k: Annotated[
        int,
        typer.Option(help="Also record what each layer would say: so many tokens for each cell."),
    ] = 0,
    ratio_only: Annotated[
        bool, typer.Option("--ratio-only", help="Settling depths and ratio only: no map, faster.")
    ] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Print each token with its depth as it is written.")
    ] = False,
    keep_newline: options.KeepNewline = False,
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
        from bathyscope.cli.results import Delivery, show
        from bathyscope.cli.streaming import StreamSettings, stream_depths
        from bathyscope.layers import depth as api
        from bathyscope.runs.kinds import SettlingRun

        response = None if response is None else given_text(response, "response")
        text = read_text(prompt, keep_newline=keep_newline)
        api.check_depth(response, lens, translators, threshold, depth_fraction, top_k, ratio_only)
        files = bool(output or figure)
        _require_map(ratio_only, files)
        if stream:
            _require_nothing_else(response is not None or files or bool(top_k) or ratio_only)
            stream_depths(
                options.load_model(model, revision, dtype, device, progress),
                text,
                StreamSettings(lens, translators, threshold, depth_fraction, max_new_tokens),
                as_json=as_json,
            )
            return
        delivery = Delivery(output, figure or [], palette, False, overwrite, as_json)
        delivery.check()
        run = api.depth(
            options.load_model(model, revision, dtype, device, progress),
            text,
            response,
            lens=lens,
            translators=translators,
            threshold=threshold,
            depth_fraction=depth_fraction,
            top_k=top_k,
            ratio_only=ratio_only,  # type: ignore[call-overload]
            max_new_tokens=max_new_tokens,
            progress=progress,
        )
    if isinstance(run, SettlingRun):
        show(run, as_json=as_json)
    else:
        delivery.deliver([run])


def _require_map(ratio_only: bool, files: bool) -> None:
    if ratio_only and files:
        raise InputError("Without a map there is nothing to save or draw; leave out --output.")


def _require_nothing_else(given: bool) -> None:
    if given:
        raise InputError(
            "--stream looks into tokens while the model writes them; it goes with neither "
            "--response, --output, --figure, --top-k nor --ratio-only."
        )
