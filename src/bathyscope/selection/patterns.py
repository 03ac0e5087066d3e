"""Reasoning patterns, and which rationales may be shown: the coded rules of two papers.

Pattern-CoT: Zhang, Wang, Wu & Wang 2024, arXiv 2404.14812, whose program differs from its text (it
takes a fixed number of clusters where the text has ⌈n/2 · (1 + log N)⌉). Auto-CoT: Zhang, Zhang,
Li & Smola 2022, arXiv 2210.03493. What their programs do counts here.
"""

from bathyscope.selection.pool import Item
from bathyscope.selection.tasks import Task

_TRIGGER = "Let's think step by step."
_MOST_WORDS, _MOST_PIECES = 512, 20
_MOST_QUESTION_WORDS = 60


def pattern(rationale: str, task: Task) -> str:
    r"""Return the reasoning pattern of a rationale: number of pieces, line break, symbols.

    Pieces lie between occurrences of ". ", white space at the end being one where it stands
    behind such. From each piece every symbol that occurs in it, whatever its case, is taken once,
    in the order of the task's list, without the spaces around it.

    Args:
        rationale: As it was written, its ends included.
        task: Whose symbols.

    Raises:
        InputError: The task has none.
    """
    symbols = task.required_symbols()
    pieces = rationale.split(". ")
    found = [
        symbol.strip() for piece in pieces for symbol in symbols if symbol.lower() in piece.lower()
    ]
    return f"{len(pieces)}\n{''.join(found)}"


def may_be_shown_by_pattern(item: Item, task: Task) -> bool:
    """Tell whether Pattern-CoT shows an item.

    Its question has at most 512 words, `Q:` and `A:` counted; its rationale is more than its
    opening words and has at most 20 pieces, double line breaks made single; it has an answer; and
    in arithmetic that answer is found (`_is_concluded`).
    """
    rationale = item.rationale.strip()
    return (
        len(item.asked.split()) <= _MOST_WORDS
        and rationale not in ("", _TRIGGER)
        and len(rationale.replace("\n\n", "\n").split(". ")) <= _MOST_PIECES
        and item.prediction.strip() != ""
        and (not task.is_arithmetic or _is_concluded(item))
    )


def may_be_shown_by_auto_cot(item: Item, task: Task) -> bool:
    """Tell whether Auto-CoT shows an item.

    Its question has at most 60 words, `Q:` and `A:` counted; its rationale ends in a full stop and
    has at most 5 lines (last letters: 7), double line breaks made single; it has an answer; and in
    arithmetic that answer is found (`_is_concluded`).
    """
    rationale = item.rationale.strip()
    return (
        len(item.asked.split()) <= _MOST_QUESTION_WORDS
        and len(rationale.replace("\n\n", "\n").split("\n")) <= task.most_lines
        and rationale.endswith(".")
        and item.prediction.strip() != ""
        and (not task.is_arithmetic or _is_concluded(item))
    )


def _is_concluded(item: Item) -> bool:
    """Tell whether a prediction occurs in the last piece but one between full stops, or is a word.

    Of the words the last ten count. Where a rationale has no full stop, which ends the authors'
    programs with an error, only the words are looked at.
    """
    rationale, prediction = item.rationale.strip(), item.prediction.strip()
    sentences = rationale.split(".")
    in_sentence = len(sentences) > 1 and prediction in sentences[-2]
    return in_sentence or prediction in rationale.split()[-10:]
