"""Regular expressions as users give them: matched in a process that can be stopped.

No library bounds all of it: patterns such as `((a{1000}){1000}){1000}` never finish compiling,
others match for ages or fill the memory, and a thread that does so cannot be ended.
"""

import json
from collections.abc import Sequence
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.core.pattern_process import MOST
from bathyscope.core.stoppable import StoppableProcess, TooLong

SECONDS = 10.0
"""The longest that a pattern may take on one text."""

_MATCHER = StoppableProcess("pattern_process.py")


def all_matches(
    pattern: str, text: str, *, lines: bool = False, seconds: float = SECONDS
) -> list[list[Span]]:
    """Return the matches of a pattern, in the order of the text, also where it looks from its end.

    Of each match the spans of the whole and of every group.
    The span of a group that takes no part is (-1, -1).

    Args:
        pattern: In the syntax of the package `regex`, which includes that of `re`.
        text: Where to look.
        lines: Whether `^` and `$` are the edges of lines.
        seconds: How long it may take.

    Raises:
        InputError: The pattern is none, takes longer, needs more than 2 GiB, or matches more than
            100,000 times.
    """
    answer = _answer({"pattern": pattern, "text": text, "lines": lines}, seconds)
    if "many" in answer:
        raise InputError(
            f"The pattern {pattern!r} matches more than {MOST:,} times; choose one that matches "
            "larger parts of the text."
        )
    return sorted([(start, end) for start, end in groups] for groups in answer["found"])


def which_match(pattern: str, texts: Sequence[str], *, seconds: float = SECONDS) -> list[bool]:
    """Return in which of several texts a pattern matches something.

    Raises:
        InputError: As of `all_matches`.
    """
    fits: list[bool] = _answer({"pattern": pattern, "texts": list(texts)}, seconds)["fits"]
    return fits


def _answer(asked: dict[str, Any], seconds: float) -> dict[str, Any]:
    try:
        said = _MATCHER.ask(json.dumps(asked), seconds)
    except TooLong as error:
        raise _endless(asked, f"within {seconds:g} seconds") from error
    if said is None:
        raise _endless(asked, "in 2 GiB of memory")
    answer: dict[str, Any] = json.loads(said)
    if "error" in answer:
        raise InputError(
            f"The pattern {asked['pattern']!r} is no regular expression: {answer['error']}; "
            "correct it, and put a backslash before a character that is meant literally."
        )
    return answer


def _endless(asked: dict[str, Any], where: str) -> InputError:
    return InputError(
        f"The pattern {asked['pattern']!r} did not come to an end {where}; avoid repetitions "
        "inside repetitions, such as (a+)+."
    )
