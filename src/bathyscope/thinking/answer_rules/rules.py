"""The answer rules by name, and the way from a name to a rule."""

from collections.abc import Callable

from bathyscope.core.errors import InputError
from bathyscope.core.patterns import all_matches
from bathyscope.runs.voting import Vote as Vote
from bathyscope.runs.voting import vote as vote
from bathyscope.thinking.answer_rules.boxed import boxed
from bathyscope.thinking.answer_rules.choice import choice
from bathyscope.thinking.answer_rules.number import last_number

Extract = Callable[[str], str | None]

RULES: dict[str, Extract] = {"last-number": last_number, "boxed": boxed, "choice": choice}
"""The rules that have a name; docs/answers.md says in which order each of them looks."""


def extractor(rule: str) -> Extract:
    r"""Return what finds the answer in a text; it gives None where there is none.

    Args:
        rule: `last-number`: the last number, as a plain decimal. `boxed`: what the last
            `\boxed{...}` holds. `choice`: the capital letter that is named as the answer.
            `regex:PATTERN`: the first group (or the whole) of the last match.

    Raises:
        InputError: The rule is not known, or the pattern is none.
    """
    if rule.startswith("regex:"):
        pattern = rule.removeprefix("regex:")
        all_matches(pattern, "")  # one that is none is refused before anything is sampled
        return _last_match(pattern)
    if rule not in RULES:
        raise InputError(
            f"The answer rule {rule!r} is not known; choose one of {', '.join(RULES)}, or "
            "regex:PATTERN."
        )
    return RULES[rule]


def gold_as_read(gold: str | None, rule: str) -> str | None:
    r"""Return a right answer as a rule writes it: out of a solution, or as it stands.

    An answer alone is put into a box where that is what the rule looks for.
    """
    if gold is None:
        return None
    extract = extractor(rule)
    boxed = extract(f"\\boxed{{{gold}}}") if rule == "boxed" else None
    return extract(gold) or boxed or gold.strip()


def _last_match(pattern: str) -> Extract:
    def find(text: str) -> str | None:
        matches = all_matches(pattern, text)
        if not matches:
            return None
        whole, *groups = matches[-1]
        start, end = next((span for span in groups if span != (-1, -1)), whole)
        return text[start:end].strip()

    return find
