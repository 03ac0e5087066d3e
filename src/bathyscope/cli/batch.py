"""`bathyscope batch`: many prompts asked, as a study that goes on where it was cut off."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import complain, note, progress_bars
from bathyscope.cli.texts import given_text
from bathyscope.core.errors import InputError

if TYPE_CHECKING:
    from bathyscope.study.doing import Batch
    from bathyscope.study.settings import BatchSettings

_SHOWN = 5  # sentences of failed records

StudyFolder = Annotated[
    Path, typer.Option("--output", "-o", metavar="STUDY", help="Folder of the study, or a new one.")
]


def command(
    problems: Annotated[
        Path, typer.Argument(metavar="PROBLEMS", help="Records: .jsonl, .json, .csv or .parquet.")
    ],
    output: StudyFolder,
    attribute: Annotated[bool, typer.Option("--attribute", help="Map what drove it.")] = False,
    depth: Annotated[bool, typer.Option("--depth", help="Map how deep it was decided.")] = False,
    answer: Annotated[
        bool, typer.Option("--answer", help="Write an answer and grade it by field `answer`.")
    ] = False,
    think: Annotated[bool, typer.Option("--think", help="Play Think@n, all finished.")] = False,
    rule: Annotated[
        str, typer.Option(help="Answers: last-number, boxed, choice, or regex:PATTERN.")
    ] = "last-number",
    template: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Jinja2: prompts from fields of records.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="Jinja2: continuations to explain, such as ' {{ solution }}'."
        ),
    ] = None,
    demonstrations: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Records that the template has as `demonstrations`."),
    ] = None,
    permute_demonstrations: Annotated[
        int, typer.Option(metavar="N", help="Ask each prompt in N orders of its demonstrations.")
    ] = 1,
    features: options.Features = "marked",
    method: Annotated[str, typer.Option(metavar="NAME", help="As of attribute.")] = "shapley",
    of: Annotated[str, typer.Option(help="logprob, logit or probability.")] = "logprob",
    against: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Explain why not this continuation.")
    ] = None,
    baseline: Annotated[str, typer.Option(help="Text that replaces an absent feature.")] = "",
    steps: Annotated[int, typer.Option(help="Points on the path of integrated gradients.")] = 50,
    path_from: Annotated[str, typer.Option(help="Where it begins: zero, mean or pad.")] = "zero",
    chat: options.Chat = False,
    system: options.System = None,
    no_system: options.NoSystem = False,
    budget: options.Budget = 4096,
    tolerance: options.Tolerance = None,
    cache: options.Cache = False,
    lens: options.Lens = "norm",
    translators: options.Translators = None,
    threshold: options.Threshold = 0.5,
    depth_fraction: options.DepthFraction = 0.85,
    begin: options.Begin = "tokenizer",
    top_k: Annotated[int, typer.Option(help="Also so many tokens of each layer.")] = 0,
    statistic: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Also this layer statistic.")
    ] = None,
    ratio_only: Annotated[
        bool, typer.Option("--ratio-only", help="Settling depths without their map.")
    ] = False,
    n: Annotated[int, typer.Option("-n", help="Samples of Think@n.")] = 16,
    prefix: Annotated[int, typer.Option(help="Tokens of each that are read first.")] = 50,
    keep: Annotated[float, typer.Option(help="η: share of the samples that votes.")] = 0.5,
    temperature: Annotated[float, typer.Option(help="Of sampling, above 0.")] = 0.8,
    max_new_tokens: options.MaxNewTokens = 64,
    stop: Annotated[
        str, typer.Option(metavar="TEXT", help="What ends a text; \\n is a new line.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Where random numbers start.")] = 0,
    batch_tokens: options.BatchTokens = None,
    model: options.Model = None,
    revision: options.Revision = None,
    dtype: options.Dtype = "float32",
    device: options.Device = None,
    engine: Annotated[
        str, typer.Option(metavar="NAME", help="Where to compute; listed below.")
    ] = "here",
    workers: Annotated[int | None, typer.Option(help="How many work at once.")] = None,
    address: Annotated[
        str | None, typer.Option(help="Of a Ray cluster that runs already, or auto.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="What the cluster is asked for."),
    ] = None,
    shard: Annotated[int, typer.Option(help="Records that travel and are kept together.")] = 8,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="End at the first record that fails.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Ask records again that failed before.")
    ] = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Ask the same of many prompts.

    The same command goes on where it was cut off.
    """
    given = dict(locals())
    with progress_bars() as progress:
        from bathyscope.cli.results import expect, show_forecast
        from bathyscope.study.batch import batch
        from bathyscope.study.doing import Doing

        settings = _settings(given)
        parameters = dict(_pair(text) for text in set_ or [])
        doing = Doing(
            engine, workers, address, parameters, shard, fail_fast, retry, progress, expect, dry_run
        )
        done = batch(
            problems, output, settings=settings, model=model, revision=revision, dtype=dtype,
            device=device, doing=doing,
        )  # fmt: skip
    if dry_run and done.expected is not None:
        return show_forecast(done.expected, as_json=as_json)
    return _show(done, as_json=as_json)


