"""A saved run, opened: as the schema says, in agreement with itself, with its files together."""

from pathlib import Path

from bathyscope.core.errors import InputError
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import notes_kept
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run
from bathyscope.runs.chain import ChainRun
from bathyscope.runs.comparison import Comparison
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.depth_groups import DepthGroupsRun
from bathyscope.runs.faithfulness import FaithfulnessRun
from bathyscope.runs.folder import read_arrays, read_document, require_same
from bathyscope.runs.interactions import InteractionRun
from bathyscope.runs.kinds import RUN_KINDS as RUN_KINDS
from bathyscope.runs.kinds import RunKind as RunKind
from bathyscope.runs.kinds import rebuilt, require_known, require_whole
from bathyscope.runs.settling import SettlingRun
from bathyscope.runs.table import TableRun
from bathyscope.runs.think import ThinkRun

_OWN: tuple[type[Run], ...] = (
    AttributionRun,
    InteractionRun,
    DepthRun,
    SettlingRun,
    ThinkRun,
    DepthGroupsRun,
    FaithfulnessRun,
    Comparison,
    ChainRun,
    TableRun,
)

for _kind in _OWN:
    RUN_KINDS.register(RunKind(_kind))


@keywords_checked
@notes_kept
def open_run(folder: str | Path) -> Run:
    """Read a saved run.

    Raises:
        InputError: The folder holds no run, a damaged one, or one of a newer bathyscope.
    """
    folder = Path(folder)
    document = read_document(folder)
    require_known(document, f"The run in {folder}")
    try:
        require_whole(document)
        arrays = read_arrays(folder, document)
        run = rebuilt(document, arrays or {})
        if arrays is not None:
            require_same(arrays, run.arrays())
    except InputError as error:
        raise InputError(f"The run in {folder} is damaged: {error}") from error
    except (
        KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError,
    ) as error:  # fmt: skip
        raise InputError(f"The run in {folder} is damaged: in its run.json, {error}.") from error
    return run
