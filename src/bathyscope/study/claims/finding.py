"""Findings: what becomes of a claim, with intervals, exclusions and counter-examples."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import number_or_null
from bathyscope.core.keywords import keywords_checked
from bathyscope.study.claims.language import Claim, Evaluator, parsed
from bathyscope.study.claims.observations import Observations, natural
from bathyscope.study.claims.statistics import Filter, observed
from bathyscope.study.claims.view import StudyView
from bathyscope.study.statistics.clustered import clustered_mean, clustered_share
from bathyscope.study.statistics.corrections import correction
from bathyscope.study.statistics.correlation import clustered_correlation
from bathyscope.study.statistics.estimate import Interval

CORRELATION = "correlation"
AGAINST = 3
"""So many counter-examples are named."""


@dataclass(frozen=True)
class Group:
    """A claim in one group of observations.

    Attributes:
        name: The group; "all" for everything.
        estimate: The estimate.
        chance: What it would be by chance; NaN where nothing says so.
        margin: Mean margin of the largest over the rest; None for other claims.
        corrected: p corrected for all groups of all claims; NaN where there is none.
    """

    name: str
    estimate: Interval
    chance: float = math.nan
    margin: Interval | None = None
    corrected: float = math.nan

    @property
    def held(self) -> int:
        """In how many observations a share's condition holds."""
        return round(self.estimate.value * self.estimate.n) if self.estimate.n else 0

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "name": self.name,
            "estimate": self.estimate.to_document(),
            "chance": number_or_null(self.chance),
            "margin": None if self.margin is None else self.margin.to_document(),
            "corrected_p": number_or_null(self.corrected),
        }


@dataclass(frozen=True)
class CounterExample:
    """A record that speaks against a claim.

    Attributes:
        id: The record.
        support: How much it speaks for the claim: negative.
    """

    id: str
    support: float


@dataclass(frozen=True)
class Finding:
    """A claim as it stands in a study.

    Attributes:
        claim: The claim.
        is_share: Whether the estimates are shares.
        unit: Unit of the estimates.
        groups: "all" first, then each group by its name.
        excluded: Why observations were left out, and how many.
        against: The records that contradict it most, the worst first.
        support: For every record how much it speaks for the claim: of a share its worst
            observation, of a mean the mean of its observations.
    """

    claim: Claim
    is_share: bool
    unit: str
    groups: tuple[Group, ...]
    excluded: dict[str, int] = field(default_factory=dict)
    against: tuple[CounterExample, ...] = ()
    support: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the claim, over how many records, on one line."""
        whole = self.groups[0].estimate
        return f"<Finding: {self.claim.text!r} over {whole.clusters} records>"

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "claim": self.claim.text,
            "unit": self.unit,
            "groups": [group.to_document() for group in self.groups],
            "excluded": dict(self.excluded),
            "against": [vars(one) for one in self.against],
        }


@keywords_checked
def findings(
    claims: Sequence[str | Callable[[StudyView], Observations]],
    view: StudyView,
    correct: str = "holm",
) -> list[Finding]:
    """Return what becomes of several claims, their p-values corrected together.

    Args:
        claims: In the language of `language`, or functions of a view that return observations.
        view: The study.
        correct: "holm", "bh" or "none".

    Raises:
        InputError: A claim cannot be read, or the study has not what it speaks of.
    """
    method = correction(correct)
    found = [_finding(claim, view) for claim in claims]
    groups = [group for finding in found for group in finding.groups]
    corrected = iter(method([group.estimate.p for group in groups]))
    return [
        replace(one, groups=tuple(replace(g, corrected=next(corrected)) for g in one.groups))
        for one in found
    ]


def _finding(claim: str | Callable[[StudyView], Observations], view: StudyView) -> Finding:
    if not isinstance(claim, str):
        name = getattr(claim, "__name__", "function")
        return summarised(Claim(name, name, ()), claim(view), view)
    read = parsed(claim)
    if read.statistic == CORRELATION:
        return _correlation(read, view)
    return summarised(read, observed(read, view), view)


def summarised(claim: Claim, seen: Observations, view: StudyView) -> Finding:
    """Return the finding of some observations."""
    groups = [_group("all", seen, view)]
    if claim.by is not None:
        names = sorted(set(seen.group.tolist()), key=lambda one: natural(str(one)))
        groups += [_group(str(name), seen.only(seen.group == name), view) for name in names]
    support = _support(seen, view)
    excluded = _with_failed(seen.excluded, view)
    return Finding(
        claim, seen.is_share, seen.unit, tuple(groups), excluded, _against(support), support
    )


def _group(name: str, seen: Observations, view: StudyView) -> Group:
    clusters = view.clusters[seen.record].tolist()
    chance = float(seen.null.mean()) if len(seen.null) else math.nan
    if not seen.is_share:
        mean = clustered_mean(seen.values, clusters)
        return Group(name, replace(mean, p=math.nan) if math.isnan(chance) else mean, chance)
    estimate = clustered_share(seen.values.astype(bool), clusters, seen.null)
    margin = None if seen.margin is None else clustered_mean(seen.margin, clusters)
    return Group(name, estimate, chance, margin)


def _support(seen: Observations, view: StudyView) -> dict[str, float]:
    """Return the support of every record that was looked at: its least, of a mean its mean."""
    if not seen.is_share:
        count = np.bincount(seen.record, minlength=len(view.ids))
        total = np.bincount(seen.record, seen.support, minlength=len(view.ids))
        return {view.ids[i]: float(total[i] / count[i]) for i in np.flatnonzero(count)}
    least = np.full(len(view.ids), np.inf)
    np.minimum.at(least, seen.record, seen.support)
    return {view.ids[i]: float(least[i]) for i in np.flatnonzero(np.isfinite(least))}


def _correlation(claim: Claim, view: StudyView) -> Finding:
    if len(claim.arguments) != 2:
        raise InputError("correlation takes two quantities of a record.")
    at = Evaluator(view, "record", "attribution")
    one, other = (at.number(argument) for argument in claim.arguments)
    chosen = Filter(claim, at)
    chosen.leave_out(np.isnan(one) | np.isnan(other), "a quantity is not known")
    kept = chosen.kept

    def correlated(which: NDArray[np.bool_]) -> Interval:
        return clustered_correlation(one[which], other[which], view.clusters[which].tolist())

    whole = correlated(kept)
    groups = [Group("all", whole, 0.0)]
    for name in sorted(set(chosen.group[kept])) if claim.by is not None else ():
        groups.append(Group(name, correlated(kept & (chosen.group == name)), 0.0))
    supports = {}
    if kept.any() and not math.isnan(whole.value):
        x, y = one[kept] - one[kept].mean(), other[kept] - other[kept].mean()
        pairs = zip(np.flatnonzero(kept), np.sign(whole.value) * x * y, strict=True)
        supports = {view.ids[i]: float(value) for i, value in pairs}
    excluded = _with_failed(chosen.excluded, view)
    return Finding(
        claim, False, "Pearson's r", tuple(groups), excluded, _against(supports), supports
    )


def _with_failed(excluded: Mapping[str, int], view: StudyView) -> dict[str, int]:
    failed = {"records that failed": len(view.failed)} if view.failed else {}
    return {**excluded, **failed}


def _against(supports: Mapping[str, float]) -> tuple[CounterExample, ...]:
    """Return the records that speak most against a claim, the worst first."""
    worst = sorted((value, name) for name, value in supports.items() if value < 0)[:AGAINST]
    return tuple(CounterExample(name, value) for value, name in worst)
