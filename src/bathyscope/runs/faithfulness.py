"""Faithfulness: curves of deletion and insertion with the scores that belong to them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import FloatArray, Heatmap, number_or_null
from bathyscope.runs.base import Run
from bathyscope.runs.consistency import require_faithfulness
from bathyscope.runs.evidence import Evidence, read_evidence


@dataclass(frozen=True)
class RankedMap:
    """One map's ranking and its scores, nats; `faithfulness.scores` defines them.

    Attributes:
        name: The method that made the map.
        order: Positions of the features, the highest attribution to the whole target first.
        comprehensiveness: Mean loss while features are removed from the top.
        sufficiency: Mean lack while features are added from the top.
        area: Comprehensiveness − sufficiency.
        half_agreement: Spearman's ρ of the rankings by two halves of the samples, in −1..1; None
            where the map was not sampled or a half ranks nothing.
    """

    name: str
    order: tuple[int, ...]
    comprehensiveness: float
    sufficiency: float
    area: float
    half_agreement: float | None


@dataclass(frozen=True)
class RandomReference:
    """Scores of random orders, nats; their sufficiency is the same number, their area 0.

    Attributes:
        comprehensiveness: Of the mean over all orders.
        pairs: Pairs of an order and its reverse that were drawn; None where all were counted.
        comprehensiveness_error: Its standard error; None where all orders were counted.
        standard_error: Of the mean insertion curve, shape (features + 1,); likewise.
    """

    comprehensiveness: float
    pairs: int | None
    comprehensiveness_error: float | None
    standard_error: FloatArray | None


@dataclass(frozen=True, repr=False)
class FaithfulnessRun(Run):
    """Faithfulness of the maps of one prompt.

    Attributes:
        heatmap: Rows are curves: deletion and insertion of each map in turn, then of random
            orders; columns how many features were removed or added, 0..F; cells ln p of the whole
            target, nats.
        features: Display text of each feature, by position.
        maps: The maps, the largest area first.
        random: What they are compared with.
        evidence: How probable the target was; None in runs of before it was recorded.
        notes: What is worth knowing before the numbers are relied on, a sentence each.
    """

    heatmap: Heatmap
    features: tuple[str, ...]
    maps: tuple[RankedMap, ...]
    random: RandomReference
    evidence: Evidence | None = None
    notes: tuple[str, ...] = ()
    kind: ClassVar[str] = "faithfulness"
    not_compared: ClassVar[str | None] = (
        "Faithfulness runs are compared by bathyscope evaluate, which draws the curves of several "
        "maps of one question; give attribution, interaction or depth runs here."
    )

    @property
    def deletion(self) -> FloatArray:
        """The target's ln p after k deletions, shape (maps + 1, features + 1), random last."""
        return self.heatmap.values[::2]

    @property
    def insertion(self) -> FloatArray:
        """The target's ln p after k insertions, shape (maps + 1, features + 1), random last."""
        return self.heatmap.values[1::2]

    def particulars(self) -> dict[str, Any]:
        """Return what the document holds beside what those of all kinds hold."""
        error = self.random.standard_error
        return {
            "features": list(self.features),
            "maps": [_finite(asdict(ranked)) for ranked in self.maps],
            "random": {
                **_finite(asdict(self.random)),
                "standard_error": None if error is None else list(map(number_or_null, error)),
            },
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `arrays.safetensors` holds."""
        arrays = super().arrays()
        if self.random.standard_error is not None:
            arrays["random_standard_error"] = self.random.standard_error
        return arrays

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, NDArray[Any]]
    ) -> Self:
        """Rebuild a run; the errors are those of `Run.from_document`."""
        require_faithfulness(document, heatmap)
        maps = tuple(
            RankedMap(**{**ranked, "order": tuple(ranked["order"])}) for ranked in document["maps"]
        )
        random = dict(document["random"])
        if random["standard_error"] is not None:
            random["standard_error"] = np.array(random["standard_error"], dtype=np.float64)
        features = tuple(document["features"])
        if heatmap.values.shape != (2 * len(maps) + 2, len(features) + 1):
            raise ValueError("curves, maps and features do not fit together")
        if any(sorted(ranked.order) != list(range(len(features))) for ranked in maps):
            raise ValueError("an order is not one of all features")
        return cls(heatmap, features, maps, RandomReference(**random), read_evidence(document)[0])


def _finite(document: dict[str, Any]) -> dict[str, Any]:
    return {
        key: number_or_null(value) if isinstance(value, float) else value
        for key, value in document.items()
    }
