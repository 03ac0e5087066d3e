"""What a text answers: one rule, given by name, applied to every sample alike."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from bathyscope.core.errors import InputError

Extract = Callable[[str], str | None]

_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?")
_CHOICE = re.compile(r"\(([A-Z])\)|\b([A-E])\b(?=[.:)\s]|$)")
_BOXED = re.compile(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}")


def extractor(rule: str) -> Extract:
    r"""Return what finds the answer in a text; it gives None where there is none.

    Args:
        rule: `last-number`: the last number, without thousands separators and trailing zeros
            behind the point. `boxed`: what the last `\boxed{...}` holds. `choice`: the last
            capital letter that stands as a choice, (A) to (Z) or a lone A to E. `regex:PATTERN`:
            the first group (or the whole) of the last match.

    Raises:
        InputError: The rule is not known, or the pattern is none.
    """
    if rule.startswith("regex:"):
        try:
            return _last_match(re.compile(rule.removeprefix("regex:")))
        except re.error as error:
            raise InputError(f"The pattern in {rule!r} is not regular: {error}.") from error
    rules: dict[str, Extract] = {
        "last-number": _last_number,
        "boxed": _last_match(_BOXED),
        "choice": _last_match(_CHOICE),
    }
    if rule not in rules:
        raise InputError(
            f"The answer rule {rule!r} is not known; choose one of {', '.join(rules)}, or "
            "regex:PATTERN."
        )
    return rules[rule]


def vote(answers: Sequence[str | None]) -> str | None:
    """Return the commonest answer; of equally common ones the one that comes first."""
    counted = Counter(answer for answer in answers if answer is not None)
    return counted.most_common(1)[0][0] if counted else None


def _last_match(pattern: re.Pattern[str]) -> Extract:
    def find(text: str) -> str | None:
        matches = list(pattern.finditer(text))
        if not matches:
            return None
        last = matches[-1]
        found = next((group for group in last.groups() if group is not None), last.group(0))
        return str(found).strip()

    return find


def _last_number(text: str) -> str | None:
    numbers = _NUMBER.findall(text)
    if not numbers:
        return None
    number: str = numbers[-1].replace(",", "")
    return number.rstrip("0").rstrip(".") if "." in number else number
