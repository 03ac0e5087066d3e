"""Facts of evidence: how probable a continuation was."""

from dataclasses import dataclass

import numpy as np

from bathyscope.core.heatmap import number_or_null
from bathyscope.description.facts.grid import Place
from bathyscope.runs.evidence import Evidence


@dataclass(frozen=True)
class Improbable:
    """A token that the model gave less than `evidence.LEAST`.

    Attributes:
        token: Which, by its position in the continuation.
        log_prob: ln p of it, nats; None where p is 0.
        greedy: The most probable token in its place.
        greedy_log_prob: ln p of that one, nats.
        rank: Its place among all tokens; 1 where it is the most probable itself.
    """

    token: Place
    log_prob: float | None
    greedy: str
    greedy_log_prob: float
    rank: int


@dataclass(frozen=True)
class Likelihood:
    """Likelihood of a continuation.

    Attributes:
        log_prob: ln p of all of it, nats; None where p is 0.
        tokens: How many tokens it has.
        otherwise: In place of how many of them the model would have written another.
        improbable: Those with p below `evidence.LEAST`, in the order of the text.
    """

    log_prob: float | None
    tokens: int
    otherwise: int
    improbable: tuple[Improbable, ...]


def likelihood(evidence: Evidence | None) -> Likelihood | None:
    """Return what can be said of a continuation; None where its probability was not recorded."""
    if evidence is None:
        return None
    return Likelihood(
        log_prob=number_or_null(evidence.log_prob),
        tokens=len(evidence.tokens),
        otherwise=len(evidence.otherwise),
        improbable=tuple(_improbable(evidence, index) for index in evidence.improbable),
    )


def _improbable(evidence: Evidence, index: int) -> Improbable:
    return Improbable(
        token=Place(index, evidence.tokens.labels[index], None),
        log_prob=number_or_null(float(evidence.log_probs[index])),
        greedy=evidence.greedy.labels[index],
        greedy_log_prob=float(evidence.greedy_log_probs[index]),
        rank=int(evidence.ranks[index]),
    )


def as_log(log_prob: float | None) -> float:
    """Return ln p with −∞ for the p of 0, for which facts have None."""
    return -np.inf if log_prob is None else log_prob
