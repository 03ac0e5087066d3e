"""Features as the matches of a regular expression."""

import regex

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span

# Python's own `re` cannot be stopped: a pattern such as (a|aa)+$ may run for ages.
_SECONDS = 5.0


def matches(text: str, pattern: str, seconds: float = _SECONDS) -> list[Span]:
    """Return where a pattern matches, empty matches left out.

    `^` and `$` are the edges of lines.

    Raises:
        InputError: The pattern is none, or needs longer than `seconds`.
    """
    if not pattern:
        raise InputError("The pattern after regex: is empty; write one, as in regex:[A-Z]+.")
    try:
        compiled = regex.compile(pattern, regex.MULTILINE)
    except regex.error as error:
        raise InputError(
            f"The pattern {pattern!r} is no regular expression: {error}; correct it, and put a "
            "backslash before a character that is meant literally."
        ) from error
    try:
        found = [match.span() for match in compiled.finditer(text, timeout=seconds)]
    except TimeoutError as error:
        raise InputError(
            f"The pattern {pattern!r} did not come to an end within {seconds:g} seconds; "
            "avoid repetitions inside repetitions, such as (a+)+."
        ) from error
    return [(start, end) for start, end in found if start < end]
