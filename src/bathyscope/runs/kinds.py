"""What a computation returns: a map with the numbers that belong to it, saved and opened whole."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.files.writing import new_folder
from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, number_or_null
from bathyscope.core.intervals import student_quantile
from bathyscope.games.unseen import half_width
from bathyscope.runs.evidence import Evidence, evidence_arrays, evidence_document
from bathyscope.runs.faithfulness import FaithfulnessRun
from bathyscope.runs.folder import SCHEMA, document_head, sealed, write_run
from bathyscope.runs.readings import Readings
from bathyscope.runs.validation import numbers_or_null


class Saved(ABC):
    """Something that is kept as a folder.

    Attributes:
        in_notebook: Returns a run as HTML; `page.notebook` puts it here, so that runs need not
            know of pages. None where that module has not been imported.
    """

    in_notebook: ClassVar[Callable[[Any], str] | None] = None

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write the files into an existing folder."""

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Save as a new folder, whole or not at all."""
        with new_folder(Path(folder), overwrite=overwrite) as partial:
            self.write(partial)

    def _repr_html_(self) -> str | None:
        """Return what a notebook shows instead of the text of the object."""
        return None if Saved.in_notebook is None else Saved.in_notebook(self)


@dataclass(frozen=True)
class AttributionRun(Saved):
    """What drove each token.

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
        replicates: The map without each share of the samples, shape (shares, rows, features), for
            errors of sums (`games.replicates`). In a saved run they are in
            `arrays.safetensors` only.
        evidence: How probable the target was; None in runs of before it was recorded.
        against_evidence: The same of what it is compared with; None without.
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
    def margin(self) -> FloatArray | None:
        """Half the width of each cell's 95 % interval, shape (rows, features); None if exact."""
        return _margin(self.standard_error, self.degrees_of_freedom, self.unseen)

    @property
    def whole_target_margin(self) -> FloatArray | None:
        """The same of each feature's effect on the whole target, shape (features,)."""
        return _margin(self.whole_target_error, self.degrees_of_freedom, self.whole_target_unseen)

    def to_document(self) -> dict[str, Any]:
        """Return what `run.json` holds and `--json` prints."""
        document = {
            **document_head(self.kind, self.heatmap),
            "all": numbers_or_null(self.all),
            "none": numbers_or_null(self.none),
            "gap": numbers_or_null(self.gap),
            "whole_target": {
                "values": numbers_or_null(self.whole_target),
                "all": number_or_null(float(self.whole(self.all))),
                "none": number_or_null(float(self.whole(self.none))),
                "gap": number_or_null(float(self.whole(self.gap))),
                "standard_error": _optional(self.whole_target_error),
                "unseen": _optional(self.whole_target_unseen),
            },
            "standard_error": _optional(self.standard_error),
            "unseen": _optional(self.unseen),
            "degrees_of_freedom": self.degrees_of_freedom,
            "halves": _optional(self.halves),
            **evidence_document(self.evidence, self.against_evidence),
        }
        return sealed(document)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `arrays.safetensors` holds."""
        arrays: dict[str, NDArray[Any] | None] = {
            "values": self.heatmap.values,
            "all": self.all,
            "none": self.none,
            "gap": self.gap,
            "standard_error": self.standard_error,
            "whole_target_error": self.whole_target_error,
            "unseen": self.unseen,
            "whole_target_unseen": self.whole_target_unseen,
            "halves": self.halves,
            "replicates": self.replicates,
            **evidence_arrays(self.evidence, self.against_evidence),
        }
        return _present(arrays)

    def write(self, folder: Path) -> None:
        """Write the run's files into an existing folder."""
        _write(self, folder)


