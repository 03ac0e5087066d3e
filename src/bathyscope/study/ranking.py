"""Parts of prompts in the order of their effect on the answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.intervals import student_quantile
from bathyscope.core.uncertainty import half_width
from bathyscope.runs.base import Run
from bathyscope.study.claims.view import StudyView
from bathyscope.study.statistics.clustered import clustered_mean


@dataclass(frozen=True)
class RankedPart:
    """A part of a prompt, or of many.

    Attributes:
        label: The part: its text, or its number where texts differ from record to record.
        effect: Its effect on ln p of the whole answer, nats; of several records the mean.
        low: Lower end of the 95 % interval; the effect itself where it is exact.
        high: Upper end.
        helped: Of how many it raised the probability: tokens of one answer, or records.
        of: Of how many.
        shared: How many of these effects are but even shares of a group's (`Run.shared`).
    """

    label: str
    effect: float
    low: float
    high: float
    helped: int
    of: int
    shared: int = 0

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values; null where there is no interval."""
        document = dict(vars(self))
        return {n: None if isinstance(v, float) and v != v else v for n, v in document.items()}


def ranked_parts(run: Run) -> list[RankedPart]:
    """Return the parts of one attributed prompt, the one that helps most first.

    Raises:
        InputError: The run is no attribution of an answer.
    """
    whole, axis = run.whole_target, run.feature_axis
    if whole is None or axis is None:
        raise InputError(f"A {run.kind} run has no parts with effects; give an attribution.")
    margin: FloatArray | None = None
    if run.whole_target_error is not None and run.degrees_of_freedom is not None:
        error = run.whole_target_error * student_quantile(run.degrees_of_freedom)
        margin = half_width(error, run.whole_target_unseen)
    margin = np.zeros(len(whole)) if margin is None else margin
    helped, rows = (run.heatmap.values > 0).sum(axis=0), len(run.heatmap.rows)
    shared = np.zeros(len(whole), dtype=bool) if run.shared is None else run.shared
    parts = [
        RankedPart(label, float(v), float(v - m), float(v + m), int(h), rows, rows * int(s))
        for label, v, m, h, s in zip(axis.labels, whole, margin, helped, shared, strict=True)
    ]
    return sorted(parts, key=lambda part: -part.effect)


def ranked_study(view: StudyView) -> list[RankedPart]:
    """Return the parts of a study's prompts, the one that helps most first.

    Parts of the same text are one; where texts differ from record to record, those of the same
    demonstration are, or of the same place.

    Raises:
        InputError: The study has no effects.
    """
    features, record = view.features
    effect = view.get("feature", "effect", "attribution").astype(np.float64)
    known = ~np.isnan(effect)
    if not known.any():
        raise InputError(
            f"The study {view.study.folder} has no effects of parts; run the batch with "
            "--attribute."
        )
    labels = _labels(view, features, record)
    shared = view.get("feature", "shared", "attribution") == 1
    parts = []
    for label in dict.fromkeys(labels[known].tolist()):
        which = known & (labels == label)
        estimate = clustered_mean(effect[which], view.clusters[record[which]].tolist())
        ends = estimate.value, estimate.low, estimate.high
        counts = (int(one.sum()) for one in (effect[which] > 0, which, shared[which]))
        parts.append(RankedPart(str(label), *ends, *counts))
    return sorted(parts, key=lambda part: -part.effect)


def _labels(view: StudyView, features: Any, record: Any) -> Any:
    texts = view.get("feature", "text", "attribution")
    records = max(1, len(set(record.tolist())))
    if len(set(texts.tolist())) <= 2 * len(texts) / records:
        return texts
    numbers = view.get("feature", "demonstration", "attribution")
    if len(set(numbers.tolist())) > 1:
        names = [f"demonstration {int(n)}" if n else "outside" for n in numbers.tolist()]
    else:
        places = view.get("feature", "position", "attribution")
        names = [f"part {int(place)}" for place in places.tolist()]
    found = np.empty(len(names), dtype=object)
    found[:] = names
    return found
