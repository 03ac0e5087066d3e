"""The worked examples of a few-shot prompt."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.prompt.segmenter import Segmenter

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
# A label opens a line and ends in a colon: "Q:", "Example 3:", "### Input:", "**English**:",
# "问：", or is a heading: "## Example 3". Not the scheme of an address.
_LABEL = re.compile(
    r"^[^\S\n]*+(?P<start>[#*>\-]*+)[^\S\n]*+(?:"
    r"(?P<name>[^\W_][\w .'()*-]{0,40}?)[:：](?!//)"
    r"|(?<=\#[ ])(?P<heading>[^\W_][\w .'()-]{0,40}?)[^\S\n]*$)",
    re.MULTILINE,
)
_NUMBERED = re.compile(r"^[^\S\n]*(?P<number>\d+)[.)][^\S\n]", re.MULTILINE)


class _Label(NamedTuple):
    """A label where it stands: its start, its name, and whether anything follows it."""

    start: int
    name: str
    filled: bool


class Demonstrations(Segmenter):
    """The worked examples of a few-shot prompt."""

    name = "demonstrations"
    summary = "the worked examples of a few-shot prompt"
    whole = True
    missing = (
        "No demonstrations were found in the prompt: they are blocks divided by blank lines or "
        "opened by a repeated label such as Q:, with the open question last"
    )

    def find(self, text: str) -> list[Span]:
        """Return what `demonstrations` finds."""
        return demonstrations(text)


def demonstrations(text: str) -> list[Span]:
    """Return the worked examples of a few-shot prompt, the line breaks after them included.

    Blocks begin at a repeated label such as `Q:` where it opens the first of them; numbers in
    labels count as equal (`Example 1:`, `Example 2:`), and what stands before (an instruction) is
    no feature. Where a repeated label stands inside or at the end of blocks (`Answer:`), or there
    is none, blank lines separate them. The last block is the open question, no feature.

    Raises:
        InputError: There is a repeated label, but neither it nor blank lines tell where blocks
            begin.
    """
    paragraphs, labels = _paragraphs(text), _labels(text)
    openings = set(paragraphs)
    at_paragraphs = _repeated([label for label in labels if label.start in openings])
    if at_paragraphs:
        return _spans(_at_paragraphs(text, paragraphs, labels, at_paragraphs))
    at_lines = _repeated(labels)
    if at_lines:
        return _spans(_at_lines(text, paragraphs, labels, at_lines))
    return _spans(_numbered(text) or paragraphs)


def _at_paragraphs(
    text: str, paragraphs: Sequence[int], labels: Sequence[_Label], chosen: Sequence[_Label]
) -> list[int]:
    """Return where blocks begin whose label opens paragraphs."""
    name, starts = chosen[0].name, [label.start for label in chosen]
    first = next(label.start for label in labels if label.name == name)
    if first < starts[0]:  # an instruction stands directly above the first block
        starts = [first, *starts]
    if first != paragraphs[0]:
        repeated = Counter(label.name for label in labels)
        before = [_paragraph_before(paragraphs, start) for start in starts[1:]]
        if not any(
            begin <= label.start < end and repeated[label.name] > 1
            for begin, end in before
            for label in labels
        ):
            raise _undecided(text, chosen[0])
    return starts + _open_question(paragraphs, labels, starts)


def _at_lines(
    text: str, paragraphs: Sequence[int], labels: Sequence[_Label], chosen: Sequence[_Label]
) -> list[int]:
    """Return where blocks begin whose repeated label opens lines, but not paragraphs."""
    starts = [label.start for label in chosen]
    holding = [bisect_right(paragraphs, start) - 1 for start in starts]
    if starts[0] == paragraphs[0]:
        return starts
    if len(set(holding)) == len(holding):
        return _by_blank_lines(text, paragraphs, chosen, holding)
    if starts[0] in paragraphs or _follow_labels(text, labels, starts[1:]):
        return starts
    raise _undecided(text, chosen[0])


def _by_blank_lines(
    text: str, paragraphs: Sequence[int], chosen: Sequence[_Label], holding: Sequence[int]
) -> list[int]:
    """Return where blocks begin that blank lines separate and a label inside or at the end marks.

    Each block ends with the paragraph that holds the label. The first may stand behind an
    instruction: it has as many paragraphs as the others.
    """
    sizes = {after - before for before, after in pairwise(holding)}
    size = min(sizes)
    first = holding[0] - size + 1
    if len(sizes) > 1 or first < 0:
        raise _undecided(text, chosen[0])
    ends = [place + 1 for place in holding if place + 1 < len(paragraphs)]
    return [paragraphs[place] for place in (first, *ends)]


def _open_question(
    paragraphs: Sequence[int], labels: Sequence[_Label], starts: Sequence[int]
) -> list[int]:
    """Return where the open question begins if it lacks the label that opens the blocks.

    The block with the last label is whole then: it has what the others have, and a paragraph
    without a label more than they.
    """
    places = [bisect_right(paragraphs, start) - 1 for start in starts]
    sizes = {after - before for before, after in pairwise(places)}
    extra = places[-1] + max(sizes)
    if len(sizes) > 1 or extra >= len(paragraphs):
        return []
    repeated = Counter(label.name for label in labels)
    start = paragraphs[extra]
    if any(label.start == start and repeated[label.name] > 1 for label in labels):
        return []
    blocks = [_filled(labels, *edges) for edges in pairwise([*starts, start])]
    return [start] if set.intersection(*blocks[:-1]) <= blocks[-1] else []


def _filled(labels: Sequence[_Label], begin: int, end: int) -> set[str]:
    return {label.name for label in labels if begin < label.start < end and label.filled}


def _follow_labels(text: str, labels: Sequence[_Label], starts: Sequence[int]) -> bool:
    """Tell whether a label opens the line before each of these.

    Nothing unlabelled lies between then that could be the beginning of a block.
    """
    lines = {_line_start(text, label.start) for label in labels}
    return all(
        _line_start(text, len(text[: _line_start(text, start)].rstrip())) in lines
        for start in starts
    )


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _paragraph_before(paragraphs: Sequence[int], start: int) -> Span:
    place = bisect_right(paragraphs, start - 1) - 1
    return paragraphs[place], start


def _undecided(text: str, label: _Label) -> InputError:
    name = text[label.start :].partition("\n")[0].partition(":")[0].partition("：")[0].strip()
    return InputError(
        f"The label {name[:40]!r} is repeated in the prompt, but neither it nor blank lines tell "
        "where one demonstration ends and the next begins; separate instruction and "
        "demonstrations by blank lines and nothing else, open each with the same label, or mark "
        "them with [[ and ]]."
    )


def _labels(text: str) -> list[_Label]:
    found = list(_LABEL.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    return [
        _Label(
            match.start("start"),
            _normalised(match["name"] or match["heading"]),
            bool(text[match.end() : end].strip(" *\n\r\t")),
        )
        for match, end in zip(found, ends, strict=False)
    ]


def _normalised(label: str) -> str:
    return re.sub(r"\d+", "0", label.casefold()).strip(" *")


def _repeated(labels: Sequence[_Label]) -> list[_Label]:
    """Return the first of the labels that occur more than once, at all its places."""
    counts = Counter(label.name for label in labels)
    chosen = next((label.name for label in labels if counts[label.name] > 1), None)
    return [label for label in labels if label.name == chosen]


def _numbered(text: str) -> list[int]:
    """Return where the items of one list numbered 1, 2, 3, … begin; none where there is no such."""
    items = list(_NUMBERED.finditer(text))
    counted = [int(item["number"]) for item in items] == list(range(1, len(items) + 1))
    return [item.start() for item in items] if counted and len(items) > 1 else []


def _paragraphs(text: str) -> list[int]:
    """Return where the paragraphs begin, after their indentation."""
    first = len(text) - len(text.lstrip())
    starts = {first, *(match.end() for match in _BLANK_LINE.finditer(text))}
    return sorted(start for start in starts if start < len(text))


def _spans(starts: Sequence[int]) -> list[Span]:
    """Return the blocks between the starts, without the one after the last."""
    return list(pairwise(starts))
