"""Tables: maps of which no more is known than their numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.runs.base import Run


@dataclass(frozen=True, repr=False)
class TableRun(Run):
    """A map that no computation of ours comes with: another tool's, or one made by hand.

    Attributes:
        heatmap: The map.
        notes: What is worth knowing before the numbers are relied on, a sentence each.
    """

    heatmap: Heatmap
    notes: tuple[str, ...] = ()
    kind: ClassVar[str] = "table"

    def particulars(self) -> dict[str, Any]:
        """Return what the document holds beside what those of all kinds hold."""
        return {}

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, NDArray[Any]]
    ) -> Self:
        """Rebuild a run; the errors are those of `Run.from_document`."""
        return cls(heatmap)


def as_run(subject: Run | Heatmap) -> Run:
    """Return a run as it is, and a map as a table: what every medium does first.

    Raises:
        InputError: It is neither.
    """
    if isinstance(subject, Run):
        return subject
    if isinstance(subject, Heatmap):
        return TableRun(subject)
    raise InputError(
        f"A {type(subject).__name__} is no result; give a run or a map, or open it with open_map "
        "first."
    )
