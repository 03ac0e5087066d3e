"""What is said of how probable a continuation was, checked against plain Python."""

import math
from collections.abc import Sequence
from typing import Any

from bathyscope.runs.evidence import Evidence
from tests.description.reader import (
    COUNT,
    LABEL,
    NUMBER,
    SHORT,
    Page,
    Rules,
    items,
    ordinal,
    says,
    whole,
)
from tests.description.truth import shown

GIVES = (
    rf"(?:, to which it gives p = (\S+?)(?: \(ln p = {NUMBER}\))?; it would have written "
    rf"(?:another token in place of {COUNT} of its {COUNT} tokens?|(the same) itself))?"
)
"""What follows a given text; five groups."""
IMPROBABLE = (
    rf"It gives p < 0\.01 to {COUNT} of the {COUNT} tokens? of the (continuation|response|"
    rf"continuation that it is compared with): (.*?)(?:; and {COUNT} more)?\."
)
TOKEN = rf"{SHORT}, p = (\S+?),? (?:rather {LABEL}, p = ([^\s;]+)|(the most probable) there)"

evidence = Rules()


def gives(found: Evidence | None, groups: Sequence[str | None]) -> None:
    """Check what follows a given text."""
    probability, log_prob, other, tokens, same = groups
    assert (probability is None) == (found is None)
    if found is None or probability is None:
        return
    total = math.fsum(found.log_probs.tolist())
    assert log_prob is not None and says(log_prob, total)
    assert says_probability(probability, total)
    differ = sum(a != b for a, b in zip(found.tokens.ids, found.greedy.ids, strict=True))  # type: ignore[arg-type]
    assert whole(other or "0") == differ and (same is None) == (differ > 0)
    assert tokens is None or whole(tokens) == len(found.log_probs)


@evidence.reads(IMPROBABLE)
def improbable(
    page: Page, truth: Any, count: str, tokens: str, what: str, told: str, more: str | None
) -> None:
    run = getattr(truth, "run", truth)
    found: Evidence = run.against_evidence if what.endswith("with") else run.evidence
    assert what.endswith("with") or not run.heatmap.provenance["generated"]
    below = [place for place, value in enumerate(found.log_probs) if value < math.log(0.01)]
    assert (whole(count), whole(tokens)) == (len(below), len(found.log_probs))
    named = []
    for label, number, ending, own, greedy, theirs, first in items(TOKEN, told):
        place = ordinal(number, ending)
        named.append(place)
        assert page.label(label) == shown(found.tokens.labels[place])
        assert says_probability(own, found.log_probs[place]) and float(own) < 0.01
        assert bool(first) == (found.ranks[place] == 1)
        if not first:
            assert page.label(greedy) == shown(found.greedy.labels[place])
            assert says_probability(theirs, found.greedy_log_probs[place])
    assert named == below[:20] and whole(more or "0") == len(below) - len(named)


def says_probability(text: str, log_prob: float) -> bool:
    """Tell whether a probability as written is this one: two digits at least."""
    return math.isclose(float(text), math.exp(log_prob), rel_tol=0.051)


def must_say(run: object) -> set[str]:
    """Return the names of the rules that must have read a sentence."""
    made = run.heatmap.provenance  # type: ignore[attr-defined]
    found = [] if made["generated"] else [run.evidence]  # type: ignore[attr-defined]
    found += [getattr(run, "against_evidence", None)]
    told = any(one is not None and (one.log_probs < math.log(0.01)).any() for one in found)
    return {"improbable"} if told else set()
