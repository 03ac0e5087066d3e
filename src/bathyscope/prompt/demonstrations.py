"""The worked examples of a few-shot prompt."""

import re
from collections import Counter
from collections.abc import Sequence

from bathyscope.core.heatmap import Span

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
# A label opens a line and ends in a colon: "Q:", "Example 3:", "### Input:", "**English**:",
# "问：". Not the scheme of an address.
_LABEL = re.compile(
    r"^[^\S\n]*+(?P<start>[#*>\-]*+)[^\S\n]*+(?P<name>[^\W_][\w .'()*-]{0,40}?)[:：](?!//)",
    re.MULTILINE,
)


def demonstrations(text: str) -> list[Span]:
    """Return the worked examples of a few-shot prompt, the line breaks after them included.

    Blocks begin at a repeated label such as `Q:` (see `labelled_demonstrations`); where there is
    none, blank lines separate them. The last block is the open question, no feature.
    """
    return labelled_demonstrations(text) or _spans(text, _paragraphs(text))


def labelled_demonstrations(text: str) -> list[Span]:
    """Return the worked examples that begin with a repeated label.

    The label is the first that opens two paragraphs or more; else the first that opens two lines
    or more. Numbers in labels count as equal (`Example 1:`, `Example 2:`). What stands before
    the first label (an instruction) is no feature.
    """
    at_lines = [
        (match.start("start"), _normalised(match["name"])) for match in _LABEL.finditer(text)
    ]
    openings = set(_paragraphs(text))
    at_paragraphs = [(start, name) for start, name in at_lines if start in openings]
    return _spans(text, _repeated(at_paragraphs) or _repeated(at_lines))


def _normalised(label: str) -> str:
    return re.sub(r"\d+", "0", label.casefold()).strip(" *")


def _repeated(labels: Sequence[tuple[int, str]]) -> list[int]:
    """Return where the first of the labels that occur more than once stands."""
    counts = Counter(name for _, name in labels)
    chosen = next((name for _, name in labels if counts[name] > 1), None)
    return [start for start, name in labels if name == chosen]


def _paragraphs(text: str) -> list[int]:
    """Return where the paragraphs begin, after their indentation."""
    first = len(text) - len(text.lstrip())
    starts = {first, *(match.end() for match in _BLANK_LINE.finditer(text))}
    return sorted(start for start in starts if start < len(text))


def _spans(text: str, starts: Sequence[int]) -> list[Span]:
    """Return the blocks between the starts, without the one after the last."""
    return list(zip(starts, starts[1:], strict=False))
