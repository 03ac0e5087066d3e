"""Support of an answer in the terminal: the answer with its citations, and both rankings."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bathyscope.citation.result import RankedSupport, Support
from bathyscope.prompt.labels import on_one_line

_CHARACTERS = 60  # of a part


def citations(found: Support, most: int) -> RenderableType:
    """Return an answer with what is cited for each sentence, and its parts in their order.

    Args:
        found: The support.
        most: Parts that are shown of each ranking.
    """
    answer = Text("\n")
    for one in found.sentences:
        answer.append(f"{on_one_line(one.text)} ")
        answer.append(one.citation or "[–]", style="bold" if one.citation else "dim")
        answer.append("\n")
    if any(not one.citation for one in found.sentences):
        answer.append("[–]: no passage makes it at least twice as likely.\n", style="dim")
    return Group(
        answer,
        _ranking("passage", found.ranked_passages, most),
        Text(""),
        _ranking("sentence", found.ranked_sentences, most),
    )


def _ranking(name: str, parts: Sequence[RankedSupport], most: int) -> RenderableType:
    table = Table(name, "effect, nats", "95 %", "times as likely", "text")
    for part in parts[:most]:
        effect = part.effect
        table.add_row(
            f"[{part.number}]",
            f"{effect.value:+.2f}",
            _interval(effect.low, effect.value, effect.high),
            f"{effect.times:.3g}",
            Text(_beginning(f"{part.source}: {part.text}" if part.source else part.text)),
        )
    left = len(parts) - most
    rest = Text(f"… and {left} more; --json has them all.", style="dim") if left > 0 else Text("")
    return Group(table, rest)


def _interval(low: float, value: float, high: float) -> str:
    if low != low:
        return "unknown"
    return "exact" if low == value == high else f"{low:+.2f} to {high:+.2f}"


def _beginning(text: str) -> str:
    line = on_one_line(text)
    return line if len(line) <= _CHARACTERS else f"{line[: _CHARACTERS - 1]}…"
