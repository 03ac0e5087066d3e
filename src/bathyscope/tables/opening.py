"""One way to a map, whatever it is kept in."""

from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.runs.base import Run
from bathyscope.runs.opening import open_run
from bathyscope.tables.objects import from_object
from bathyscope.tables.reading import read_table


@keywords_checked
def open_map(source: Any) -> Run | Heatmap:
    """Return the map that something holds.

    Args:
        source: The folder of a run; a table (`tables.reading.READERS` lists the endings); a pandas
            DataFrame; Captum's `LLMAttributionResult`; a run or a map, returned as it is.

    Raises:
        InputError: There is nothing, or what is there cannot be read as a map.
    """
    if isinstance(source, Run | Heatmap):
        return source
    if not isinstance(source, str | Path):
        return from_object(source)
    path = Path(source)
    if not path.exists():
        raise InputError(f"There is no {path}; give a run folder or a table.")
    if path.is_dir():
        return open_run(path)
    return read_table(path)
