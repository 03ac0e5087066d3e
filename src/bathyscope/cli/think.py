"""`bathyscope think`: sample prefixes, finish those that think deepest, vote."""

from pathlib import Path
from typing import Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import progress_bars
from bathyscope.cli.texts import given_text


def command(
    prompt: options.Prompt = None,
    n: Annotated[int, typer.Option("-n", help="Samples.")] = 16,
    prefix: Annotated[int, typer.Option(help="Tokens of each that are read first.")] = 50,
    keep: Annotated[float, typer.Option(help="η: share of the samples that is finished.")] = 0.5,
    temperature: Annotated[float, typer.Option(help="Of sampling, above 0.")] = 0.8,
    answer: Annotated[
        str, typer.Option(help="last-number, boxed, choice, or regex:PATTERN.")
    ] = "last-number",
    compare: Annotated[
        bool, typer.Option("--compare", help="Finish all samples and let all vote, too.")
    ] = False,
    lens: options.Lens = "norm",
    translators: options.Translators = None,
    threshold: options.Threshold = 0.5,
    depth_fraction: options.DepthFraction = 0.85,
    begin: options.Begin = "tokenizer",
    chat: options.Chat = False,
    system: options.System = None,
    no_system: options.NoSystem = False,
    messages: options.Messages = None,
    keep_newline: options.KeepNewline = False,
    max_new_tokens: options.MaxNewTokens = 256,
    stop: Annotated[
        str, typer.Option(metavar="TEXT", help="What ends a sample; \\n is a new line.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Sample i is drawn with this plus i.")] = 0,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    verify: options.Verify = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Also save: a folder for the run."),
    ] = None,
    name: options.Name = None,
    overwrite: options.Overwrite = False,
    figure: options.Figure = None,
    palette: options.Palette = None,
    as_json: options.Json = False,
) -> None:
    """Answer by Think@n: a vote of the samples that settle deep.

    Only samples whose beginnings settle deep are finished.
    """
    given = dict(locals())
    with progress_bars() as progress:
        from bathyscope.cli.asked import asked_about
        from bathyscope.cli.results import Delivery, show_all
        from bathyscope.thinking.settings import ThinkSettings
        from bathyscope.thinking.think import think

        asked = asked_about(given, plain=True)
        settings = ThinkSettings(
            n=n,
            prefix=prefix,
            keep=keep,
            temperature=temperature,
            answer=answer,
            max_new_tokens=max_new_tokens,
            stop=given_text(stop, "text of --stop").replace("\\n", "\n"),
            seed=seed,
            lens=lens,
            translators=translators,
            threshold=threshold,
            depth_fraction=depth_fraction,
            begin=begin,
            compare=compare,
            progress=progress,
            **asked.settings,
        )
        files = bool(output or name or figure)
        delivery = Delivery(output, figure or [], palette, False, overwrite, as_json, name=name)
        if files:
            delivery.check()
        language_model = options.load_model(model, revision, dtype, device, progress, verify=verify)
        run = think(language_model, asked.text(language_model)[0], settings=settings)
    if files:
        delivery.deliver([run])
    else:
        show_all([run], as_json=as_json)
