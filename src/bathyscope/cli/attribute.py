"""`bathyscope attribute`: attribution maps of a prompt's continuations."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import progress_bars
from bathyscope.cli.texts import given_text
from bathyscope.core.errors import InputError

if TYPE_CHECKING:
    from bathyscope.attribution.settings import AttributionSettings
    from bathyscope.cli.asked import AskedText
    from bathyscope.core.progress import Progress
    from bathyscope.model.language_model import LanguageModel
    from bathyscope.prompt import Prompt
    from bathyscope.runs.base import Run

_AS_GIVEN = (
    *("method", "of", "budget", "tolerance", "seed", "screen", "steps", "path_from"),
    *("max_new_tokens", "batch_tokens"),
)
"""Options that are settings of the same name."""


def command(
    prompt: options.MarkedPrompt = None,
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
    system: options.System = None,
    no_system: options.NoSystem = False,
    messages: options.Messages = None,
    target_turn: options.TargetTurn = None,
    keep_newline: options.KeepNewline = False,
    budget: options.Budget = None,
    tolerance: options.Tolerance = None,
    seed: Annotated[int, typer.Option(help="Where random numbers start.")] = 0,
    screen: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Leave out the N features alone that input × gradient puts first; the others "
            "have no number. [default: each]",
        ),
    ] = None,
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
    name: options.Name = None,
    overwrite: options.Overwrite = False,
    figure: options.Figure = None,
    palette: options.Palette = None,
    hatch: Annotated[
        bool, typer.Option("--hatch", help="Hatch cells whose 95 % interval covers zero.")
    ] = False,
    wide: options.Wide = False,
    as_json: options.Json = False,
) -> None:
    """Measure what each feature did to each token of a continuation.

    Features are parts of the prompt: those between marks, or what --features names.
    """
    given = dict(locals())
    with progress_bars() as progress:
        from bathyscope.attribution.settings import check
        from bathyscope.cli.asked import asked_about
        from bathyscope.cli.results import Delivery, expect, show_forecast

        asked = asked_about(given)
        targets = asked.targets([given_text(text, "target") for text in target or []] or [None])
        settings = _settings(given, asked, progress)
        chosen = asked.known()
        if chosen is not None:
            check(chosen, targets, settings)
        delivery = Delivery(output, figure or [], palette, hatch, overwrite, as_json, wide, name)
        delivery.check(len(targets))
        loaded = options.load_model(model, revision, dtype, device, progress, verify=verify)
        marked, turn = asked.of(loaded)
        targets = targets if turn is None else [turn]
        from bathyscope.attribution.forecast import forecast_attribution  # needs torch

        forecast = expect(forecast_attribution(loaded, marked, targets, settings))
        runs = [] if dry_run else _ask(loaded, marked, targets, token, settings)
    if dry_run:
        show_forecast(forecast, as_json=as_json)
    else:
        delivery.deliver(runs)


def _settings(
    given: Mapping[str, Any], asked: "AskedText", progress: "Progress"
) -> "AttributionSettings":
    """Return what the options ask for."""
    from bathyscope.attribution.settings import AttributionSettings

    against = given["against"]
    return AttributionSettings(
        **{name: given[name] for name in _AS_GIVEN},
        **asked.settings,
        against=None if against is None else given_text(against, "text of --against"),
        baseline=given_text(given["baseline"], "baseline"),
        cache=options.cache_file(given["cache"]),
        progress=progress,
    )


def _ask(
    model: "LanguageModel",
    prompt: "Prompt",
    targets: list[str | None],
    token: int | None,
    settings: "AttributionSettings",
) -> "list[Run]":
    from bathyscope.attribution.attribute import attribute_each, interact_each

    if settings.method != "interactions":
        if token is not None:
            raise InputError(
                "--token belongs to --method interactions; other maps have a row each."
            )
        return [*attribute_each(model, prompt, targets, settings=settings)]
    return [*interact_each(model, prompt, targets, token=token, settings=settings)]
