"""`bathyscope depth`: depth maps, settling depths, and streams of them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import progress_bars
from bathyscope.cli.texts import given_text
from bathyscope.core.errors import InputError

if TYPE_CHECKING:
    from bathyscope.layers.settings import DepthSettings
    from bathyscope.runs.base import Run

_TOKEN = "token"

_AS_GIVEN = (
    "lens",
    "translators",
    "threshold",
    "depth_fraction",
    "begin",
    "top_k",
    "max_new_tokens",
)
"""Options that are settings of the same name."""


def command(
    prompt: options.Prompt = None,
    response: Annotated[
        str | None,
        typer.Option(help="The response to look into. [default: the model writes it]"),
    ] = None,
    lens: options.Lens = "norm",
    translators: options.Translators = None,
    threshold: options.Threshold = 0.5,
    depth_fraction: options.DepthFraction = 0.85,
    begin: options.Begin = "tokenizer",
    top_k: Annotated[
        int,
        typer.Option(help="Also record what each layer would say: so many tokens for each cell."),
    ] = 0,
    statistic: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Also compute this layer statistic for each cell, of those below; repeatable.",
        ),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            help="token; or word, sentence or role: where the tokens of each settle, and how many "
            "settle deep."
        ),
    ] = "token",
    role: options.Roles = None,
    ratio_only: Annotated[
        bool, typer.Option("--ratio-only", help="Settling depths and ratio only: no map, faster.")
    ] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Print each token with its depth as it is written.")
    ] = False,
    chat: options.Chat = False,
    system: options.System = None,
    no_system: options.NoSystem = False,
    messages: options.Messages = None,
    target_turn: options.TargetTurn = None,
    keep_newline: options.KeepNewline = False,
    max_new_tokens: options.MaxNewTokens = 64,
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
    wide: options.Wide = False,
    as_json: options.Json = False,
) -> None:
    """Measure at which layer each token of a response was decided."""
    given = dict(locals())
    with progress_bars() as progress:
        from bathyscope.cli.asked import asked_about
        from bathyscope.cli.results import Delivery, expect, show_all, show_forecast
        from bathyscope.cli.streaming import stream_depths
        from bathyscope.layers.forecast import forecast_depth
        from bathyscope.layers.lenses.choice import check_lens
        from bathyscope.layers.settings import DepthSettings
        from bathyscope.model.provenance import require_text

        response = None if response is None else given_text(response, "response")
        asked = asked_about(given, plain=True)
        (response,) = asked.targets([response], "--response")
        require_text(response, "response")
        as_given = {name: given[name] for name in _AS_GIVEN}
        settings = DepthSettings(
            **as_given, **asked.settings, statistics=tuple(statistic or ()), progress=progress
        )
        check_lens(lens, translators)
        verb = _verb(by, role or [], settings, ratio_only=ratio_only)
        if stream:
            _require_nothing_else(given, response)
            loaded = options.load_model(model, revision, dtype, device, progress, verify=verify)
            return stream_depths(loaded, asked.text(loaded)[0], settings, as_json=as_json)
        delivery = Delivery(output, figure or [], palette, False, overwrite, as_json, wide, name)
        delivery.check()
        loaded = options.load_model(model, revision, dtype, device, progress, verify=verify)
        text, turn = asked.text(loaded)
        response = response if turn is None else turn
        forecast = expect(forecast_depth(loaded, text, response, settings))
        if dry_run:
            return show_forecast(forecast, as_json=as_json)
        run = verb(loaded, text, response, settings=settings)
    if ratio_only and not (output or name or figure):
        return show_all([run], as_json=as_json, wide=wide)
    return delivery.deliver([run])


def _require_nothing_else(given: Mapping[str, Any], response: str | None) -> None:
    names = (
        "target_turn",
        "top_k",
        "statistic",
        "ratio_only",
        "dry_run",
        "output",
        "name",
        "figure",
    )
    if response or given["by"] != _TOKEN or any(given[name] for name in names):
        raise InputError(
            "--stream looks into tokens while the model writes them; it goes with neither "
            "--response, --output, --name, --figure, --top-k, --statistic, --ratio-only, --by, "
            "--dry-run nor --target-turn."
        )


def _verb(
    by: str, roles: list[str], settings: "DepthSettings", *, ratio_only: bool
) -> "Callable[..., Run]":
    """Return what computes the run, having refused what does not go together."""
    from bathyscope.core.roles import RoleRule
    from bathyscope.layers import depth as verbs
    from bathyscope.layers.settings import require_no_map
    from bathyscope.runs.depth_groups import ROLE, group_depths, require_grouping

    if ratio_only:
        require_no_map(settings)
    rules = [RoleRule.parsed(text) for text in roles]
    if rules and by != ROLE:
        raise InputError("--role names a role of your own, which goes with --by role.")
    if by == _TOKEN:
        return verbs.settle if ratio_only else verbs.depth
    require_grouping(by)
    if settings.top_k or settings.statistics:
        raise InputError(
            "What the layers would say belongs to single tokens; leave out --top-k and "
            "--statistic, or --by."
        )
    return lambda *asked, **given: group_depths(verbs.settle(*asked, **given), by, rules)
