"""`bathyscope think`: sample prefixes, finish those that think deepest, vote."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bathyscope.cli import options
from bathyscope.cli.machines import print_json
from bathyscope.cli.messages import progress_bars, tell
from bathyscope.cli.texts import given_text, read_text

if TYPE_CHECKING:
    from bathyscope.thinking.answer_rules.rules import Vote
    from bathyscope.thinking.think import ThinkRun


def command(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="A file, a text, or -.")],
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
    as_json: options.Json = False,
) -> None:
    """Answer by Think@n: only samples whose beginnings settle deep are finished, then vote."""
    with progress_bars() as progress:
        from bathyscope.thinking.settings import ThinkSettings
        from bathyscope.thinking.think import think

        text = read_text(prompt, keep_newline=keep_newline)
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
            compare=compare,
            progress=progress,
        )
        language_model = options.load_model(model, revision, dtype, device, progress, verify=verify)
        run = think(language_model, text, settings=settings)
    if as_json:
        print_json(run.to_document())
    else:
        _print_table(run)
    tell(run.notes)


def _print_table(run: "ThinkRun") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Samples")
    for name in ("sample", "deep-thinking ratio", "kept", "tokens", "answer"):
        table.add_column(name)
    for index, sample in enumerate(run.samples):
        answer = ("none" if sample.answer is None else sample.answer) if sample.finished else ""
        table.add_row(
            str(index + 1),
            f"{sample.deep_thinking_ratio:.3f}",
            "kept" if sample.kept else "",
            str(sample.tokens),
            Text(answer),
        )
    console = Console(markup=False, highlight=False)
    console.print(table)
    console.print(
        f"Think@n answers {_said(run.vote, run.tie)}: {run.cost.tokens} tokens, "
        f"{run.cost.seconds:.1f} s."
    )
    if run.all_cost is not None and run.all_vote is not None:
        console.print(
            f"All {len(run.samples)} samples answer {_said(run.all_vote, run.all_tie)}: "
            f"{run.all_cost.tokens} tokens, {run.all_cost.seconds:.1f} s."
        )
    else:
        longest = run.provenance["settings"]["max_new_tokens"] * len(run.samples)
        console.print(
            f"All {len(run.samples)} samples would have taken up to {longest} tokens; --compare "
            "finishes them and says how many."
        )


def _said(vote: "Vote", tie: dict[str, Any] | None) -> str:
    """Return the outcome of a vote in words, a tie and what broke it included."""
    if vote.answer is None:
        return "nothing"
    votes = f"{vote.votes} vote{'' if vote.votes == 1 else 's'}"
    if tie is None:
        return f"{vote.answer} ({votes})"
    return (
        f"{vote.answer} ({votes}, a tie of {', '.join(tie['answers'])}; it goes to "
        f"{tie['broken_by']})"
    )
