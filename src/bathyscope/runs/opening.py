"""A saved run, opened: as the schema says, in agreement with itself, with its files together."""

from dataclasses import dataclass
from pathlib import Path

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import notes_kept
from bathyscope.core.registry import Registry
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.faithfulness import FaithfulnessRun
from bathyscope.runs.folder import read_arrays, read_document, require_same, require_untouched
from bathyscope.runs.interactions import InteractionRun
from bathyscope.runs.schema import require_published
from bathyscope.runs.settling import SettlingRun
from bathyscope.runs.table import TableRun


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


_OWN: tuple[type[Run], ...] = (
    AttributionRun,
    InteractionRun,
    DepthRun,
    SettlingRun,
    FaithfulnessRun,
    TableRun,
)

RUN_KINDS: Registry[RunKind] = Registry(
    "kind of run", "bathyscope.run_kinds", (RunKind(kind) for kind in _OWN)
)
"""Every kind of run that can be opened."""


@keywords_checked
@notes_kept
def open_run(folder: str | Path) -> Run:
    """Read a saved run.

    Raises:
        InputError: The folder holds no run, a damaged one, or one of a newer bathyscope.
    """
    folder = Path(folder)
    document = read_document(folder)
    kind = document.get("kind")
    if isinstance(kind, str) and kind not in RUN_KINDS:
        raise InputError(
            f"The run in {folder} is of an unknown kind: {kind!r}. Known are "
            f"{', '.join(RUN_KINDS)}; install the package that wrote it, or a newer bathyscope."
        )
    try:
        require_published(document)
        require_untouched(document)
        heatmap = Heatmap.from_document(document["heatmap"], document["provenance"])
        arrays = read_arrays(folder, document)
        run = RUN_KINDS[document["kind"]].run.from_document(document, heatmap, arrays or {})
        if arrays is not None:
            require_same(arrays, run.arrays())
    except InputError as error:
        raise InputError(f"The run in {folder} is damaged: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise InputError(f"The run in {folder} is damaged: in its run.json, {error}.") from error
    return run.noted(document.get("notes", ()))
