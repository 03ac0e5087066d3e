"""The one line below a figure: what was asked of which model, and how exact the answer is."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bathyscope.core.heatmap import Heatmap
from bathyscope.core.registry import Registry
from bathyscope.core.text import true_minus
from bathyscope.description.facts.attribution import gap_is_rounding, shares
from bathyscope.description.facts.depth import lens_named
from bathyscope.description.words.comparison import named, of_model
from bathyscope.render.lettering import shortened
from bathyscope.render.origin import origin
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run
from bathyscope.runs.chain import ChainRun
from bathyscope.runs.comparison import Comparison
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.depth_groups import DepthGroupsRun
from bathyscope.runs.faithfulness import FaithfulnessRun
from bathyscope.runs.interactions import InteractionRun
from bathyscope.runs.settling import SettlingRun
from bathyscope.runs.table import as_run
from bathyscope.runs.think import ThinkRun


@dataclass(frozen=True)
class Caption:
    """Caption of one kind of run.

    Attributes:
        name: The kind, as in `run.json`.
        parts: Returns it in parts.
    """

    name: str
    parts: Callable[[Any], list[str]]


def caption(subject: Run | Heatmap) -> str:
    """Return the caption of a run; empty for a map of unknown origin."""
    run = as_run(subject)
    return " · ".join(CAPTIONS.get(run.kind, _OTHER).parts(run))


def origin_of(run: Run) -> list[str]:
    """Return who wrote the text that a run is of, and how probable it was if it was given."""
    return [*origin(run.provenance, run.evidence, run.against_evidence)]


def _source(run: Run) -> list[str]:
    """Return of which model a run is, and of whose text."""
    return [*of_model(run.provenance.get("model") or {}), *origin_of(run)]


def _attribution(run: AttributionRun) -> list[str]:
    return [*_source(run), *_method(run), *_error(run), *_gap(run)]


def _interactions(run: InteractionRun) -> list[str]:
    return [*_source(run), *_method(run), *_error(run)]


def _depth(run: DepthRun) -> list[str]:
    *others, deep, ratio = _settling(run)
    return [*others, f"{deep} of {run.num_layers}", ratio]


def _settling(run: DepthRun | SettlingRun | DepthGroupsRun) -> list[str]:
    provenance = run.provenance
    return [
        *_source(run),
        f"lens {lens_named(provenance)}",
        f"settled at ≤ {provenance['threshold']:g} bits",
        f"deep from layer {provenance['deep_layer']}",
        f"deep-thinking ratio {run.deep_thinking_ratio:.3f}",
    ]


def _think(run: ThinkRun) -> list[str]:
    said, settings = run.provenance, run.settings
    kept = sum(sample.kept for sample in run.samples)
    return [
        *_source(run),
        f"lens {lens_named(said)}",
        f"settled at ≤ {settings['threshold']:g} bits",
        f"deep from layer {said['deep_layer']} of {run.num_layers}",
        f"temperature {settings['temperature']:g}, seeds from {settings['seed']}",
        f"{kept} of {len(run.samples)} samples kept",
        "no answer" if run.answer is None else f"answer {shortened(run.answer)}",
    ]


def _comparison(run: Comparison) -> list[str]:
    lines = [f"{name}: {_named(one)}" for name, one in (("A", run.a), ("B", run.b))]
    if run.correlation is not None and run.cells is not None:
        lines.append(
            f"Spearman's ρ of the {run.cells.a.size} cells that both have "
            f"{true_minus(f'{run.correlation:.3f}')}"
        )
    if run.cells is None:
        lines.append("no difference: the maps have no cell in common")
    elif not run.one_scale:
        lines.append("no difference: the cells have no unit in common")
    return lines


def _named(run: Run) -> str:
    """Return what a run is of, its probability with a true minus; a quoted text as it is."""
    return re.sub(r"(\(given, p = [\d.]+e)-", r"\1−", named(run))


def _depth_groups(run: DepthGroupsRun) -> list[str]:
    deepest = max(run.groups, key=lambda group: group.deep_share)
    interval = deepest.deep_share_interval
    reach = "" if interval is None else f" (95 % {interval.low:.2f} to {interval.high:.2f})"
    label = " ".join(deepest.label.split())
    return [
        *_settling(run),
        f"by {run.by}",
        f"largest deep share {deepest.deep_share:.2f}{reach}: {label}",
    ]


def _faithfulness(run: FaithfulnessRun) -> list[str]:
    baseline, pairs = run.provenance["baseline"], run.random.pairs
    return [
        *_source(run),
        f"absent: {baseline!r}" if baseline else "absent: nothing",
        "random: mean over all orders"
        if pairs is None
        else f"random: mean over {pairs} pairs of orders, with its 95 % interval",
    ]


def _chain(run: ChainRun) -> list[str]:
    said = run.provenance["reading"]
    largest = []
    if run.gap is not None and not gap_is_rounding(run):
        largest = [f"largest gap to all − none: {_size(abs(run.gap).max())}"]
    sampled = (
        []
        if run.standard_error is None
        else [f"standard error up to {_size(np.nanmax(run.standard_error, initial=0))}"]
    )
    return [
        *_source(run),
        f"{run.reading}: {said['variant'].replace('_', '-')}",
        *sampled,
        *_unvaried(run),
        *largest,
    ]


def _table(run: Run) -> list[str]:
    """Return where a map comes from that was read off a run; nothing of any other."""
    if "layer_statistic" not in run.provenance:
        return []
    return [*_source(run), f"lens {lens_named(run.provenance)}"]


def _other(run: Run) -> list[str]:
    """Return what can be said of a kind of which no more is known."""
    if run.standard_error is None:
        return _source(run)
    return [
        *_source(run),
        f"standard error up to {_size(np.nanmax(run.standard_error))}",
        *_unvaried(run),
    ]


def _method(run: AttributionRun | InteractionRun) -> list[str]:
    method = run.heatmap.provenance["method"]
    name = method["name"].replace("_", "-")
    if method["name"] == "integrated_gradients":
        return [name, f"{method['steps']} steps from {method['path_from']}"]
    if "path_from" in method:
        return [name]
    if method.get("screen") is not None:
        name = f"{name} of the first {method['screen']} by input × gradient"
    baseline = method["baseline"]
    return [name, f"absent: {baseline!r}" if baseline else "absent: nothing"]


def _gap(run: AttributionRun) -> list[str]:
    quantity = run.heatmap.quantity
    # Gradients at the input leave nothing out to compare with.
    if np.isnan(run.gap).any() or gap_is_rounding(run):
        return []
    return [f"largest gap to all − none: {_size(np.abs(run.gap).max())} {quantity.unit}".rstrip()]


def _error(run: AttributionRun | InteractionRun) -> list[str]:
    if run.standard_error is None:
        return []
    method = run.heatmap.provenance["method"]
    return [
        f"sampled: {method['evaluations']} coalitions, seed {run.heatmap.provenance['seed']}, "
        f"standard error up to {_size(run.standard_error.max())}",
        *_unvaried(run),
        *_shared(run),
    ]


def _unvaried(run: Run) -> list[str]:
    """Return how many cells have no error to be seen, and what bounds them."""
    still = run.unvaried
    if run.unseen is None or still is None or not still.any():
        return []
    return [
        f"{int(still.sum())} of {still.size} cells not seen to vary: no error is known, upper "
        f"bound {_size(run.unseen[still].max())}"
    ]


def _shared(run: AttributionRun | InteractionRun) -> list[str]:
    """Return how many columns have no value of their own, and what bounds them."""
    found = shares(run)
    if found is None:
        return []
    off = "" if found.bound is None else f", off by at most {_size(found.bound)}"
    return [
        f"{found.features} of {found.of} features not measured one by one: each has an even share "
        f"of the value of one of {found.groups} groups{off}"
    ]


def _size(value: float) -> str:
    return true_minus(f"{value:.2g}")


_OTHER = Caption("other", _other)

CAPTIONS: Registry[Caption] = Registry(
    "caption",
    "bathyscope.captions",
    (
        Caption("attribution", _attribution),
        Caption("interactions", _interactions),
        Caption("depth", _depth),
        Caption("settling", _settling),
        Caption("think", _think),
        Caption("depth_groups", _depth_groups),
        Caption("faithfulness", _faithfulness),
        Caption("comparison", _comparison),
        Caption("chain", _chain),
        Caption("table", _table),
    ),
)
"""By kind of run; of one that is not here its model, its text and its errors are told."""
