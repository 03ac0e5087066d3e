"""Facts of faithfulness: how maps rank, and how surely."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bathyscope.core.heatmap import FloatArray, number_or_null
from bathyscope.core.intervals import student_quantile
from bathyscope.description.facts.evidence import Likelihood, likelihood
from bathyscope.description.facts.grid import AxisFacts, Gaps, Place, gaps
from bathyscope.description.facts.map import sides
from bathyscope.runs.faithfulness import FaithfulnessRun, RandomReference, RankedMap


@dataclass(frozen=True)
class Point:
    """A point of a curve.

    Attributes:
        changed: After so many features were removed or added.
        value: ln p of the whole continuation, nats.
    """

    changed: int
    value: float


@dataclass(frozen=True)
class Ranking:
    """One map's ranking and its scores, nats; `faithfulness.scores` defines them.

    Attributes:
        name: The method that made the map.
        order: The features, the highest attribution to the whole continuation first.
        comprehensiveness: Mean loss while features are removed from the top.
        sufficiency: Mean lack while features are added from the top.
        area: Comprehensiveness − sufficiency.
        gained: Comprehensiveness minus that of random orders.
        spared: Sufficiency of random orders minus this one.
        half_agreement: Spearman's ρ of two halves of the samples, −1..1; None where not sampled.
        lowest: Lowest point of the deletion curve, the first where several are; None without.
        highest: Highest point of the insertion curve, likewise.
    """

    name: str
    order: tuple[Place, ...]
    comprehensiveness: float
    sufficiency: float
    area: float
    gained: float
    spared: float
    half_agreement: float | None
    lowest: Point | None
    highest: Point | None


@dataclass(frozen=True)
class RandomFacts:
    """Reference of rankings, nats.

    Attributes:
        score: Comprehensiveness, and sufficiency, of the mean over random orders.
        error: Its standard error; None where all orders were counted.
        pairs: Pairs of an order and its reverse that were drawn; None where all were counted.
        margin: Half the width of the score's 95 % interval; 0 where all were counted.
    """

    score: float
    error: float | None
    pairs: int | None
    margin: float


@dataclass(frozen=True)
class FaithfulnessFacts:
    """Facts of the faithfulness of maps.

    Attributes:
        model: Name of the model.
        continuation: The text that is explained.
        generated: Whether the model wrote it itself.
        likelihood: How probable it was; None where that was not recorded.
        baseline: Text that stands for an absent feature; empty where it was left out.
        features: How many features are ranked.
        gaps: Points without a finite number; None where there are none.
        everything: ln p of the continuation with every feature, nats.
        nothing: The same with none.
        random: What rankings are compared with.
        rankings: The maps, the largest area first.
    """

    model: str
    continuation: str
    generated: bool
    likelihood: Likelihood | None
    baseline: str
    features: int
    gaps: Gaps | None
    everything: float | None
    nothing: float | None
    random: RandomFacts
    rankings: tuple[Ranking, ...]
    kind: ClassVar[str] = FaithfulnessRun.kind


def faithfulness_facts(run: FaithfulnessRun) -> FaithfulnessFacts:
    """Return what can be said of how faithful maps are."""
    provenance = run.heatmap.provenance
    features = AxisFacts("feature", run.features, None)
    return FaithfulnessFacts(
        model=provenance["model"]["name"],
        continuation=provenance["target"],
        generated=provenance["generated"],
        likelihood=likelihood(run.evidence),
        baseline=provenance["baseline"],
        features=len(run.features),
        gaps=gaps(run.heatmap, *sides(run.heatmap)),
        everything=number_or_null(float(run.deletion[0, 0])),
        nothing=number_or_null(float(run.insertion[0, 0])),
        random=_random(run.random),
        rankings=tuple(
            _ranking(ranked, run.random, features, run.deletion[index], run.insertion[index])
            for index, ranked in enumerate(run.maps)
        ),
    )


def _random(random: RandomReference) -> RandomFacts:
    margin = 0.0
    if random.comprehensiveness_error is not None and random.pairs is not None:
        margin = random.comprehensiveness_error * student_quantile(random.pairs - 1)
    return RandomFacts(
        random.comprehensiveness, random.comprehensiveness_error, random.pairs, margin
    )


def _ranking(
    ranked: RankedMap,
    random: RandomReference,
    features: AxisFacts,
    deletion: FloatArray,
    insertion: FloatArray,
) -> Ranking:
    return Ranking(
        name=ranked.name,
        order=tuple(features.place(position) for position in ranked.order),
        comprehensiveness=ranked.comprehensiveness,
        sufficiency=ranked.sufficiency,
        area=ranked.area,
        gained=ranked.comprehensiveness - random.comprehensiveness,
        spared=random.comprehensiveness - ranked.sufficiency,
        half_agreement=ranked.half_agreement,
        lowest=_highest(-deletion, -1.0),
        highest=_highest(insertion, 1.0),
    )


def _highest(curve: FloatArray, sign: float) -> Point | None:
    finite = np.where(np.isfinite(curve), curve, -np.inf)
    if not np.isfinite(finite).any():
        return None
    changed = int(finite.argmax())
    return Point(changed, sign * float(curve[changed]))
