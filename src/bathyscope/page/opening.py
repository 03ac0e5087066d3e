"""Opening cells of maps on the page: of the largest size, or the deepest, that say something."""

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import Axis
from bathyscope.prompt.roles import Role, axis_roles
from bathyscope.runs.base import Run
from bathyscope.runs.depth_groups import DepthGroupsRun

Place = tuple[int, int]
"""Row and column of a map."""

_SILENT = frozenset({Role.NEWLINE, Role.SPACE, Role.PUNCTUATION, Role.OTHER})
"""Roles of what a map opens on only where there is nothing else: a comma answers no question."""


def at_largest(run: Run) -> Place:
    """Return the cell of the largest size whose token and part are words, numbers or operators."""
    heatmap = run.heatmap
    rows = _telling(run, heatmap.rows, heatmap.columns)
    columns = _telling(run, heatmap.columns, heatmap.rows)
    own = np.abs(heatmap.values[np.ix_(rows, columns)])
    if np.isnan(own).all():
        return int(rows[0]), int(columns[0])
    row, column = np.unravel_index(int(np.nanargmax(own)), own.shape)
    return int(rows[row]), int(columns[column])


def at_deepest(run: Run) -> Place:
    """Return the layer and the token of the greatest settling depth, among tokens that say much."""
    columns = _telling(run, run.heatmap.columns, run.heatmap.rows)
    if run.settling_depth is None:
        return at_largest(run)
    depths = run.settling_depth[columns]
    layer = min(int(depths.max()), len(run.heatmap.rows.labels))
    return layer - 1, int(columns[int(depths.argmax())])


def at_deepest_group(run: DepthGroupsRun) -> Place:
    """Return the median layer of the group of which the largest share settles deep."""
    column = max(range(len(run.groups)), key=lambda at: run.groups[at].deep_share)
    return int(run.groups[column].median_layer) - 1, column


def at_answer(run: Run) -> Place:
    """Return the largest cell of the last row, which is the answer's."""
    sizes = np.abs(run.heatmap.values[-1])
    column = 0 if np.isnan(sizes).all() else int(np.nanargmax(sizes))
    return len(run.heatmap.rows.labels) - 1, column


def _telling(run: Run, axis: Axis, across: Axis) -> NDArray[np.int64]:
    """Return the positions of an axis that say something; all where none does."""
    every = np.arange(len(axis.labels))
    roles = axis_roles(axis, across, run.provenance)
    if roles is None:
        return every
    found = every[[role not in _SILENT for role in roles]]
    return found if len(found) else every
