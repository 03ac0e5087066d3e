"""Depth: how far each layer's prediction of each token is from the last one's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, Heatmap
from bathyscope.runs.base import Run
from bathyscope.runs.consistency import require_depth
from bathyscope.runs.evidence import Evidence, read_evidence
from bathyscope.runs.readings import Readings


@dataclass(frozen=True, repr=False)
class DepthRun(Run):
    """Depth map: how deep each token was decided.

    Attributes:
        heatmap: Rows are layers 1 to num_layers − 1, columns response tokens, cells bits.
        settling_depth: Layer at which each token settles, shape (tokens,), 1..num_layers.
        deep_thinking_ratio: Share of the tokens that settle deep, 0..1.
        readings: What else each cell says, where asked for.
        evidence: How probable the response was; None in runs of before it was recorded.
        notes: What is worth knowing before the numbers are relied on, a sentence each.
    """

    heatmap: Heatmap
    settling_depth: NDArray[np.int64] = field()
    deep_thinking_ratio: float = field()
    readings: Readings | None = None
    evidence: Evidence | None = None
    notes: tuple[str, ...] = ()
    kind: ClassVar[str] = "depth"

    @property
    def num_layers(self) -> int:
        """Layers of the model; the last one has no row, its divergence from itself is 0."""
        return len(self.heatmap.rows) + 1

    def layer_statistic(self, name: str) -> Heatmap:
        """Return one of the layer statistics that were computed, as a map of its own.

        Raises:
            InputError: It was not asked for.
        """
        known = {} if self.readings is None else self.readings.cells
        if self.readings is None or name not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            raise InputError(
                f"The run does not hold the layer statistic {name!r}; {there}. Ask for it with "
                f"statistics=[{name!r}] (--statistic {name})."
            )
        provenance = {**self.heatmap.provenance, "layer_statistic": name}
        return Heatmap(
            known[name],
            self.heatmap.rows,
            self.heatmap.columns,
            self.readings.quantities[name],
            provenance,
        )

    @property
    def token_axis(self) -> Axis | None:
        """The axis over all tokens of the response, in order."""
        return None if self.heatmap.columns.ids is None else self.heatmap.columns

    def particulars(self) -> dict[str, Any]:
        """Return what the document holds beside what those of all kinds hold."""
        readings = {} if self.readings is None else {"readings": self.readings.to_document()}
        return {
            "settling_depth": self.settling_depth.tolist(),
            "deep_thinking_ratio": self.deep_thinking_ratio,
            **readings,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `arrays.safetensors` holds."""
        arrays = {**super().arrays(), "settling_depth": self.settling_depth}
        if self.readings is not None:
            arrays |= self.readings.cells
            arrays["top_ids"] = self.readings.top_ids
            arrays["top_probabilities"] = self.readings.top_probabilities
        return arrays

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, NDArray[Any]]
    ) -> Self:
        """Rebuild a run; the errors are those of `Run.from_document`."""
        require_depth(document, heatmap)
        readings = document.get("readings")
        return cls(
            heatmap,
            np.array(document["settling_depth"], dtype=np.int64),
            float(document["deep_thinking_ratio"]),
            None if readings is None else Readings.from_document(readings, *heatmap.values.shape),
            read_evidence(document)[0],
        )
