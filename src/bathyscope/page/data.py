"""What a page holds: runs as plain JSON values, their arrays packed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.description.describe import describe
from bathyscope.page import palettes, wording
from bathyscope.page.arrays import is_rounded, packed
from bathyscope.page.texts import Texts
from bathyscope.render.caption import caption
from bathyscope.render.palette import DIVERGING, SEQUENTIAL
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.faithfulness import FaithfulnessRun
from bathyscope.runs.interactions import InteractionRun
from bathyscope.runs.readings import Readings


@dataclass(frozen=True)
class Shown:
    """One map of a page.

    Attributes:
        subject: What is shown.
        name: How it is told from the others.
    """

    subject: Run | Heatmap
    name: str


def page_data(maps: Sequence[Shown]) -> dict[str, Any]:
    """Return what a page holds of some maps, as plain JSON values.

    Raises:
        InputError: There is no map, or one that has no page.
    """
    if not maps:
        raise InputError("A page needs at least one run.")
    texts = Texts()
    for shown in maps:
        if isinstance(shown.subject, FaithfulnessRun):
            raise InputError(
                f"{shown.name} holds curves of faithfulness, which have no page; draw them with "
                "`bathyscope render`."
            )
        texts.add(shown.subject, shown.name)
    return {
        "heading": wording.heading([shown.subject for shown in maps]),
        "maps": [_map(shown, texts) for shown in maps],
        "texts": list(texts.found.values()),
        "palettes": palettes.tables(),
        "sequential": SEQUENTIAL,
        "diverging": DIVERGING,
    }


def _map(shown: Shown, texts: Texts) -> dict[str, Any]:
    subject = shown.subject
    heatmap = subject if isinstance(subject, Heatmap) else subject.heatmap
    quantity = heatmap.quantity
    return {
        "kind": "table" if isinstance(subject, Heatmap) else subject.kind,
        "name": shown.name,
        "title": wording.title(subject),
        "origin": wording.origin(subject),
        "explanation": wording.explanation(subject),
        "caption": caption(subject),
        "words": _html(describe(subject)),
        "quantity": {
            "name": quantity.name,
            "unit": quantity.unit,
            "bounds": quantity.bounds,
            "neutral": quantity.neutral,
            "legend": quantity.legend or quantity.name,
        },
        "rows": texts.axis(subject, heatmap.rows),
        "columns": texts.axis(subject, heatmap.columns),
        "values": packed(heatmap.values),
        "rounded": is_rounded(heatmap.values),
        "attribution": _attribution(subject) if isinstance(subject, AttributionRun) else None,
        "sampling": _sampling(subject),
        "depth": _depth(subject) if isinstance(subject, DepthRun) else None,
    }


def _attribution(run: AttributionRun) -> dict[str, Any]:
    """Return what belongs to the rows, and the whole answer's effect of every feature."""
    return {
        "all": packed(run.all),
        "none": packed(run.none),
        "gap": packed(run.gap),
        "whole": packed(run.whole_target),
        "wholeError": _optional(run.whole_target_error),
        "additive": run.heatmap.provenance.get("against") is None,
    }


def _sampling(subject: Run | Heatmap) -> dict[str, Any] | None:
    """Return standard error, half the 95 % interval, and whether a cell was not seen to vary."""
    if not isinstance(subject, AttributionRun | InteractionRun) or subject.standard_error is None:
        return None
    unseen = subject.unseen
    return {
        "error": packed(subject.standard_error),
        "margin": _optional(subject.margin),
        "unvaried": None if unseen is None else packed(np.isfinite(unseen).astype(np.float64)),
    }


def _depth(run: DepthRun) -> dict[str, Any]:
    """Return settling depths, their conventions, and what each layer would have said."""
    provenance = run.heatmap.provenance
    return {
        "settling": run.settling_depth.tolist(),
        "layers": run.num_layers,
        "threshold": provenance["threshold"],
        "deepLayer": provenance["deep_layer"],
        "ratio": run.deep_thinking_ratio,
        "top": _top(run.readings) if run.readings and run.readings.top_k else None,
    }


def _top(readings: Readings) -> dict[str, Any]:
    ids, positions = np.unique(readings.top_ids, return_inverse=True)
    return {
        "tokens": packed(positions.reshape(readings.top_ids.shape)),
        "probabilities": packed(readings.top_probabilities),
        "labels": [readings.labels[int(id)] for id in ids],
    }


def _optional(values: NDArray[Any] | None) -> dict[str, Any] | None:
    return None if values is None else packed(values)


def _html(markdown: str) -> str:
    """Return words as HTML, in which whatever looked like a tag is text."""
    from markdown_it import MarkdownIt

    html: str = MarkdownIt("commonmark", {"html": False}).disable("image").render(markdown)
    return html
