"""`bathyscope evaluate`: faithfulness of maps, by what removing their features does."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import progress_bars
from bathyscope.cli.texts import given_text, read_text
from bathyscope.core.errors import InputError

if TYPE_CHECKING:
    from bathyscope.core.progress import Progress
    from bathyscope.runs.faithfulness import FaithfulnessRun


def command(
    subject: Annotated[
        str, typer.Argument(metavar="RUN|PROMPT", help="A run folder; with --methods a prompt.")
    ],
    methods: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help="Map PROMPT by these methods and rank them."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Continuation of PROMPT. [default: the model writes it]")
    ] = None,
    of: Annotated[
        str | None,
        typer.Option(
            help="What the maps of PROMPT measure: logprob, logit or probability; the curves are "
            "of ln p whatever they do. [default: logprob]"
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Text that replaces an absent feature of PROMPT.")
    ] = None,
    features: Annotated[
        str | None, typer.Option(metavar="NAME", help="Features of PROMPT. [default: marked]")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Points on the path of integrated gradients. [default: 50]")
    ] = None,
    path_from: Annotated[
        str | None,
        typer.Option(help="Where that path begins: zero, mean or pad. [default: zero]"),
    ] = None,
    chat: options.Chat = False,
    system: options.System = None,
    no_system: options.NoSystem = False,
    keep_newline: options.KeepNewline = False,
    max_new_tokens: Annotated[
        int | None, typer.Option(help="Longest text the model writes. [default: 64]")
    ] = None,
    budget: Annotated[
        int, typer.Option(help="Most coalitions for each method, and for the curves.")
    ] = 4096,
    tolerance: options.Tolerance = None,
    seed: Annotated[int, typer.Option(help="Where random orders and samples start.")] = 0,
    cache: options.Cache = False,
    batch_tokens: options.BatchTokens = None,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: Annotated[
        str | None, typer.Option(help="float32, bfloat16, … [default: the run's, or float32]")
    ] = None,
    device: options.Device = None,
    verify: options.Verify = False,
    output: options.Output = None,
    name: options.Name = None,
    overwrite: options.Overwrite = False,
    figure: options.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Evaluate a map, or methods, by deletion and insertion curves.

    The map is a saved one; several methods explain one prompt and are ranked.
    """
    asked = _Asked(
        None if target is None else given_text(target, "target"),
        features,
        revision,
        keep_newline or None,
        {
            "of": of,
            "baseline": None if baseline is None else given_text(baseline, "baseline"),
            "steps": steps,
            "path_from": path_from,
            "chat": chat or None,
            "system": system,
            "no_system": no_system or None,
            "max_new_tokens": max_new_tokens,
            "tolerance": tolerance,
        },
    )
    with progress_bars() as progress:
        from bathyscope.cli.results import Delivery

        delivery = Delivery(output, figure or [], None, False, overwrite, as_json, name=name)
        kept = options.cache_file(cache)
        settings = _Settings(
            model, dtype, device, budget, seed, kept, batch_tokens, progress, verify
        )
        delivery.check()
        if methods is None:
            run = _evaluate_saved(subject, asked, settings)
        else:
            run = _evaluate_methods(subject, methods, asked, settings)
    delivery.deliver([run])


@dataclass(frozen=True)
class _Asked:
    """Options that say what a prompt is asked; a saved run says so itself."""

    target: str | None
    features: str | None
    revision: str | None
    keep_newline: bool | None
    settings: dict[str, Any]

    def refuse(self) -> None:
        for name, value in {**vars(self), **self.settings, "settings": None}.items():
            if value is not None:
                raise InputError(
                    f"--{name.replace('_', '-')} is for a prompt; a saved run says itself what "
                    "was asked."
                )

    @property
    def given(self) -> dict[str, Any]:
        """The settings that are not left to their defaults."""
        return {name: value for name, value in self.settings.items() if value is not None}


@dataclass(frozen=True)
class _Settings:
    """Options that both forms of the command take."""

    model: str | None
    dtype: str | None
    device: str | None
    budget: int
    seed: int
    cache: Path | None
    batch_tokens: int | None
    progress: "Progress"
    verify: bool

    @property
    def spent(self) -> dict[str, Any]:
        """What may be spent, as both functions of the library take it."""
        names = ("budget", "seed", "cache", "batch_tokens", "progress")
        return {name: getattr(self, name) for name in names}


def _evaluate_saved(folder: str, asked: _Asked, settings: _Settings) -> "FaithfulnessRun":
    from bathyscope.faithfulness.evaluate import evaluate_run
    from bathyscope.faithfulness.random_orders import require_curves
    from bathyscope.faithfulness.recorded_game import Question
    from bathyscope.games.estimate import Budget
    from bathyscope.model.provenance import dtype_of
    from bathyscope.runs.attribution import attribution_of
    from bathyscope.runs.opening import open_run

    if not Path(folder).is_dir():
        raise InputError(f"There is no run folder {folder}; to evaluate a prompt, give --methods.")
    asked.refuse()
    run = attribution_of(open_run(folder))
    question = Question.of(run)
    require_curves(len(question.prompt.features), Budget(settings.budget, seed=settings.seed))
    loaded = options.load_model(
        settings.model or question.source,
        None if settings.model else question.model.get("revision"),
        settings.dtype or dtype_of(question.model),
        settings.device,
        settings.progress,
        verify=settings.verify,
    )
    return evaluate_run(loaded, run, **settings.spent)


def _evaluate_methods(
    prompt: str, methods: str, asked: _Asked, settings: _Settings
) -> "FaithfulnessRun":
    from bathyscope.attribution.settings import AttributionSettings
    from bathyscope.cli.features import choose_features, tokens_as_features
    from bathyscope.faithfulness.evaluate import check_methods, evaluate

    names = [name.strip() for name in methods.split(",")]
    source = read_text(prompt, keep_newline=bool(asked.keep_newline))
    chosen = choose_features(source, asked.features or "marked")
    given = asked.given | settings.spent
    if chosen is not None:
        check_methods(chosen, asked.target, names, AttributionSettings(**given))
    loaded = options.load_model(
        settings.model,
        asked.revision,
        settings.dtype or "float32",
        settings.device,
        settings.progress,
        verify=settings.verify,
    )
    chosen = chosen or tokens_as_features(source, loaded)
    return evaluate(loaded, chosen, asked.target, methods=names, **given)
