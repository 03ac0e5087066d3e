"""Two studies of the same records: two models, two methods, two sets of demonstrations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.study.claims.finding import CORRELATION
from bathyscope.study.claims.language import parsed
from bathyscope.study.claims.statistics import observed
from bathyscope.study.claims.view import StudyView
from bathyscope.study.claims.words import interval, p_value
from bathyscope.study.statistics.estimate import Interval
from bathyscope.study.statistics.paired import McNemar, mcnemar, paired_difference


@dataclass(frozen=True)
class PairedFinding:
    """The difference of a claim between another study and this one.

    Attributes:
        claim: The claim.
        difference: Mean over records of the difference of their means.
        test: McNemar's test where every record is right or wrong; None for other claims.
        unpaired: Records that only one of the two has something to say about.
        unit: Unit of the difference.
    """

    claim: str
    difference: Interval
    test: McNemar | None
    unpaired: int
    unit: str

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        test = None if self.test is None else self.test.to_document()
        own = {"claim": self.claim, "unit": self.unit, "unpaired": self.unpaired}
        return {**own, "difference": self.difference.to_document(), "mcnemar": test}

    def said(self) -> str:
        """Return it in words."""
        text = (
            f"Claim: {self.claim}. The other study minus this one: "
            f"{interval(self.difference, self.unit, share=False)}, over {self.difference.n} paired "
            f"records; {self.unpaired} have no partner."
        )
        if self.test is None:
            return text
        kind = "exact" if self.test.exact else "χ² with continuity correction"
        return (
            f"{text} Only this one holds for {self.test.first_only}, only the other for "
            f"{self.test.second_only}: McNemar {p_value(self.test.p)} ({kind})."
        )


def paired_findings(claims: Sequence[str], one: StudyView, other: StudyView) -> list[PairedFinding]:
    """Return how two studies differ in several claims, record by record.

    Raises:
        InputError: A claim is a correlation, which no record has alone, or they share no record.
    """
    return [_paired(claim, one, other) for claim in claims]


def _paired(claim: str, one: StudyView, other: StudyView) -> PairedFinding:
    read = parsed(claim)
    if read.statistic == CORRELATION:
        raise InputError(
            "A correlation is one number of a whole study; two studies are compared record by "
            "record, so compare what is correlated."
        )
    seen = [observed(read, view) for view in (one, other)]
    means = [
        _by_record(view, s.record, s.values) for view, s in zip((one, other), seen, strict=True)
    ]
    shared = [name for name in means[0] if name in means[1]]
    if not shared:
        raise InputError(
            f"{one.study.folder} and {other.study.folder} have no record in common that the claim "
            f"{claim!r} can be asked of."
        )
    first, second = (np.array([own[name] for name in shared]) for own in means)
    place = {name: index for index, name in enumerate(one.ids)}
    clusters = one.clusters[[place[name] for name in shared]].tolist()
    flags = np.isin(first, (0, 1)).all() and np.isin(second, (0, 1)).all()
    alone = len(set(clusters)) == len(clusters)
    test = mcnemar(first == 1, second == 1) if seen[0].is_share and flags and alone else None
    unpaired = len(means[0].keys() ^ means[1].keys())
    unit = seen[0].unit if not seen[0].is_share else ""
    return PairedFinding(claim, paired_difference(first, second, clusters), test, unpaired, unit)


def _by_record(view: StudyView, record: Any, values: Any) -> dict[str, float]:
    total = np.bincount(record, values, minlength=len(view.ids))
    count = np.bincount(record, minlength=len(view.ids))
    return {view.ids[i]: float(total[i] / count[i]) for i in np.flatnonzero(count)}
