"""What a computation returns: a map with the numbers that belong to it, saved and opened whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bathyscope.errors import InputError
from bathyscope.faithfulness_run import FaithfulnessRun
from bathyscope.files import new_folder
from bathyscope.heatmap import FloatArray, Heatmap, number_or_null
from bathyscope.store import document_head, read_document, write_run


@dataclass(frozen=True)
class AttributionRun:
    """What drove each token.

    Attributes:
        heatmap: Rows are target tokens, columns features, cells nats.
        all: ln p of each target token with every feature present, shape (targets,), nats.
        none: The same with every feature absent.
    """

    heatmap: Heatmap
    all: FloatArray
    none: FloatArray
    kind: ClassVar[str] = "attribution"

    @property
    def gap(self) -> FloatArray:
        """Row sums minus (all − none), shape (targets,), nats; 0 where a method is complete."""
        gap: FloatArray = self.heatmap.values.sum(axis=1) - (self.all - self.none)
        return gap

    @property
    def whole_target(self) -> FloatArray:
        """Effect of each feature on ln p of the whole target, shape (features,), nats."""
        total: FloatArray = self.heatmap.values.sum(axis=0)
        return total

    def to_document(self) -> dict[str, Any]:
        """Return what `run.json` holds and `--json` prints."""
        return {
            **document_head(self.kind, self.heatmap),
            "all": _numbers(self.all),
            "none": _numbers(self.none),
            "gap": _numbers(self.gap),
            "whole_target": {
                "values": _numbers(self.whole_target),
                "all": number_or_null(float(self.all.sum())),
                "none": number_or_null(float(self.none.sum())),
                "gap": number_or_null(float(self.gap.sum())),
            },
        }

    def write(self, folder: Path) -> None:
        """Write the run's files into an existing folder."""
        arrays = {
            "values": self.heatmap.values,
            "all": self.all,
            "none": self.none,
            "gap": self.gap,
        }
        write_run(folder, self.to_document(), arrays, self.heatmap)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Save the run as a new folder, whole or not at all."""
        with new_folder(Path(folder), overwrite=overwrite) as partial:
            self.write(partial)


@dataclass(frozen=True)
class DepthRun:
    """How deep each token was decided.

    Attributes:
        heatmap: Rows are layers 1 to num_layers − 1, columns response tokens, cells bits.
        settling_depth: Layer at which each token settles, shape (tokens,), 1..num_layers.
        deep_thinking_ratio: Share of the tokens that settle deep, 0..1.
    """

    heatmap: Heatmap
    settling_depth: NDArray[np.int64]
    deep_thinking_ratio: float
    kind: ClassVar[str] = "depth"

    @property
    def num_layers(self) -> int:
        """Layers of the model; the last one has no row, its divergence from itself is 0."""
        return len(self.heatmap.rows) + 1

    def to_document(self) -> dict[str, Any]:
        """Return what `run.json` holds and `--json` prints."""
        return {
            **document_head(self.kind, self.heatmap),
            "settling_depth": self.settling_depth.tolist(),
            "deep_thinking_ratio": self.deep_thinking_ratio,
        }

    def write(self, folder: Path) -> None:
        """Write the run's files into an existing folder."""
        arrays = {"values": self.heatmap.values, "settling_depth": self.settling_depth}
        write_run(folder, self.to_document(), arrays, self.heatmap)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Save the run as a new folder, whole or not at all."""
        with new_folder(Path(folder), overwrite=overwrite) as partial:
            self.write(partial)


Run = AttributionRun | DepthRun | FaithfulnessRun


def open_run(folder: str | Path) -> Run:
    """Read a saved run.

    Raises:
        InputError: The folder holds no run, a damaged one, or one of a newer bathyscope.
    """
    document = read_document(Path(folder))
    try:
        heatmap = Heatmap.from_document(document["heatmap"], document["provenance"])
        if document["kind"] == AttributionRun.kind:
            return AttributionRun(heatmap, np.array(document["all"]), np.array(document["none"]))
        if document["kind"] == DepthRun.kind:
            depths = np.array(document["settling_depth"], dtype=np.int64)
            return DepthRun(heatmap, depths, float(document["deep_thinking_ratio"]))
        if document["kind"] == FaithfulnessRun.kind:
            return FaithfulnessRun.from_document(heatmap, document)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError(f"The run in {folder} is damaged: {error!r} in its run.json.") from error
    raise InputError(f"The run in {folder} is of an unknown kind: {document['kind']!r}.")


def _numbers(values: FloatArray) -> list[float | None]:
    return [number_or_null(value) for value in values.tolist()]
