"""Content of a page: runs as plain JSON values, their arrays packed."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.description.describe import describe
from bathyscope.description.kinds import short_account
from bathyscope.page import palettes, wording
from bathyscope.page.arrays import is_rounded, packed
from bathyscope.page.kinds import ShownPart, panel_of
from bathyscope.page.questions import questions
from bathyscope.page.texts import Texts, short_name
from bathyscope.render.caption import caption
from bathyscope.render.palette import DIVERGING, SEQUENTIAL
from bathyscope.runs.base import Run

_LED = 3
"""So many short accounts stand at the head of a page."""


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
    described = [_map(part, texts) for part in parts]
    return {
        "heading": heading,
        "lede": "".join(_lede(shown, len(maps) > 1) for shown in maps[:_LED]),
        "questions": questions([part.run for part in parts]),
        "maps": _told_apart(described),
        "texts": list(texts.found.values()),
        "palettes": palettes.tables(),
        "sequential": SEQUENTIAL,
        "diverging": DIVERGING,
    }


def _lede(shown: Shown, named: bool) -> str:
    """Return the short account of a run as HTML, with its name where there are others."""
    account = _html(short_account(shown.run))
    return f'<p class="map-name">{escape(shown.name)}</p>{account}' if named else account


def _told_apart(maps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return maps whose ids differ: of those that are alike, later ones have a number."""
    seen: Counter[str] = Counter()
    for one in maps:
        seen[one["id"]] += 1
        if seen[one["id"]] > 1:
            one["id"] = f"{one['id']}-{seen[one['id']]}"
    return maps


def _id(part: ShownPart, rows: str, columns: str) -> str:
    """Return a name of a map that is the same on every page that shows it."""
    said = part.run.provenance
    model = said.get("model")
    named = model.get("name") if isinstance(model, Mapping) else None
    made = [said.get(name) for name in ("method", "lens", "reading", "layer_statistic")]
    names = [one.get("name") if isinstance(one, Mapping) else one for one in made]
    quantity = part.run.heatmap.quantity
    known = [part.run.kind, quantity.name, quantity.unit, rows, columns, named, names]
    return short_name(json.loads(json.dumps(known, default=str)))


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
    rows, columns = texts.axis(run, heatmap.rows), texts.axis(run, heatmap.columns)
    row, column = panel.opening(run)
    copies = panel.copies(run)
    return {
        "id": _id(part, rows["link"], columns["link"]),
        "about": texts.about(run),
        "text": texts.index(run),
        "opening": {"row": row, "column": column},
        "copies": None if copies is None else {**asdict(copies), "account": short_account(run)},
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
        "rows": rows,
        "columns": columns,
        "values": packed(heatmap.values),
        "rounded": is_rounded(heatmap.values),
        **dict.fromkeys(("attribution", "depth", "faithfulness", "chain", "groups")),
        "sampling": _sampling(run),
        "evidence": _evidence(run),
        **panel.data(run),
    }


def _sampling(run: Run) -> dict[str, Any] | None:
    """Return standard error, half the 95 % interval, and what is to be said of a cell's value.

    That is whether it was not seen to vary, and whether it is a share of a group's value.
    """
    if run.standard_error is None:
        return None
    still, shared = run.unvaried, run.shared
    return {
        "error": packed(run.standard_error),
        "margin": _optional(run.margin),
        "unvaried": _flags(run, still),
        "shared": _flags(run, shared),
    }


def _flags(run: Run, flags: NDArray[np.bool_] | None) -> dict[str, Any] | None:
    """Return flags of cells, or of columns, as numbers of every cell."""
    if flags is None:
        return None
    return packed(np.broadcast_to(flags, run.heatmap.values.shape).astype(np.float64))


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