@dataclass(frozen=True)
class InteractionRun(Saved):
    """What each two features do together.

    Attributes:
        heatmap: Rows and columns are features; a cell says by how much the two do more together
            than each alone, on the diagonal stands the feature's Shapley value.
        standard_error: Of each cell, shape (features, features); None where exact.
        degrees_of_freedom: Behind the standard errors; None where exact.
        evidence: How probable the target was; None in runs of before it was recorded.
        against_evidence: The same of what it is compared with; None without.
        unseen: As of an attribution run, shape (features, features).
    """

    heatmap: Heatmap
    standard_error: FloatArray | None = None
    degrees_of_freedom: int | None = None
    evidence: Evidence | None = None
    against_evidence: Evidence | None = None
    unseen: FloatArray | None = None
    kind: ClassVar[str] = "interactions"

    @property
    def margin(self) -> FloatArray | None:
        """Half the width of each cell's 95 % interval; None if exact."""
        return _margin(self.standard_error, self.degrees_of_freedom, self.unseen)

    def to_document(self) -> dict[str, Any]:
        """Return what `run.json` holds and `--json` prints."""
        document = {
            **document_head(self.kind, self.heatmap),
            "standard_error": _optional(self.standard_error),
            "unseen": _optional(self.unseen),
            "degrees_of_freedom": self.degrees_of_freedom,
            **evidence_document(self.evidence, self.against_evidence),
        }
        return sealed(document)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `arrays.safetensors` holds."""
        arrays: dict[str, NDArray[Any] | None] = {
            "values": self.heatmap.values,
            "standard_error": self.standard_error,
            "unseen": self.unseen,
            **evidence_arrays(self.evidence, self.against_evidence),
        }
        return _present(arrays)

    def write(self, folder: Path) -> None:
        """Write the run's files into an existing folder."""
        _write(self, folder)


@dataclass(frozen=True)
class DepthRun(Saved):
    """How deep each token was decided.

    Attributes:
        heatmap: Rows are layers 1 to num_layers − 1, columns response tokens, cells bits.
        settling_depth: Layer at which each token settles, shape (tokens,), 1..num_layers.
        deep_thinking_ratio: Share of the tokens that settle deep, 0..1.
        readings: What else each cell says, where asked for.
        evidence: How probable the response was; None in runs of before it was recorded.
    """

    heatmap: Heatmap
    settling_depth: NDArray[np.int64]
    deep_thinking_ratio: float
    readings: Readings | None = None
    evidence: Evidence | None = None
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

    def to_document(self) -> dict[str, Any]:
        """Return what `run.json` holds and `--json` prints."""
        document = {
            **document_head(self.kind, self.heatmap),
            "settling_depth": self.settling_depth.tolist(),
            "deep_thinking_ratio": self.deep_thinking_ratio,
            **evidence_document(self.evidence),
        }
        if self.readings is not None:
            document["readings"] = self.readings.to_document()
        return sealed(document)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `arrays.safetensors` holds."""
        arrays: dict[str, NDArray[Any]] = {
            "values": self.heatmap.values,
            "settling_depth": self.settling_depth,
            **evidence_arrays(self.evidence),
        }
        if self.readings is not None:
            arrays |= self.readings.cells
            arrays["top_ids"] = self.readings.top_ids
            arrays["top_probabilities"] = self.readings.top_probabilities
        return arrays

    def write(self, folder: Path) -> None:
        """Write the run's files into an existing folder."""
        write_run(folder, self.to_document(), self.arrays(), self.heatmap)


@dataclass(frozen=True)
class SettlingRun:
    """How deep each token was decided, without a map: settling depths alone.

    Attributes:
        tokens: Axis of the response tokens.
        settling_depth: Layer at which each token settles, shape (tokens,), 1..num_layers.
        deep_thinking_ratio: Share of the tokens that settle deep, 0..1.
        provenance: Everything needed to compute it again; `cells_computed` is the share of the
            map's cells that had to be computed.
        evidence: How probable the response was; None where the model's logits are no numbers.
    """

    tokens: Axis
    settling_depth: NDArray[np.int64]
    deep_thinking_ratio: float
    provenance: Mapping[str, Any]
    evidence: Evidence | None = None
    kind: ClassVar[str] = "settling"

    def to_document(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "schema": SCHEMA,
            "kind": self.kind,
            "tokens": {"labels": list(self.tokens.labels), "ids": list(self.tokens.ids or ())},
            "settling_depth": self.settling_depth.tolist(),
            "deep_thinking_ratio": self.deep_thinking_ratio,
            **evidence_document(self.evidence),
            "provenance": dict(self.provenance),
        }


Run = AttributionRun | InteractionRun | DepthRun | FaithfulnessRun


def _present(arrays: Mapping[str, NDArray[Any] | None]) -> dict[str, NDArray[Any]]:
    return {name: array for name, array in arrays.items() if array is not None}


def _write(run: AttributionRun | InteractionRun, folder: Path) -> None:
    write_run(folder, run.to_document(), run.arrays(), run.heatmap, run.standard_error, run.unseen)


def _optional(values: FloatArray | None) -> Any:
    return None if values is None else numbers_or_null(values)


def _margin(
    error: FloatArray | None, degrees_of_freedom: int | None, unseen: FloatArray | None
) -> FloatArray | None:
    if error is None or degrees_of_freedom is None:
        return None
    return half_width(error * student_quantile(degrees_of_freedom), unseen)
