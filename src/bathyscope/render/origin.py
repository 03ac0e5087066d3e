"""Origin of the text that a map is of: what no figure, table or page leaves out."""

from collections.abc import Iterator, Mapping
from typing import Any

from bathyscope.core.text import true_minus
from bathyscope.render.lettering import shortened
from bathyscope.runs.evidence import LEAST, Evidence, probability

MOST_TOKENS = 8
"""So many improbable tokens are named."""


def origin(
    provenance: Mapping[str, Any],
    evidence: Evidence | None,
    against: Evidence | None = None,
) -> Iterator[str]:
    """Yield that a text was given, how probable it was, and what the model would have written.

    Args:
        provenance: Of a run.
        evidence: How probable the text was; None where that was not recorded.
        against: The same of what it is compared with.
    """
    if not provenance.get("generated", True):
        yield f"given, not written by the model{_probable(evidence)}"
        yield from _improbable(evidence)
    if provenance.get("against") is not None:
        yield f"what it is compared with was given{_probable(against)}"
        yield from _improbable(against)


def _probable(evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    count, of = len(evidence.otherwise), len(evidence.tokens)
    instead = f"another token at {count} of {of} places" if count else "the same"
    return f": p = {_chance(evidence.log_prob)}, it would have written {instead}"


def _improbable(evidence: Evidence | None) -> Iterator[str]:
    if evidence is None or not evidence.improbable:
        return
    named = [_token(evidence, index) for index in evidence.improbable[:MOST_TOKENS]]
    more = len(evidence.improbable) - len(named)
    rest = f" and {more} more" if more else ""
    yield f"p < {LEAST:g}: {', '.join(named)}{rest}"


def _chance(log_prob: float) -> str:
    return true_minus(probability(log_prob))


def _token(evidence: Evidence, index: int) -> str:
    own = f"“{shortened(evidence.tokens.labels[index])}”"
    own += f" {_chance(float(evidence.log_probs[index]))}"
    if evidence.ranks[index] == 1:
        return f"{own} (the most probable)"
    greedy = shortened(evidence.greedy.labels[index])
    return f"{own} (rather “{greedy}” {_chance(float(evidence.greedy_log_probs[index]))})"
