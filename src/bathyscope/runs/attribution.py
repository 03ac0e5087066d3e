"""Attribution: what each feature of a prompt did to each token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, number_or_null
from bathyscope.runs.base import Run, margin
from bathyscope.runs.consistency import require_attribution
from bathyscope.runs.evidence import Evidence, read_evidence
from bathyscope.runs.validation import (
    bounds,
    floats,
    groups,
    numbers_or_null,
    optional_floats,
    optional_numbers,
)


def attribution_of(run: Run) -> "AttributionRun":
    """Return an attribution run, having checked that it is one.

    Raises:
        InputError: It is a run of another kind.
    """
    if not isinstance(run, AttributionRun):
        raise InputError(f"Only an attribution run can be evaluated; this is a {run.kind} run.")
    return run


@dataclass(frozen=True, repr=False)
class AttributionRun(Run):
    """Attribution map: what drove each token.

    Attributes:
        heatmap: Rows are target tokens, columns features, cells in the map's unit (nats of ln p
            unless asked otherwise). Where the target is compared with another (provenance
            "against"), rows are differences and the last one is the whole continuation's.
        all: Value of each row with every feature present, shape (rows,).
        none: The same with every feature absent; NaN for gradients at the input, which
            leave nothing out.
        standard_error: Of each cell, shape (rows, features); None where the method is exact.
        degrees_of_freedom: Behind the standard errors; None where the method is exact.
        whole_target_error: Standard error of each feature's sum over the rows, shape (features,).
        halves: The map from each half of the samples, shape (2, rows, features).
        unseen: Of each cell that was not seen to vary among the samples, the most by which it may
            be off (`games.unseen`); NaN where it was seen to vary. Shape (rows, features).
        whole_target_unseen: The same of each feature's sum over the rows, shape (features,).
        group_of: Of each column the number of its group, from 0, shape (features,): features of one
            group share its value evenly, and `unseen` is the most by which one may be off its
            share. None where every feature has a value of its own.
        replicates: The map as it might be as well, shape (replicates, rows, features), for
            errors of sums (`games.replicates`). In a saved run they are in
            `arrays.safetensors` only.
        evidence: How probable the target was; None in runs of before it was recorded.
        against_evidence: The same of what it is compared with; None without.
        notes: What is worth knowing before the numbers are relied on, a sentence each.
    """

    heatmap: Heatmap
    all: FloatArray
    none: FloatArray
    standard_error: FloatArray | None = None
    degrees_of_freedom: int | None = None
    whole_target_error: FloatArray | None = None
    halves: FloatArray | None = None
    replicates: FloatArray | None = None
    evidence: Evidence | None = None
    against_evidence: Evidence | None = None
    unseen: FloatArray | None = None
    whole_target_unseen: FloatArray | None = None
    notes: tuple[str, ...] = ()
    group_of: NDArray[np.intp] | None = None
    kind: ClassVar[str] = "attribution"

    @property
    def gap(self) -> FloatArray:
        """Row sums minus (all − none), shape (rows,); 0 where a method is complete.

        NaN where there is no none to compare with.
        """
        gap: FloatArray = self.heatmap.values.sum(axis=1) - (self.all - self.none)
        return gap

    @property
    def whole_target(self) -> FloatArray:
        """Effect of each feature on ln p of the whole target, shape (features,)."""
        return self.whole(self.heatmap.values)

    def whole(self, of_rows: FloatArray) -> FloatArray:
        """Return what numbers of the rows, shape (rows, …), come to for the whole target."""
        contrast = self.heatmap.provenance.get("against") is not None
        whole: FloatArray = of_rows[-1] if contrast else of_rows.sum(axis=0)
        return whole

    @property
    def whole_target_margin(self) -> FloatArray | None:
        """The same of each feature's effect on the whole target, shape (features,)."""
        return margin(self.whole_target_error, self.degrees_of_freedom, self.whole_target_unseen)

    def particulars(self) -> dict[str, Any]:
        """Return what the document holds beside what those of all kinds hold."""
        return {
            "all": numbers_or_null(self.all),
            "none": numbers_or_null(self.none),
            "gap": numbers_or_null(self.gap),
            "whole_target": {
                "values": numbers_or_null(self.whole_target),
                "all": number_or_null(float(self.whole(self.all))),
                "none": number_or_null(float(self.whole(self.none))),
                "gap": number_or_null(float(self.whole(self.gap))),
                "standard_error": optional_numbers(self.whole_target_error),
                "unseen": optional_numbers(self.whole_target_unseen),
            },
            "standard_error": optional_numbers(self.standard_error),
            "unseen": optional_numbers(self.unseen),
            "degrees_of_freedom": self.degrees_of_freedom,
            "halves": optional_numbers(self.halves),
            **({} if self.group_of is None else {"group_of": self.group_of.tolist()}),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `arrays.safetensors` holds."""
        beside = {
            "whole_target_error": self.whole_target_error,
            "whole_target_unseen": self.whole_target_unseen,
            "halves": self.halves,
            "replicates": self.replicates,
        }
        return {
            **super().arrays(),
            "all": self.all,
            "none": self.none,
            "gap": self.gap,
            **{name: array for name, array in beside.items() if array is not None},
        }

    @property
    def feature_axis(self) -> Axis:
        """The axis over parts of the prompt."""
        return self.heatmap.columns

    @property
    def token_axis(self) -> Axis | None:
        """The axis over all tokens of the target, in order; a contrast has none."""
        return None if self.heatmap.rows.ids is None else self.heatmap.rows

    @property
    def effect(self) -> FloatArray:
        """What all features together do to each row, all − none, shape (rows,)."""
        effect: FloatArray = self.all - self.none
        return effect

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, NDArray[Any]]
    ) -> Self:
        """Rebuild a run; the errors are those of `Run.from_document`."""
        require_attribution(document, heatmap)
        rows, columns = heatmap.values.shape
        replicates = arrays.get("replicates")
        return cls(
            heatmap,
            floats(document["all"], rows),
            floats(document["none"], rows),
            optional_floats(document["standard_error"], rows, columns),
            document["degrees_of_freedom"],
            optional_floats(document["whole_target"]["standard_error"], columns),
            optional_floats(document["halves"], 2, rows, columns),
            None if replicates is None else floats(replicates, len(replicates), rows, columns),
            *read_evidence(document),
            bounds(document.get("unseen"), rows, columns),
            bounds(document["whole_target"].get("unseen"), columns),
            group_of=groups(document.get("group_of"), columns),
        )
