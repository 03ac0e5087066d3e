"""Interactions: what each two features of a prompt do together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from bathyscope.core.heatmap import Axis, FloatArray, Heatmap
from bathyscope.runs.base import Run
from bathyscope.runs.consistency import require_interactions
from bathyscope.runs.evidence import Evidence, read_evidence
from bathyscope.runs.validation import bounds, floats, optional_floats, optional_numbers


@dataclass(frozen=True, repr=False)
class InteractionRun(Run):
    """Interaction map: what each two features do together.

    Attributes:
        heatmap: Rows and columns are features; a cell says by how much the two do more together
            than each alone, on the diagonal stands the feature's Shapley value.
        standard_error: Of each cell, shape (features, features); None where exact.
        degrees_of_freedom: Behind the standard errors; None where exact.
        evidence: How probable the target was; None in runs of before it was recorded.
        against_evidence: The same of what it is compared with; None without.
        unseen: As of an attribution run, shape (features, features).
        notes: What is worth knowing before the numbers are relied on, a sentence each.
        replicates: As of an attribution run, shape (replicates, features, features).
    """

    heatmap: Heatmap
    standard_error: FloatArray | None = None
    degrees_of_freedom: int | None = None
    evidence: Evidence | None = None
    against_evidence: Evidence | None = None
    unseen: FloatArray | None = None
    notes: tuple[str, ...] = ()
    replicates: FloatArray | None = None
    kind: ClassVar[str] = "interactions"

    def particulars(self) -> dict[str, Any]:
        """Return what the document holds beside what those of all kinds hold."""
        return {
            "standard_error": optional_numbers(self.standard_error),
            "unseen": optional_numbers(self.unseen),
            "degrees_of_freedom": self.degrees_of_freedom,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `arrays.safetensors` holds."""
        beside = {} if self.replicates is None else {"replicates": self.replicates}
        return {**super().arrays(), **beside}

    @property
    def feature_axis(self) -> Axis:
        """The axis over parts of the prompt."""
        return self.heatmap.columns

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, NDArray[Any]]
    ) -> Self:
        """Rebuild a run; the errors are those of `Run.from_document`."""
        require_interactions(document, heatmap)
        shape = heatmap.values.shape
        error = optional_floats(document["standard_error"], *shape)
        unseen, freedom = bounds(document.get("unseen"), *shape), document["degrees_of_freedom"]
        found = arrays.get("replicates")
        replicates = None if found is None else floats(found, len(found), *shape)
        read = cls(heatmap, error, freedom, *read_evidence(document), unseen)
        return replace(read, replicates=replicates)
