"""Kinds of runs by name, and the way from a document to the run that it describes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.registry import Registry
from bathyscope.runs.base import Run
from bathyscope.runs.folder import require_untouched
from bathyscope.runs.schema import require_published


@dataclass(frozen=True)
class RunKind:
    """A kind of run as files know it.

    Attributes:
        run: The class, whose `from_document` rebuilds what its `to_document` wrote.
    """

    run: type[Run]

    @property
    def name(self) -> str:
        """What stands as "kind" in `run.json`."""
        return self.run.kind


RUN_KINDS: Registry[RunKind] = Registry("kind of run", "bathyscope.run_kinds")
"""Every kind of run that can be opened; `runs.opening` registers bathyscope's own."""


def require_known(document: Mapping[str, Any], which: str) -> None:
    """Raise InputError where a document is of a kind that is not known."""
    kind = document.get("kind")
    if isinstance(kind, str) and kind not in RUN_KINDS:
        raise InputError(
            f"{which} is of an unknown kind: {kind!r}. Known are {', '.join(RUN_KINDS)}; install "
            "the package that wrote it, or a newer bathyscope."
        )


def require_whole(document: Mapping[str, Any]) -> None:
    """Raise ValueError where a document is not as published, or not as it was sealed."""
    require_published(document)
    require_untouched(document)


def rebuilt(document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Run:
    """Return the run that a document describes.

    Args:
        document: What `to_document` returned, whole.
        arrays: What `arrays` of the run returned; none where they are gone.

    Raises:
        KeyError, TypeError, ValueError, …: It is damaged, or contradicts itself.
    """
    heatmap = Heatmap.from_document(document["heatmap"], document["provenance"])
    run = RUN_KINDS[document["kind"]].run.from_document(document, heatmap, arrays)
    return run.noted(document.get("notes", ()))
