"""Page data by kind of run: what is shown of each beside its map."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.registry import Registry
from bathyscope.page.arrays import packed
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.readings import Readings


@dataclass(frozen=True)
class PagePanel:
    """One kind of run on the page.

    Attributes:
        name: The kind, as in `run.json`.
        title: Returns what a map shows, as a heading.
        explanation: Returns what rows, columns and cells are.
        data: Returns what the page's modules are handed beside the map; the keys they know are
            "attribution" and "depth".
    """

    name: str
    title: Callable[[Any], str]
    explanation: Callable[[Any], str]
    data: Callable[[Any], dict[str, Any]] = lambda run: {}


def panel_of(run: Run) -> PagePanel:
    """Return how a run is shown."""
    return PANELS.get(run.kind, PLAIN)


def _explained_attribution(run: AttributionRun) -> str:
    rows = "Rows: tokens of the answer. Columns: parts of the prompt."
    if run.heatmap.quantity.neutral is None:
        return f"{rows} A cell: how strongly the token reacts, without a direction."
    return f"{rows} A cell: how much the part raised (+) or lowered (−) the token's {_raised(run)}."


def _raised(run: AttributionRun) -> str:
    of = run.provenance.get("method", {}).get("of", "logprob")
    unit = run.heatmap.quantity.unit
    return {"logprob": f"log-probability, in {unit}", "logit": "logit"}.get(of, "probability")


_INTERACTIONS = (
    "Rows and columns: parts of the prompt. A cell: how much more (+) or less (−) two do together "
    "than each alone; on the diagonal, the part's own effect."
)
_DEPTH = (
    "Rows: layers. Columns: tokens of the answer. A cell: how far the layer's prediction is from "
    "the last one's, from 0 bits, the same, to 1. The line: where a token settles."
)


def _explained(run: Run) -> str:
    return f"Rows: {run.heatmap.rows.name}. Columns: {run.heatmap.columns.name}."


def _title(run: Run) -> str:
    name = run.heatmap.quantity.name
    return name[:1].upper() + name[1:]


def _attribution(run: AttributionRun) -> dict[str, Any]:
    """Return what belongs to the rows, and the whole answer's effect of every feature."""
    return {
        "attribution": {
            "all": packed(run.all),
            "none": packed(run.none),
            "gap": packed(run.gap),
            "whole": packed(run.whole_target),
            "wholeError": _optional(run.whole_target_error),
            "additive": run.heatmap.provenance.get("against") is None,
        }
    }


def _depth(run: DepthRun) -> dict[str, Any]:
    """Return settling depths, their conventions, and what each layer would have said."""
    provenance = run.heatmap.provenance
    return {
        "depth": {
            "settling": run.settling_depth.tolist(),
            "layers": run.num_layers,
            "threshold": provenance["threshold"],
            "deepLayer": provenance["deep_layer"],
            "ratio": run.deep_thinking_ratio,
            "top": _top(run.readings) if run.readings and run.readings.top_k else None,
        }
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


PLAIN = PagePanel("table", _title, _explained)
"""How a map is shown of which no more is known."""

PANELS: Registry[PagePanel] = Registry(
    "panel of the page",
    "bathyscope.page_panels",
    (
        PagePanel(
            "attribution", lambda run: "What drove each token", _explained_attribution, _attribution
        ),
        PagePanel(
            "interactions",
            lambda run: "What each two parts of the prompt do together",
            lambda run: _INTERACTIONS,
        ),
        PagePanel(
            "depth", lambda run: "How deep each token was decided", lambda run: _DEPTH, _depth
        ),
        PLAIN,
    ),
)
"""By kind of run; one that is not here is shown as a map."""
