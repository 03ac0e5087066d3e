"""The answer within a response: its last step, or what a rule of Think@n finds in it."""

import re
from dataclasses import dataclass

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.core.noting import note
from bathyscope.core.patterns import all_matches
from bathyscope.prompt.segmenters import REGEX
from bathyscope.reasoning.steps import find_steps, trimmed
from bathyscope.thinking.answer_rules.rules import Extract, extractor

_NEAR = 24  # characters that may tell how a number is read
_OTHERS = ("77", "88", "Z")
_DIGITS_BEFORE = re.compile(r"\d[\d.,]*\Z")
_DIGITS_BEHIND = re.compile(r"[.,]?\d(?:[\d.,]*\d)?")


@dataclass(frozen=True)
class StepsAndAnswer:
    """A response divided into steps and an answer, as character spans of it.

    Attributes:
        steps: The steps before the answer, in order.
        answer: The answer. What stands between it and the last step, its lead-in, is neither.
    """

    steps: tuple[Span, ...]
    answer: Span


def divided(response: str, steps: str, answer: str | None) -> StepsAndAnswer:
    """Return the steps and the answer of a response.

    Args:
        response: The whole text.
        steps: What the steps are, a name of `steps.step_names()`.
        answer: The rule that finds the answer (`answer_rules.extractor`); None takes the last
            step as a whole.

    Raises:
        InputError: There is no step, one alone, or no answer.
    """
    found = find_steps(response, steps)
    if answer is None:
        *before, last = found
        return StepsAndAnswer(_required(before, len(found)), last)
    span = answer_span(response, answer)
    before = [one for one in found if one[1] <= span[0]]
    behind = sum(one[0] >= span[1] for one in found)
    if behind:
        note(
            f"{behind} step{'' if behind == 1 else 's'} behind the answer "
            f"{response[slice(*span)]!r} {'is' if behind == 1 else 'are'} left out: nothing that "
            "comes later can have led to it."
        )
    return StepsAndAnswer(_required(before, len(found)), span)


def _required(before: list[Span], found: int) -> tuple[Span, ...]:
    if not before:
        raise InputError(
            f"The response has no step before its answer ({found} found in all), so there is no "
            "chain to look into; give a longer response, or divide it otherwise (--steps)."
        )
    return tuple(before)


def answer_span(response: str, rule: str) -> Span:
    """Return where the answer stands that a rule finds: the shortest text that gives it, the last.

    Raises:
        InputError: The rule is unknown or finds no answer.
    """
    extract = extractor(rule)
    answer = extract(response)
    if not answer:
        raise InputError(
            f"No answer was found in the response by the rule {rule!r}; choose another rule "
            "(--answer last-number, boxed, choice or regex:PATTERN), or leave it out: the last "
            "step is then the answer."
        )
    if rule.startswith(REGEX):  # a pattern says itself where it matches
        whole, *groups = all_matches(rule.removeprefix(REGEX), response)[-1]
        span = next((span for span in groups if span != (-1, -1)), whole)
        return trimmed(response, [span])[0]
    starts = _starts(response, extract, answer)
    spans = ((start, _end(response, start, extract, answer)) for start in starts)
    hanging = (span for span in spans if _hangs_on(response, span, extract, answer))
    last = next(hanging, None) or (starts[0], _end(response, starts[0], extract, answer))
    return _whole_number(response, last, extract, answer)


def _starts(response: str, extract: Extract, answer: str) -> list[int]:
    """Return the characters from which on the rule still finds the answer, the last ones first.

    Found by halving, since what stands left of an answer leaves it the last; near it every
    character is tried.
    """
    low, high = 0, len(response)
    while high - low > _NEAR:
        middle = (low + high) // 2
        low, high = (middle, high) if extract(response[middle:]) == answer else (low, middle)
    return [
        start
        for start in range(min(len(response), high + _NEAR) - 1, low, -1)
        if not response[start].isspace() and extract(response[start:]) == answer
    ] or [low]


def _end(response: str, start: int, extract: Extract, answer: str) -> int:
    """Return where the shortest text ends that begins at a character and gives the answer."""
    return next(
        (end for end in range(start + 1, len(response)) if extract(response[start:end]) == answer),
        len(response),
    )


def _hangs_on(response: str, span: Span, extract: Extract, answer: str) -> bool:
    """Tell whether the answer is another where something else stands: not so of the 2 of cm^2."""
    before, behind = response[: span[0]], response[span[1] :]
    return any(extract(before + other + behind) != answer for other in _OTHERS)


def _whole_number(response: str, span: Span, extract: Extract, answer: str) -> Span:
    """Return a span with the zeros of its number that the answer does not need: 0.50 and 36.00."""
    start, end = span
    before, behind = _DIGITS_BEFORE.search(response[:start]), _DIGITS_BEHIND.match(response[end:])
    if behind is not None and extract(response[start : end + behind.end()]) == answer:
        end += behind.end()
    if before is not None and extract(response[before.start() : end]) == answer:
        start = before.start()
    return start, end
