"""Sentences of a page on its maps: what is seen, and what a cell is."""

from collections.abc import Sequence

from bathyscope.page.kinds import panel_of
from bathyscope.render.caption import origin_of
from bathyscope.runs.base import Run

_QUOTED = 80  # characters of an answer in a heading


_HEADINGS = {
    ("attribution", "depth"): "What drove {tokens}, and how deep it was decided",
    ("attribution",): "What drove {tokens}{count}",
    ("depth",): "How deep {tokens} was decided{count}",
}
"""The sentence for pages of such kinds alone."""


def heading(runs: Sequence[Run]) -> str:
    """Return the one sentence at the top of a page."""
    kinds = tuple(sorted({run.kind for run in runs}))
    tokens = f"each token{_of(runs)}"
    count = f", in {len(runs)} maps" if len(runs) > 1 else ""
    if kinds in _HEADINGS:
        return _HEADINGS[kinds].replace("{count}", count).replace("{tokens}", tokens)
    if len(kinds) == 1:
        return f"{panel_of(runs[0]).title(runs[0])}{count}"
    return f"{len(runs)} maps of {tokens}"


def origin(run: Run) -> str:
    """Return in a sentence that an answer was given; empty where the model wrote it itself."""
    said = [] if run.text is None else origin_of(run)
    return f"{quoted(run.text or '')}: {'; '.join(said)}." if said else ""


def _of(runs: Sequence[Run]) -> str:
    """Return the answer that all maps are about, quoted; empty where they are about several."""
    answers = {run.text for run in runs}
    answer = (answers.pop() or "") if len(answers) == 1 else ""
    return f" of {quoted(answer)}" if answer.strip() else ""


def quoted(answer: str, most: int = _QUOTED) -> str:
    """Return an answer on one line, shortened where it is longer than so many characters."""
    line = " ".join(answer.split())
    return f"“{line if len(line) <= most else line[: most - 1] + '…'}”"
