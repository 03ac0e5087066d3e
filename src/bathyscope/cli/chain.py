"""`bathyscope chain`: each step of an answer against all that stands before it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import progress_bars
from bathyscope.cli.texts import read_text

if TYPE_CHECKING:
    from bathyscope.core.forecast import Forecast
    from bathyscope.model.language_model import LanguageModel
    from bathyscope.prompt import Prompt
    from bathyscope.reasoning.settings import ChainSettings
    from bathyscope.runs.base import Run

_AS_GIVEN = (
    *("reading", "steps", "answer", "method", "budget", "tolerance", "variant", "measure", "n"),
    *("temperature", "similarity", "same", "gold", "seed", "depth"),
    *("max_new_tokens", "batch_tokens"),
)
"""Options that are settings of the same name."""


def command(
    prompt: options.MarkedPrompt = None,
    response: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="The response to look into: a file or a text. [default: the model writes it]",
        ),
    ] = None,
    reading: Annotated[str, typer.Option(help="deletion, suppression or resampling.")] = "deletion",
    steps: Annotated[
        str, typer.Option(metavar="NAME", help="What a step is; listed below.")
    ] = "sentences",
    answer: Annotated[
        str | None,
        typer.Option(
            metavar="RULE",
            help="Where the answer is: last-number, boxed, choice, or regex:PATTERN. "
            "[default: the last step]",
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(metavar="NAME", help="How a step's value is shared; listed below. (deletion)"),
    ] = "shapley",
    variant: Annotated[
        str, typer.Option(help="kl, ln_kl or thought_anchors. (suppression)")
    ] = "kl",
    measure: Annotated[
        str, typer.Option(help="kl, total_variation or accuracy. (resampling)")
    ] = "kl",
    n: Annotated[int, typer.Option("-n", help="Continuations from each place. (resampling)")] = 20,
    temperature: Annotated[float, typer.Option(help="Of continuations. (resampling)")] = 0.8,
    similarity: Annotated[
        str, typer.Option(help="How steps are compared: minilm or words. (resampling)")
    ] = "minilm",
    same: Annotated[
        float, typer.Option(help="Cosine from which on two steps mean the same. (resampling)")
    ] = 0.8,
    gold: Annotated[
        str | None, typer.Option(help="The right answer, for accuracy. (resampling)")
    ] = None,
    features: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What the parts of the prompt are, as for attribute. "
            "[default: what is marked, else sentences]",
        ),
    ] = "",
    budget: Annotated[
        int,
        typer.Option(help="Coalitions at most; steps are exact where these are all. (deletion)"),
    ] = 1024,
    tolerance: options.Tolerance = None,
    seed: Annotated[int, typer.Option(help="Where random numbers start.")] = 0,
    depth: Annotated[
        bool, typer.Option("--depth", help="Also measure how deep each step was decided.")
    ] = False,
    chat: options.Chat = False,
    system: options.System = None,
    no_system: options.NoSystem = False,
    messages: options.Messages = None,
    target_turn: options.TargetTurn = None,
    keep_newline: options.KeepNewline = False,
    max_new_tokens: options.MaxNewTokens = 256,
    batch_tokens: options.BatchTokens = None,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    dry_run: options.DryRun = False,
    output: options.Output = None,
    name: options.Name = None,
    overwrite: options.Overwrite = False,
    figure: options.Figure = None,
    palette: options.Palette = None,
    table: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write the cells, one a line, into this .csv or .parquet."
        ),
    ] = None,
    wide: options.Wide = False,
    as_json: options.Json = False,
) -> None:
    """Map what each step of a response owes to what comes before.

    That is earlier steps and parts of the prompt.
    """
    given = dict(locals())
    with progress_bars() as progress:
        from bathyscope.cli.asked import asked_about
        from bathyscope.cli.results import Delivery, show_forecast
        from bathyscope.prompt import Prompt
        from bathyscope.reasoning.question import require_asked
        from bathyscope.reasoning.settings import ChainSettings
        from bathyscope.tables.writing import require_table

        asked = asked_about(given)
        as_given = {name: given[name] for name in _AS_GIVEN}
        settings = ChainSettings(**as_given, **asked.settings, progress=progress)
        (text,) = asked.targets([_given(response)], "--response")
        chosen = asked.known() if features else asked.marked()
        require_asked(chosen or Prompt(asked.source or "-"), text, settings)
        delivery = Delivery(output, figure or [], palette, False, overwrite, as_json, wide, name)
        delivery.check()
        require_table(table, overwrite=overwrite)
        loaded = options.load_model(model, revision, dtype, device, progress)
        marked, turn = (chosen, None) if chosen and not features else asked.of(loaded)
        forecast, run = _ask(loaded, marked, text if turn is None else turn, settings, dry_run)
    if run is None:
        return show_forecast(forecast, as_json=as_json)
    delivery.deliver([run])
    return _write(run, table, overwrite)


def _ask(
    model: "LanguageModel",
    prompt: "Prompt",
    response: str | None,
    settings: "ChainSettings",
    dry_run: bool,
) -> "tuple[Forecast, Run | None]":
    """Return what the map is expected to cost, which is said first, and the map."""
    from bathyscope.cli.results import expect
    from bathyscope.core.noting import noting
    from bathyscope.reasoning.chain import answered
    from bathyscope.reasoning.forecast import forecast_chain
    from bathyscope.reasoning.question import chain_question

    with noting() as heard:
        question = chain_question(model, prompt, response, settings)
        forecast = expect(forecast_chain(question))
        return forecast, None if dry_run else answered(question).noted(heard)


def _given(response: str | None) -> str | None:
    """Return a response: the text itself, or what a file holds."""
    return read_text(response, "response") if response else response


def _write(run: "Run", table: Path | None, overwrite: bool) -> None:
    from bathyscope.tables.writing import write_table

    if table is not None:
        write_table(run, table, overwrite=overwrite)
