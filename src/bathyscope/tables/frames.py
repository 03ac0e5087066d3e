"""Tables as pandas has them: an index beside the columns, which may only count."""

from collections.abc import Sequence
from typing import Any

from bathyscope.core.heatmap import Heatmap
from bathyscope.tables.grid import Line, grid


def frame(index: Sequence[Any], columns: Line, lines: Sequence[Line], name: str = "") -> Heatmap:
    """Return a table whose index labels the rows, or its first column where that holds texts.

    Args:
        index: One entry for each line.
        columns: Labels of the columns.
        lines: The cells, each line as long as the columns.
        name: What the index is called; empty where it is not.

    Raises:
        NotATable: It is no rectangle of numbers.
    """
    if only_counts(index) and all(isinstance(line[0], str) for line in lines):
        return grid(columns, lines)
    labelled = [[str(label), *line] for label, line in zip(index, lines, strict=True)]
    return grid([name or "row", *columns], labelled)


def only_counts(index: Sequence[Any]) -> bool:
    """Tell whether an index says no more than 0, 1, 2 and so on."""
    return [str(entry) for entry in index] == [str(position) for position in range(len(index))]
