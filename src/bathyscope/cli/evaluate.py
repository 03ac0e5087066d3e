"""`bathyscope evaluate`: does removing what a map marks change the answer?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bathyscope.cli import options
from bathyscope.cli.messages import progress_bars
from bathyscope.errors import InputError

if TYPE_CHECKING:
    from bathyscope.faithfulness_run import FaithfulnessRun
    from bathyscope.progress import Progress


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
    baseline: Annotated[
        str | None, typer.Option(help="Text that replaces an absent feature of PROMPT.")
    ] = None,
    features: Annotated[
        str | None, typer.Option(metavar="NAME", help="Features of PROMPT. [default: marked]")
    ] = None,
    chat: options.Chat = False,
    max_new_tokens: Annotated[
        int | None, typer.Option(help="Longest text the model writes. [default: 64]")
    ] = None,
    budget: Annotated[
        int, typer.Option(help="Most coalitions for each method, and for the curves.")
    ] = 4096,
    seed: Annotated[int, typer.Option(help="Where random orders and samples start.")] = 0,
    batch_tokens: options.BatchTokens = None,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: Annotated[
        str | None, typer.Option(help="float32, bfloat16, … [default: the run's, or float32]")
    ] = None,
    device: options.Device = None,
    output: options.Output = None,
    overwrite: options.Overwrite = False,
    figure: options.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Evaluate a saved map, or several methods on one prompt: deletion and insertion curves."""
    asked = _Asked(target, baseline, features, chat, max_new_tokens, revision)
    with progress_bars() as progress:
        from bathyscope.cli.results import Delivery

        delivery = Delivery(output, figure or [], None, False, overwrite, as_json)
        settings = _Settings(model, dtype, device, budget, seed, batch_tokens, progress)
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
    baseline: str | None
    features: str | None
    chat: bool
    max_new_tokens: int | None
    revision: str | None

    def refuse(self) -> None:
        for name, value in vars(self).items():
            if value not in (None, False):
                raise InputError(
                    f"--{name.replace('_', '-')} is for a prompt; a saved run says itself what "
                    "was asked."
                )


@dataclass(frozen=True)
class _Settings:
    """Options that both forms of the command take."""

    model: str | None
    dtype: str | None
    device: str | None
    budget: int
    seed: int
    batch_tokens: int | None
    progress: "Progress"


def _evaluate_saved(folder: str, asked: _Asked, settings: _Settings) -> "FaithfulnessRun":
    from bathyscope.attribution.estimate import Budget
    from bathyscope.evaluation.evaluate import evaluate_run
    from bathyscope.evaluation.question import Question, require_attribution
    from bathyscope.faithfulness.random_orders import require_curves
    from bathyscope.runs import open_run

    if not Path(folder).is_dir():
        raise InputError(f"There is no run folder {folder}; to evaluate a prompt, give --methods.")
    asked.refuse()
    run = require_attribution(open_run(folder))
    question = Question.of(run)
    require_curves(len(question.prompt.features), Budget(settings.budget, seed=settings.seed))
    loaded = options.load_model(
        settings.model or question.source,
        None if settings.model else question.model.get("revision"),
        settings.dtype or question.model.get("dtype", "float32"),
        settings.device,
        settings.progress,
    )
    return evaluate_run(
        loaded,
        run,
        budget=settings.budget,
        seed=settings.seed,
        batch_tokens=settings.batch_tokens,
        progress=settings.progress,
    )


def _evaluate_methods(
    prompt: str, methods: str, asked: _Asked, settings: _Settings
) -> "FaithfulnessRun":
    from bathyscope.attribution.estimate import Budget
    from bathyscope.cli.features import choose_features, tokens_as_features
    from bathyscope.evaluation.evaluate import check_methods, evaluate

    names = [name.strip() for name in methods.split(",")]
    source = options.read_prompt(prompt)
    chosen = choose_features(source, asked.features or "marked")
    if chosen is not None:
        check_methods(chosen, asked.target, names, Budget(settings.budget, seed=settings.seed))
    loaded = options.load_model(
        settings.model,
        asked.revision,
        settings.dtype or "float32",
        settings.device,
        settings.progress,
    )
    return evaluate(
        loaded,
        chosen or tokens_as_features(source, loaded),
        asked.target,
        methods=names,
        budget=settings.budget,
        seed=settings.seed,
        baseline=asked.baseline or "",
        chat=asked.chat,
        max_new_tokens=64 if asked.max_new_tokens is None else asked.max_new_tokens,
        batch_tokens=settings.batch_tokens,
        progress=settings.progress,
    )
