"""Content of a page: runs as plain JSON values, their arrays packed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.description.describe import describe
from bathyscope.page import palettes, wording
from bathyscope.page.arrays import is_rounded, packed
from bathyscope.page.kinds import ShownPart, panel_of
from bathyscope.page.texts import Texts
from bathyscope.render.caption import caption
from bathyscope.render.palette import DIVERGING, SEQUENTIAL
from bathyscope.runs.base import Run


@dataclass(frozen=True)
class Shown:
    """One map of a page.

    Attributes:
        run: What is shown.
        name: How it is told from the others.
    """

    run: Run
    name: str


def page_data(maps: Sequence[Shown]) -> dict[str, Any]:
    """Return what a page holds of some maps, as plain JSON values.

    Raises:
        InputError: There is no map.
    """
    if not maps:
        raise InputError("A page needs at least one run.")
    texts, heading = Texts(), wording.heading([shown.run for shown in maps])
    parts = [part for shown in maps for part in _parts(shown)]
    for part in parts:
        texts.add(part.run, part.name)
    return {
        "heading": heading,
        "maps": [_map(part, texts) for part in parts],
        "texts": list(texts.found.values()),
        "palettes": palettes.tables(),
        "sequential": SEQUENTIAL,
        "diverging": DIVERGING,
    }


def _parts(shown: Shown) -> list[ShownPart]:
    """Return the maps that a run is shown as, named after it."""
    parts = panel_of(shown.run).parts(shown.run)
    return [
        replace(one, name=f"{shown.name} {one.name}" if one.name else shown.name) for one in parts
    ]


def _map(part: ShownPart, texts: Texts) -> dict[str, Any]:
    run, panel = part.run, panel_of(part.run)
    heatmap = run.heatmap
    quantity = heatmap.quantity
    return {
        "kind": run.kind,
        "name": part.name,
        "title": panel.title(run),
        "origin": wording.origin(run),
        "explanation": panel.explanation(run),
        "caption": caption(run),
        "notes": list(run.notes),
        "words": _html("\n".join(map(describe, part.told))),
        "quantity": {
            "name": quantity.name,
            "unit": quantity.unit,
            "bounds": quantity.bounds,
            "neutral": quantity.neutral,
            "legend": quantity.legend or quantity.name,
        },
        "rows": texts.axis(run, heatmap.rows),
        "columns": texts.axis(run, heatmap.columns),
        "values": packed(heatmap.values),
        "rounded": is_rounded(heatmap.values),
        "attribution": None,
        "sampling": _sampling(run),
        "depth": None,
        "evidence": _evidence(run),
        "faithfulness": None,
        "chain": None,
        **panel.data(run),
    }


def _sampling(run: Run) -> dict[str, Any] | None:
    """Return standard error, half the 95 % interval, and whether a cell was not seen to vary."""
    if run.standard_error is None:
        return None
    unseen = run.unseen
    return {
        "error": packed(run.standard_error),
        "margin": _optional(run.margin),
        "unvaried": None if unseen is None else packed(np.isfinite(unseen).astype(np.float64)),
    }


def _evidence(run: Run) -> dict[str, Any] | None:
    """Return how probable each token of the answer was, and what the model would have written.

    None where the run does not know, or where no axis of its map has one place for each token.
    """
    evidence, axis = run.evidence, run.token_axis
    along = {id(run.heatmap.rows): "rows", id(run.heatmap.columns): "columns"}.get(id(axis))
    if evidence is None or axis is None or along is None:
        return None
    return {
        "along": along,
        "probabilities": packed(np.exp(evidence.log_probs)),
        "ranks": evidence.ranks.tolist(),
        "greedy": list(evidence.greedy.labels),
        "greedyProbabilities": packed(np.exp(evidence.greedy_log_probs)),
    }


def _optional(values: NDArray[Any] | None) -> dict[str, Any] | None:
    return None if values is None else packed(values)


def _html(markdown: str) -> str:
    """Return words as HTML, in which whatever looked like a tag is text."""
    from markdown_it import MarkdownIt

    html: str = MarkdownIt("commonmark", {"html": False}).disable("image").render(markdown)
    return html
