"""Questions that a page offers: each leads to the cell that answers it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bathyscope.page.kinds import panel_of
from bathyscope.page.wording import quoted
from bathyscope.prompt.labels import of_label
from bathyscope.runs.base import Run

_MOST = 3
_QUOTED = 40  # characters of a token or a part


def questions(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return two or three questions about the maps of a page, at most, in the page's order.

    Returns:
        Of each its text, the map and the cell that answer it, and whether the cell's row or column
        is chosen.
    """
    found: list[dict[str, Any]] = []
    asked: set[str] = set()
    for number, run in enumerate(runs):
        for question in _of(run):
            if question["text"] not in asked:
                found.append({**question, "map": number})
                asked.add(question["text"])
    return _varied(found)[:_MOST]


def _varied(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return questions of each map in turn, so that no map takes all places."""
    turns: dict[int, int] = {}
    ranked: list[tuple[int, int, dict[str, Any]]] = []
    for place, question in enumerate(found):
        turn = turns[question["map"]] = turns.get(question["map"], -1) + 1
        ranked.append((turn, place, question))
    return [question for _, _, question in sorted(ranked, key=lambda one: one[:2])]


def _of(run: Run) -> Iterator[dict[str, Any]]:
    row, column = panel_of(run).opening(run)
    rows, columns = run.heatmap.rows, run.heatmap.columns
    if run.settling_depth is not None and run.token_axis is columns:
        decided = f"Where was {_named(columns.labels[column])} decided?"
        yield _question(decided, row, column, "column")
        return
    if run.whole_target is None or run.feature_axis is not columns:
        return
    if run.token_axis is rows:
        yield _question(f"What drove {_named(rows.labels[row])}?", row, column, "row")
    if len(columns.labels) > 1 and not np.isnan(run.whole_target).all():
        part = int(np.nanargmax(np.abs(run.whole_target)))
        token = int(np.nan_to_num(np.abs(run.heatmap.values[:, part])).argmax())
        yield _question(f"What did {_named(columns.labels[part])} drive?", token, part, "column")


def _question(text: str, row: int, column: int, choose: str) -> dict[str, Any]:
    return {"text": text, "row": row, "column": column, "choose": choose}


def _named(label: str) -> str:
    return quoted(of_label(label).strip() or label, _QUOTED)
