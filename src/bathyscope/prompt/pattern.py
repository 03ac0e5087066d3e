"""Features as the matches of a regular expression."""

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.core.patterns import SECONDS, all_matches


def matches(text: str, pattern: str, seconds: float = SECONDS) -> list[Span]:
    """Return where a pattern matches, empty matches left out.

    `^` and `$` are the edges of lines.

    Raises:
        InputError: The pattern is none, or cannot be matched in bounds (`core.patterns`).
    """
    if not pattern:
        raise InputError("The pattern after regex: is empty; write one, as in regex:[A-Z]+.")
    found = [groups[0] for groups in all_matches(pattern, text, lines=True, seconds=seconds)]
    return [(start, end) for start, end in found if start < end]
