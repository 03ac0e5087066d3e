"""Page data by kind of run: what is shown of each beside its map."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.heatmap import number_or_null
from bathyscope.core.registry import Registry
from bathyscope.description.words.phrases import percent
from bathyscope.page.arrays import packed
from bathyscope.page.copies import Copies, attribution_copies, depth_copies, groups_copies
from bathyscope.page.opening import (
    Place,
    at_answer,
    at_deepest,
    at_deepest_group,
    at_largest,
)
from bathyscope.page.texts import prompt_text
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run
from bathyscope.runs.chain import ChainRun
from bathyscope.runs.comparison import Comparison
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.depth_groups import CLUSTERS, DepthGroupsRun
from bathyscope.runs.faithfulness import FaithfulnessRun
from bathyscope.runs.readings import Readings
from bathyscope.runs.think import ThinkRun


@dataclass(frozen=True)
class ShownPart:
    """One map of a run on the page.

    Attributes:
        run: What is drawn.
        name: What tells it from the run's other maps; empty where there is one.
        told: Whose words stand with it.
    """

    run: Run
    name: str
    told: tuple[Run, ...]


@dataclass(frozen=True)
class PagePanel:
    """One kind of run on the page.

    Attributes:
        name: The kind, as in `run.json`.
        title: Returns what a map shows, as a heading.
        explanation: Returns what rows, columns and cells are.
        data: Returns what the page's modules are handed beside the map; the keys they know are
            "attribution", "depth", "faithfulness", "chain" and "groups".
        parts: Returns the maps that it is shown as.
        opening: Returns row and column of the cell that it opens on.
        copies: Returns what computes it again, as text; None where its record does not say.
    """

    name: str
    title: Callable[[Any], str]
    explanation: Callable[[Any], str]
    data: Callable[[Any], dict[str, Any]] = lambda run: {}
    parts: Callable[[Any], list[ShownPart]] = lambda run: [ShownPart(run, "", (run,))]
    opening: Callable[[Any], Place] = at_largest
    copies: Callable[[Any], Copies | None] = lambda run: None


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

_DEPTH_GROUPS = (
    "Rows: layers. Columns: one {by} each. A cell: the share of its tokens that have settled at "
    "the layer or before. The line: the median layer."
)


def _explained_chain(run: ChainRun) -> str:
    parts = "parts of the prompt, then steps" if run.parts else "steps"
    return (
        f"Rows: steps, the answer last. Columns: {parts}. A cell: "
        f"{run.heatmap.quantity.legend}; 0 where the column does not come before the row."
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
            "wholeMargin": _optional(run.whole_target_margin),
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


def _chain(run: ChainRun) -> dict[str, Any]:
    """Return the text in pieces: passages by number, the answer last, and what is between them."""
    text = f"{run.prompt or ''}{run.response}"
    depths = _depths(run)
    spans = [*(run.heatmap.columns.spans or ()), *(run.heatmap.rows.spans or ())[-1:]]
    pieces: list[dict[str, Any]] = []
    position = 0
    for number, (start, end) in enumerate(spans):
        if text[position:start].strip():
            between = prompt_text(text[position:start].strip("\n"))
            pieces.append({"text": between, "passage": None, "depth": None})
        own = {"passage": number, "depth": depths.get(number)}
        pieces.append({"text": prompt_text(text[start:end]), **own})
        position = end
    return {"chain": {"parts": run.parts, "pieces": pieces}}


def _groups(run: DepthGroupsRun) -> dict[str, Any]:
    """Return what is counted of each group, with intervals where there are any."""
    return {
        "groups": {
            "by": run.by,
            "clusters": CLUSTERS.get(run.by),
            "layers": run.num_layers,
            "deepLayer": run.provenance["deep_layer"],
            "each": [
                {
                    "label": label,
                    "tokens": group.tokens,
                    "median": group.median_layer,
                    "medianInterval": group.median_interval and list(group.median_interval),
                    "deep": group.deep,
                    "share": group.deep_share,
                    "shareInterval": group.deep_share_interval and list(group.deep_share_interval),
                    "clusters": group.clusters,
                }
                for label, group in zip(run.heatmap.columns.labels, run.groups, strict=True)
            ],
        }
    }


def _depths(run: ChainRun) -> dict[int, str]:
    """Return how deep each passage that is a row was decided, by number; none where not asked."""
    if run.depth is None:
        return {}
    first = len(run.heatmap.columns) - len(run.heatmap.rows) + 1
    return {
        first + row: f"layer {median:g}, {percent(share)} deep"
        for row, (median, share) in enumerate(
            zip(run.depth.median, run.depth.deep_share, strict=True)
        )
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


_FAITHFULNESS = (
    "Rows: curves, two for each map and two for random orders. Columns: how many parts of the "
    "prompt were removed, those that the map ranks first before the others (deletion), or put into "
    "the empty prompt (insertion). A cell: ln p of the whole answer, in nats; a faithful map falls "
    "early on deletion and rises early on insertion."
)
_SETTLING = "Columns: tokens of the answer. A cell: the layer at which the token settles."
_THINK = (
    "Rows: samples. Columns: their first tokens, by position. A cell: the layer at which the token "
    "settles; the samples whose tokens settle deepest were finished, and voted."
)


def _title_of_faithfulness(run: FaithfulnessRun) -> str:
    count = len(run.maps)
    return f"How faithful {'the map is' if count == 1 else f'{count} maps are'}"


def _scored(run: FaithfulnessRun) -> dict[str, Any]:
    """Return the scores of each map, nats, and those of random orders."""
    return {
        "faithfulness": {
            "maps": [
                {
                    "name": ranked.name,
                    "area": number_or_null(ranked.area),
                    "comprehensiveness": number_or_null(ranked.comprehensiveness),
                    "sufficiency": number_or_null(ranked.sufficiency),
                    "agreement": ranked.half_agreement,
                }
                for ranked in run.maps
            ],
            "random": number_or_null(run.random.comprehensiveness),
            "error": run.random.comprehensiveness_error,
        }
    }


def _explained_think(run: ThinkRun) -> str:
    answer = "none" if run.answer is None else f"“{run.answer}”"
    return f"{_THINK} Their answer: {answer}."


def _compared(run: Comparison) -> list[ShownPart]:
    """Return A and B, and B − A where it exists; else what is said of both stands with A."""
    b = ShownPart(run.b, "B", (run.b,))
    if run.difference is None:
        return [ShownPart(run.a, "A", (run, run.a)), b]
    return [ShownPart(run.a, "A", (run.a,)), b, ShownPart(run, "B − A", (run,))]


PLAIN = PagePanel("table", _title, _explained)
"""How a map is shown of which no more is known."""

PANELS: Registry[PagePanel] = Registry(
    "panel of the page",
    "bathyscope.page_panels",
    (
        PagePanel(
            "attribution",
            lambda run: "What drove each token",
            _explained_attribution,
            _attribution,
            copies=attribution_copies,
        ),
        PagePanel(
            "interactions",
            lambda run: "What each two parts of the prompt do together",
            lambda run: _INTERACTIONS,
        ),
        PagePanel(
            "depth",
            lambda run: "How deep each token was decided",
            lambda run: _DEPTH,
            _depth,
            opening=at_deepest,
            copies=depth_copies,
        ),
        PagePanel("settling", lambda run: "Where each token settles", lambda run: _SETTLING),
        PagePanel("think", lambda run: "How deep samples began", _explained_think),
        PagePanel("faithfulness", _title_of_faithfulness, lambda run: _FAITHFULNESS, _scored),
        PagePanel(
            "comparison", lambda run: "What changed from A to B", _explained, parts=_compared
        ),
        PagePanel(
            "chain",
            lambda run: "What each step owes to what stands before it",
            _explained_chain,
            _chain,
            opening=at_answer,
        ),
        PagePanel(
            "depth_groups",
            lambda run: f"How deep each {run.by} was decided",
            lambda run: _DEPTH_GROUPS.format(by=run.by),
            _groups,
            opening=at_deepest_group,
            copies=groups_copies,
        ),
        PLAIN,
    ),
)
"""By kind of run; one that is not here is shown as a map."""
