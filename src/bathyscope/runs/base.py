"""The base of all results: a map with what belongs to it, saved as a folder and opened whole."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.files.writing import new_folder
from bathyscope.core.heatmap import Axis, FloatArray, Heatmap
from bathyscope.core.intervals import student_quantile
from bathyscope.core.uncertainty import half_width
from bathyscope.runs.evidence import Evidence, evidence_arrays, evidence_document
from bathyscope.runs.folder import SCHEMA, sealed, write_run
from bathyscope.runs.readings import Readings
from bathyscope.runs.validation import plain

if TYPE_CHECKING:
    from pandas import DataFrame


class Run(ABC):
    """Result of a computation.

    A kind of run is a frozen dataclass below this one. What it has beside its map it has under
    the names below, which are None where it has none: whoever shows a run asks for what it has,
    never for its class.

    Attributes:
        kind: Name of the kind, as in `run.json`.
        not_compared: Why two runs of the kind have no difference; None where they have one.
        in_notebook: Returns a run as HTML; `page.notebook` puts it here, so that runs need not
            know of pages. None where that module has not been imported.
        in_words: Returns it as Markdown, likewise.
        heatmap: The map.
        standard_error: Of each cell, the map's shape.
        degrees_of_freedom: Behind the standard errors.
        unseen: Of each cell that was not seen to vary among the samples, the most by which it may
            be off; NaN where it was seen to vary.
        group_of: Of each column the number of its group, shape (columns,): columns of one group
            share its value evenly, and `unseen` is the most by which one may be off its share.
            None where every column has a value of its own.
        whole_target_error: Standard error of each column's effect on the whole target.
        whole_target_unseen: Of each of these effects, what `unseen` is of each cell.
        settling_depth: Layer at which each token settles, shape (tokens,).
        deep_thinking_ratio: Share of the tokens that settle deep, 0..1.
        readings: What else each cell says.
        evidence: How probable the continuation was.
        against_evidence: The same of what it is compared with.
        notes: What is worth knowing before the numbers are relied on, a sentence each.
    """

    kind: ClassVar[str]
    not_compared: ClassVar[str | None] = None
    in_notebook: ClassVar[Callable[[Any], str] | None] = None
    in_words: ClassVar[Callable[[Any], str] | None] = None

    heatmap: Heatmap
    standard_error: FloatArray | None = None
    degrees_of_freedom: int | None = None
    unseen: FloatArray | None = None
    group_of: NDArray[np.intp] | None = None
    whole_target_error: FloatArray | None = None
    whole_target_unseen: FloatArray | None = None
    settling_depth: NDArray[np.int64] | None = None
    deep_thinking_ratio: float | None = None
    readings: Readings | None = None
    evidence: Evidence | None = None
    against_evidence: Evidence | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    @abstractmethod
    def from_document(
        cls, document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, NDArray[Any]]
    ) -> Self:
        """Rebuild a run.

        Args:
            document: What `run.json` holds, as the schema says.
            heatmap: The map in it.
            arrays: What `arrays.safetensors` holds; empty where the file is gone.

        Raises:
            KeyError, TypeError, ValueError: The document is damaged or contradicts itself.
        """

    @abstractmethod
    def particulars(self) -> dict[str, Any]:
        """Return what the document holds beside what those of all kinds hold."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `arrays.safetensors` holds."""
        beside = {"standard_error": self.standard_error, "unseen": self.unseen}
        return {
            "values": self.heatmap.values,
            **{name: array for name, array in beside.items() if array is not None},
            **evidence_arrays(self.evidence, self.against_evidence),
        }

    def to_document(self) -> dict[str, Any]:
        """Return what `run.json` holds and `--json` prints."""
        return sealed(
            {
                "schema": SCHEMA,
                "kind": self.kind,
                "heatmap": self.heatmap.to_document(),
                "provenance": plain(dict(self.provenance), "provenance"),
                **self.particulars(),
                **evidence_document(self.evidence, self.against_evidence),
                **({"notes": list(self.notes)} if self.notes else {}),
            }
        )

    def write(self, folder: Path) -> None:
        """Write the run's files into an existing folder."""
        groups = (
            None
            if self.group_of is None
            else np.broadcast_to(self.group_of, self.heatmap.values.shape)
        )
        beside = {"standard_error": self.standard_error, "unseen": self.unseen, "group": groups}
        given = {name: cells for name, cells in beside.items() if cells is not None}
        write_run(folder, self.to_document(), self.arrays(), self.heatmap, given)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Save as a new folder, whole or not at all."""
        with new_folder(Path(folder), overwrite=overwrite) as partial:
            self.write(partial)

    def noted(self, notes: Iterable[str]) -> Self:
        """Return the run with further notes, each once, behind those that it has."""
        twin = copy(self)
        object.__setattr__(twin, "notes", tuple(dict.fromkeys((*self.notes, *notes))))
        return twin

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Everything needed to compute the run again; plain JSON values."""
        return self.heatmap.provenance

    @property
    def prompt(self) -> str | None:
        """The prompt; None where it is not known."""
        prompt: str | None = self.provenance.get("prompt")
        return prompt

    @property
    def text(self) -> str | None:
        """The continuation that the run is of; None where it is not known or there are several."""
        text: str | None = self.provenance.get("target")
        return text

    @property
    def feature_axis(self) -> Axis | None:
        """The axis over parts of the prompt; None where the map has none."""
        return None

    @property
    def token_axis(self) -> Axis | None:
        """The axis over all tokens of the continuation, in order; None where the map has none."""
        return None

    @property
    def asks(self) -> str | None:
        """The question that the cells answer, where a kind can ask several; None where it asks one.

        Answers to different questions are not subtracted.
        """
        return None

    @property
    def num_layers(self) -> int | None:
        """Layers of the model; None where the map does not say."""
        return None

    @property
    def column_medians(self) -> FloatArray | None:
        """Median layer of each column and the ends of its 95 % interval, shape (columns, 3).

        NaN where there is no interval; None where the columns have no median among the rows.
        """
        return None

    @property
    def effect(self) -> FloatArray | None:
        """What all columns together do to each row, shape (rows,); None where nothing says so."""
        return None

    @property
    def whole_target(self) -> FloatArray | None:
        """Effect of each column on the whole continuation, shape (columns,); None likewise."""
        return None

    def layer_statistic(self, name: str) -> Heatmap:
        """Return one of the layer statistics that were computed, as a map of its own.

        Raises:
            InputError: The run does not hold it.
        """
        raise InputError(
            f"A {self.kind} run holds no layer statistics; give a depth run that was computed with "
            f"statistics=[{name!r}] (--statistic {name})."
        )

    @property
    def margin(self) -> FloatArray | None:
        """Half the width of each cell's 95 % interval, the map's shape; None if exact."""
        return margin(self.standard_error, self.degrees_of_freedom, self.unseen)

    @property
    def shared(self) -> NDArray[np.bool_] | None:
        """Whether each column has but a share of its group's value, (columns,); None if none."""
        return None if self.group_of is None else np.bincount(self.group_of)[self.group_of] > 1

    @property
    def unvaried(self) -> NDArray[np.bool_] | None:
        """Whether each cell was not seen to vary among the samples, the map's shape; None if all.

        A share of a group's value is none: what `unseen` holds of it has another reason.
        """
        if self.unseen is None:
            return None
        known = np.isfinite(self.unseen)
        return known if self.shared is None else known & ~self.shared

    def to_frame(self) -> "DataFrame":
        """Return the map as a pandas DataFrame, labels at its sides, as `Heatmap.to_frame` has it.

        Raises:
            InputError: pandas is not installed.
        """
        return self.heatmap.to_frame()

    def __repr__(self) -> str:
        """Return kind, shape, quantity, origin and how many notes there are, on one line."""
        rows, columns = self.heatmap.values.shape
        name, unit = self.heatmap.quantity.name, self.heatmap.quantity.unit
        model = self.provenance.get("model", {})
        of = f" of {model['name']}" if isinstance(model, Mapping) and "name" in model else ""
        measured = f"{name} in {unit}" if unit else name
        count = len(self.notes)
        notes = f", {count} note{'s' if count > 1 else ''}" if count else ""
        return f"<{type(self).__name__}: {rows} × {columns}, {measured}{of}{notes}>"

    def _repr_markdown_(self) -> str | None:
        """Return the same for what shows Markdown and no pages."""
        return None if Run.in_words is None else Run.in_words(self)

    def _repr_html_(self) -> str | None:
        """Return what a notebook shows instead of the text of the object."""
        return None if Run.in_notebook is None else Run.in_notebook(self)


def margin(
    error: FloatArray | None, degrees_of_freedom: int | None, unseen: FloatArray | None
) -> FloatArray | None:
    """Return half the widths of 95 % intervals; None without errors."""
    if error is None or degrees_of_freedom is None:
        return None
    return half_width(error * student_quantile(degrees_of_freedom), unseen)
