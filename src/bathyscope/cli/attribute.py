"""`bathyscope attribute`: attribution maps of a prompt's continuations."""

from typing import TYPE_CHECKING, Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import note, progress_bars
from bathyscope.cli.texts import given_text, read_text
from bathyscope.core.errors import InputError

if TYPE_CHECKING:
    from bathyscope.attribution.settings import AttributionSettings
    from bathyscope.model.language_model import LanguageModel
    from bathyscope.prompt import Prompt
    from bathyscope.runs.base import Run


def command(
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="PROMPT", help="A file, a text, or -; features may be marked [[like this]]."
        ),
    ],
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help="The continuation to explain; repeatable. [default: the model writes it]",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Explain why the target rather than this continuation."),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="How a token's value is shared among the features; listed below."
        ),
    ] = "shapley",
    of: Annotated[str, typer.Option(help="logprob, logit or probability.")] = "logprob",
    token: Annotated[
        int | None,
        typer.Option(help="Target token, from 0, of interactions. [default: the whole target]"),
    ] = None,
    features: options.Features = "marked",
    baseline: Annotated[str, typer.Option(help="Text that replaces an absent feature.")] = "",
    steps: Annotated[int, typer.Option(help="Points on the path of integrated gradients.")] = 50,
    path_from: Annotated[
        str, typer.Option(help="Embedding where that path begins: zero, mean or pad.")
    ] = "zero",
    chat: options.Chat = False,
    keep_newline: options.KeepNewline = False,
    budget: options.Budget = None,
    tolerance: options.Tolerance = None,
    seed: Annotated[int, typer.Option(help="Where random numbers start.")] = 0,
    cache: options.Cache = False,
    max_new_tokens: options.MaxNewTokens = 64,
    batch_tokens: options.BatchTokens = None,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    verify: options.Verify = False,
    dry_run: options.DryRun = False,
    output: options.Output = None,
    overwrite: options.Overwrite = False,
    figure: options.Figure = None,
    palette: options.Palette = None,
    hatch: Annotated[
        bool, typer.Option("--hatch", help="Hatch cells whose 95 % interval covers zero.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Measure what each feature of a prompt did to each token of its continuation."""
    with progress_bars() as progress:
        from bathyscope.attribution.settings import AttributionSettings, check
        from bathyscope.cli.features import choose_features, tokens_as_features
        from bathyscope.cli.results import Delivery, expect, show_forecast

        targets: list[str | None] = [*(given_text(text, "target") for text in target or [])] or [
            None
        ]
        settings = AttributionSettings(
            method=method,
            of=of,
            against=None if against is None else given_text(against, "text of --against"),
            budget=budget,
            tolerance=tolerance,
            seed=seed,
            baseline=given_text(baseline, "baseline"),
            steps=steps,
            path_from=path_from,
            chat=chat,
            max_new_tokens=max_new_tokens,
            batch_tokens=batch_tokens,
            cache=options.cache_file(cache),
            progress=progress,
        )
        source = read_text(prompt, keep_newline=keep_newline)
        chosen = choose_features(source, features)
        if chosen is not None:
            check(chosen, targets, settings)
        delivery = Delivery(output, figure or [], palette, hatch, overwrite, as_json)
        delivery.check(len(targets))
        loaded = options.load_model(model, revision, dtype, device, progress, verify=verify)
        marked = chosen or tokens_as_features(source, loaded)
        from bathyscope.attribution.forecast import forecast_attribution  # needs torch

        forecast = expect(forecast_attribution(loaded, marked, targets, settings), progress)
        runs = [] if dry_run else _ask(loaded, marked, targets, token, settings)
    if dry_run:
        show_forecast(forecast, as_json=as_json)
    else:
        delivery.deliver(runs)


def _ask(
    model: "LanguageModel",
    prompt: "Prompt",
    targets: list[str | None],
    token: int | None,
    settings: "AttributionSettings",
) -> "list[Run]":
    from bathyscope.attribution.attribute import attribute_each, interact_each

    forecast = settings.forecast(len(prompt.features))
    if forecast is not None:
        note(forecast)
    if settings.method != "interactions":
        if token is not None:
            raise InputError(
                "--token belongs to --method interactions; other maps have a row each."
            )
        return [*attribute_each(model, prompt, targets, settings=settings)]
    return [*interact_each(model, prompt, targets, token=token, settings=settings)]
