"""Names for the rows and columns of a figure, instead of those that a map has."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError, advice
from bathyscope.core.files.reading import contents
from bathyscope.core.heatmap import Axis
from bathyscope.core.text import decoded
from bathyscope.runs.base import Run

Names = Sequence[str] | Mapping[str, str]
"""One name for each position in order, or new names by the old ones."""

Labels = Mapping[str, Names]
"""Names of "rows", of "columns", or of both."""

_AXES = ("rows", "columns")
_SHOWN = 40


def relabelled(run: Run, labels: Labels | None) -> Run:
    """Return a run whose axes have other labels; everything else stays.

    Args:
        run: The run; it is left as it is.
        labels: The names; an axis that is not named keeps its own. None leaves all.

    Raises:
        InputError: There are more or fewer names than positions, or an old one is not there.
    """
    if labels is None:
        return run
    if not isinstance(labels, Mapping) or not labels or set(labels) - set(_AXES):
        raise InputError('Labels name "rows" or "columns" or both; give a list for each of them.')
    rows, columns = run.heatmap.rows, run.heatmap.columns
    renamed = replace(
        run.heatmap,
        rows=_renamed("rows", rows, labels["rows"]) if "rows" in labels else rows,
        columns=_renamed("columns", columns, labels["columns"]) if "columns" in labels else columns,
    )
    twin = copy(run)
    object.__setattr__(twin, "heatmap", renamed)
    return twin


def read_labels(path: Path) -> Labels:
    """Read the names of a file.

    Args:
        path: JSON as `relabelled` takes it, `{"columns": ["first", …], "rows": {"old": "new"}}`;
            any other text names a column on each line.

    Raises:
        InputError: The file cannot be read, or holds something else.
    """
    text = decoded(contents(path), str(path))
    if path.suffix.lower() != ".json":
        return {"columns": text.removesuffix("\n").split("\n")}
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON ({error}).") from error
    if not isinstance(found, dict):
        raise InputError(f'{path} does not hold an object such as {{"columns": ["first", …]}}.')
    return found


def _renamed(name: str, axis: Axis, given: Names) -> Axis:
    """Return an axis with other labels."""
    if isinstance(given, Mapping):
        _require_texts(name, [*given.values()])
        known = Counter(axis.labels)
        for old in given:
            if old not in known:
                few = list(known)[:_SHOWN]
                raise InputError(f"None of the {name} is called {old!r}; {advice(old, few)}.")
        return replace(axis, labels=tuple(given.get(label, label) for label in axis.labels))
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise InputError(
            f"The names of the {name} are neither a list nor an object of old and new."
        )
    _require_texts(name, given)
    if len(given) != len(axis):
        raise InputError(
            f"There are {len(given)} names for {len(axis)} {name}; give one for each, in order."
        )
    return replace(axis, labels=tuple(given))


def _require_texts(name: str, given: Sequence[object]) -> None:
    for one in given:
        if not isinstance(one, str):
            raise InputError(f"A name of the {name} is a text, not {one!r}.")
