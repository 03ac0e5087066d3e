"""Blocks of reasoning that models put before an answer: `<think>…</think>` and its kin."""

import re

from bathyscope.core.heatmap import Span
from bathyscope.prompt.segmenter import Segmenter

_NAMES = "think|thinking|thought|thoughts|reasoning"
_OPENS = rf"<(?:{_NAMES})>|<\|begin_of_thought\|>|\[THINK\]"
_CLOSES = rf"</(?:{_NAMES})>|<\|end_of_thought\|>|\[/THINK\]"
# A block that is never closed reaches to the end, where its tag opens a line; and one whose opening
# tag stood in the template, before the text, begins with the text.
_BLOCK = re.compile(
    rf"""
      <(?P<tag>{_NAMES})> (?:(?!<(?P=tag)>).)*? </(?P=tag)> \s*
    | <\|begin_of_thought\|> (?:(?!<\|begin_of_thought\|>).)*? <\|end_of_thought\|> \s*
    | \[THINK\] (?:(?!\[THINK\]).)*? \[/THINK\] \s*
    | (?m:^)(?:{_OPENS}) .* \Z
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_CLOSING = re.compile(rf"(?:{_CLOSES})\s*", re.IGNORECASE)
_OPENING = re.compile(_OPENS, re.IGNORECASE)
_TAG = re.compile(f"{_OPENS}|{_CLOSES}", re.IGNORECASE)


class Reasoning(Segmenter):
    """Blocks of reasoning: `<think>…</think>` and its kin."""

    name = "reasoning"
    summary = "blocks of reasoning, <think> to </think>"
    missing = "No block of reasoning such as <think> … </think> was found in the prompt"

    def find(self, text: str) -> list[Span]:
        """Return what `thoughts` finds."""
        return thoughts(text)


def thoughts(text: str) -> list[Span]:
    """Return the blocks of reasoning of a text, tags and the white space behind them included."""
    first = 0
    closing, opening = _CLOSING.search(text), _OPENING.search(text)
    found: list[Span] = []
    if closing is not None and (opening is None or closing.start() < opening.start()):
        first = closing.end()
        found.append((0, first))
    return found + [match.span() for match in _BLOCK.finditer(text, first)]


def tags(text: str) -> list[Span]:
    """Return the tags that open or close blocks of reasoning, closed or not."""
    return [match.span() for match in _TAG.finditer(text)]
