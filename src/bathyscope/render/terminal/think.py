"""The samples of Think@n as a table in the terminal."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bathyscope.render.lettering import on_one_line
from bathyscope.runs.think import Cost, ThinkRun
from bathyscope.runs.voting import Vote


def think_table(run: ThinkRun) -> RenderableType:
    """Return a line for each sample, and what they answer."""
    table = Table(title="Samples")
    for name in ("sample", "deep-thinking ratio", "kept", "tokens", "answer"):
        table.add_column(name)
    for index, sample in enumerate(run.samples, 1):
        answer = ("none" if sample.answer is None else sample.answer) if sample.finished else ""
        table.add_row(
            str(index),
            f"{sample.deep_thinking_ratio:.3f}",
            "kept" if sample.kept else "",
            str(sample.tokens),
            Text(on_one_line(answer)),
        )
    return Group(table, Text(f"Think@n answers {_said(run.vote, run.cost, run.tie)}"), _all(run))


def _all(run: ThinkRun) -> Text:
    count = len(run.samples)
    if run.all_cost is not None and run.all_vote is not None:
        said = _said(run.all_vote, run.all_cost, run.all_tie)
        return Text(f"All {count} samples answer {said}")
    longest = run.settings["max_new_tokens"] * count
    return Text(
        f"All {count} samples would have taken up to {longest} tokens; --compare finishes them and "
        "says how many."
    )


def _said(vote: Vote, cost: Cost, tie: dict[str, Any] | None) -> str:
    """Return the outcome of a vote in words, a tie and what broke it included, and its cost."""
    spent = f"{cost.tokens} tokens, {cost.seconds:.1f} s."
    if vote.answer is None:
        return f"nothing: {spent}"
    votes = f"{vote.votes} vote{'' if vote.votes == 1 else 's'}"
    answer = on_one_line(vote.answer)
    if tie is None:
        return f"{answer} ({votes}): {spent}"
    tied = ", ".join(map(on_one_line, tie["answers"]))
    return f"{answer} ({votes}, a tie of {tied}; it goes to {tie['broken_by']}): {spent}"