_OF_LENSES = ("lens", "translators", "threshold", "depth_fraction", "begin", "max_new_tokens")
"""Options that depth and Think@n have in common, settings of the same name."""


def _settings(given: Mapping[str, Any]) -> "BatchSettings":
    """Return what the options ask for."""
    from bathyscope.attribution.settings import AttributionSettings
    from bathyscope.layers.settings import DepthSettings
    from bathyscope.model.chat import ChatSettings
    from bathyscope.study.settings import BatchSettings
    from bathyscope.thinking.settings import ThinkSettings

    def some(*names: str) -> dict[str, Any]:
        return {name: given[name] for name in names}

    attribution = depth = think = None
    stop = given_text(given["stop"], "text of --stop").replace("\\n", "\n")
    chat = some("chat", "system", "no_system")
    lens = chat | some(*_OF_LENSES)
    if given["attribute"]:
        attribution = AttributionSettings(
            **some("method", "of", "against", "budget", "tolerance", "seed", "baseline", "steps"),
            **some("path_from", "max_new_tokens", "batch_tokens"),
            **chat,
            cache=options.cache_file(given["cache"]),
        )
    if given["depth"]:
        statistics = tuple(given["statistic"] or ())
        depth = DepthSettings(**lens, top_k=given["top_k"], statistics=statistics)
    if given["think"]:
        sampling = some("n", "prefix", "keep", "temperature", "seed")
        think = ThinkSettings(**lens, **sampling, answer=given["rule"], stop=stop)
    return BatchSettings(
        attribution=attribution,
        depth=depth,
        chat=ChatSettings(**chat),
        answer=given["rule"] if given["answer"] or think else None,
        think=think,
        template=None if given["template"] is None else _read(given["template"]),
        target=None if given["target"] is None else given_text(given["target"], "target"),
        demonstrations=_shown_records(given["demonstrations"]),
        orders=given["permute_demonstrations"],
        stop=stop,
        **some("ratio_only", "features", "max_new_tokens", "seed"),
    )


def _shown_records(path: Path | None) -> tuple[dict[str, Any], ...]:
    """Return the records that a template is given.

    Raises:
        InputError: One cannot be used.
    """
    from bathyscope.study.reading import read_study_records

    records = [] if path is None else read_study_records(path)
    for record in records:
        if record.problem is not None:
            raise InputError(f"{path}: {record.problem}")
    return tuple(dict(record.fields) for record in records)


def _read(path: Path) -> str:
    from bathyscope.core.files.reading import contents
    from bathyscope.core.text import decoded

    return decoded(contents(path), str(path))


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise InputError(f"--set takes NAME=VALUE, such as partition=gpu, not {text!r}.")
    return name.strip(), value.strip()


def _show(done: "Batch", *, as_json: bool) -> None:
    if as_json:
        print_json(done.to_document())
    else:
        answered = done.questions - len(done.failed)
        print(
            f"{answered} of {done.questions} records answered: {done.computed} computed now, "
            f"{done.kept} kept from before; {len(done.failed)} failed."
        )
        for name, sentence in list(done.failed.items())[:_SHOWN]:
            complain(f"{name}: {sentence}")
        if len(done.failed) > _SHOWN:
            complain(f"… and {len(done.failed) - _SHOWN} more; --json lists them all.")
    note(f"saved: {done.study.folder}")
    if len(done.failed) == done.questions:
        raise typer.Exit(2)  # nothing came of it: whoever waits for the command is to know
