"""Words for evidence: how probable a continuation was, and what the model would have written."""

from collections.abc import Iterator

from bathyscope.core.text import true_minus
from bathyscope.description.facts.evidence import Improbable, Likelihood, as_log
from bathyscope.description.markdown import code, listed
from bathyscope.description.words.phrases import count, number, short
from bathyscope.runs.evidence import LEAST, probability

MOST_TOKENS = 20
"""So many improbable tokens are named."""


def explained(
    model: str,
    what: str,
    text: str,
    generated: bool,
    found: Likelihood | None,
    beside: str = "",
) -> Iterator[str]:
    """Yield which text is explained and who wrote it; of a given one, how probable it was.

    Args:
        model: The model's name.
        what: What the text is called, e.g. "response".
        text: The text.
        generated: Whether the model wrote it.
        found: How probable it was; None where the run does not say.
        beside: What the first sentence goes on with.
    """
    yield f"{_given(model, what, text, generated, found)}{beside}."
    if not generated:
        yield from improbable(found, what)


def compared(against: str | None, found: Likelihood | None) -> str:
    """Return what a text is compared with, and how probable that was; empty without."""
    if against is None:
        return ""
    return f"; it is compared with {code(against)}{_gives(found, ', to which it gives')}"


def improbable(found: Likelihood | None, what: str) -> Iterator[str]:
    """Yield which tokens of a given text the model would hardly have written, and what instead."""
    if found is None or not found.improbable:
        return
    tokens = listed(found.improbable, _token, MOST_TOKENS, "; ")
    yield (
        f"It gives p < {LEAST:g} to {len(found.improbable):,} of the "
        f"{count(found.tokens, 'token')} of the {what}: {tokens}."
    )


def chance(log_prob: float) -> str:
    """Return p as people read it, with a true minus sign in its exponent."""
    return true_minus(probability(log_prob))


def _given(model: str, what: str, text: str, generated: bool, found: Likelihood | None) -> str:
    """Return which text is explained, who wrote it, and how probable it was if it was given."""
    if generated:
        return f"{code(model)} wrote the {what} {code(text)}"
    return f"{code(model)} was given the {what} {code(text)}{_gives(found, ', to which it gives')}"


def _gives(found: Likelihood | None, gives: str) -> str:
    if found is None:
        return ""
    log_prob = as_log(found.log_prob)
    exact = "" if found.log_prob is None else f" (ln p = {number(log_prob)})"
    instead = (
        f"another token in place of {found.otherwise:,} of its {count(found.tokens, 'token')}"
        if found.otherwise
        else "the same itself"
    )
    return f"{gives} p = {chance(log_prob)}{exact}; it would have written {instead}"


def _token(entry: Improbable) -> str:
    own = f"{short(entry.token)}, p = {chance(as_log(entry.log_prob))}"
    if entry.rank == 1:
        return f"{own}, the most probable there"
    return f"{own}, rather {code(entry.greedy)}, p = {chance(entry.greedy_log_prob)}"
