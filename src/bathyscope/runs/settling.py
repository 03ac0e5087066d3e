"""Settling depths without their map."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import Axis, Heatmap, Quantity
from bathyscope.runs.base import Run
from bathyscope.runs.consistency import require_settling
from bathyscope.runs.evidence import Evidence, read_evidence


@dataclass(frozen=True, repr=False)
class SettlingRun(Run):
    """Settling depths of tokens, without a map of the layers.

    Attributes:
        heatmap: One row: the layer at which each response token settles.
        settling_depth: The same as whole numbers, shape (tokens,), 1..num_layers.
        deep_thinking_ratio: Share of the tokens that settle deep, 0..1.
        evidence: How probable the response was; None where the model's logits are no numbers.
        notes: What is worth knowing before the numbers are relied on, a sentence each.
    """

    heatmap: Heatmap
    settling_depth: NDArray[np.int64] = field()
    deep_thinking_ratio: float = field()
    evidence: Evidence | None = None
    notes: tuple[str, ...] = ()
    kind: ClassVar[str] = "settling"

    @classmethod
    def of(
        cls,
        tokens: Axis,
        settling_depth: NDArray[np.int64],
        ratio: float,
        provenance: Mapping[str, Any],
        evidence: Evidence | None = None,
    ) -> Self:
        """Return the run of settling depths.

        Args:
            tokens: Axis of the response tokens.
            settling_depth: Shape (tokens,), 1..num_layers.
            ratio: The deep-thinking ratio.
            provenance: Everything needed to compute it again; `cells_computed` is the share of the
                map's cells that had to be computed.
            evidence: How probable the response was.
        """
        row = Axis("reading", ("settling depth",))
        values = settling_depth[None].astype(np.float64)
        return cls(
            Heatmap(values, row, tokens, SETTLING_DEPTH, provenance),
            settling_depth,
            ratio,
            evidence,
        )

    @property
    def tokens(self) -> Axis:
        """Axis of the response tokens."""
        return self.heatmap.columns

    @property
    def token_axis(self) -> Axis | None:
        """The same, where the tokens' ids are known."""
        return None if self.tokens.ids is None else self.tokens

    @property
    def num_layers(self) -> int | None:
        """Layers of the model; None in runs of before they were recorded."""
        layers: int | None = self.provenance.get("num_layers")
        return layers

    def particulars(self) -> dict[str, Any]:
        """Return what the document holds beside what those of all kinds hold."""
        return {
            "tokens": {"labels": list(self.tokens.labels), "ids": list(self.tokens.ids or ())},
            "settling_depth": self.settling_depth.tolist(),
            "deep_thinking_ratio": self.deep_thinking_ratio,
        }

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, NDArray[Any]]
    ) -> Self:
        """Rebuild a run; the errors are those of `Run.from_document`."""
        require_settling(document, heatmap)
        depths = np.array(document["settling_depth"], dtype=np.int64)
        ratio = float(document["deep_thinking_ratio"])
        return cls(heatmap, depths, ratio, read_evidence(document)[0])


SETTLING_DEPTH = Quantity(
    name="settling depth",
    unit="layers",
    legend="layer: the first at most g bits (Jensen-Shannon) from the last one, or the last",
)
"""Cell: the first layer, from 1, whose divergence from the last one is at most the threshold g.

num_layers where no intermediate layer's is. It says nothing of later layers, which may rise
above g again; g stands in the provenance (`core.settling.settling_depths`).
"""
