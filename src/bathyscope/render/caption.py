"""The one line below a figure: what was asked of which model, and how exact the answer is."""

import numpy as np

from bathyscope.core.heatmap import Heatmap
from bathyscope.render.origin import origin
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.faithfulness import FaithfulnessRun
from bathyscope.runs.interactions import InteractionRun


def caption(subject: Run | Heatmap) -> str:
    """Return the caption of a run; empty for a map of unknown origin."""
    if isinstance(subject, Heatmap):
        return ""
    return " · ".join([*_model(subject), *origin_of(subject), *_particulars(subject)])


def origin_of(run: Run) -> list[str]:
    """Return who wrote the text that a run is of, and how probable it was if it was given."""
    against = getattr(run, "against_evidence", None)
    return [*origin(run.heatmap.provenance, run.evidence, against)]


def _model(run: Run) -> list[str]:
    model = run.heatmap.provenance["model"]
    return [model["name"], model["dtype"]]


def _particulars(run: Run) -> list[str]:
    match run:
        case AttributionRun():
            return [*_method(run), *_error(run), *_gap(run)]
        case InteractionRun():
            return [*_method(run), *_error(run)]
        case DepthRun():
            provenance = run.heatmap.provenance
            return [
                f"lens {provenance['lens']}",
                f"settled at ≤ {provenance['threshold']:g} bits",
                f"deep from layer {provenance['deep_layer']} of {run.num_layers}",
                f"deep-thinking ratio {run.deep_thinking_ratio:.3f}",
            ]
        case FaithfulnessRun():
            baseline, pairs = run.heatmap.provenance["baseline"], run.random.pairs
            return [
                f"absent: {baseline!r}" if baseline else "absent: nothing",
                "random: mean over all orders"
                if pairs is None
                else f"random: mean over {pairs} pairs of orders, with its 95 % interval",
            ]


def _method(run: AttributionRun | InteractionRun) -> list[str]:
    method = run.heatmap.provenance["method"]
    name = method["name"].replace("_", "-")
    if method["name"] == "integrated_gradients":
        return [name, f"{method['steps']} steps from {method['path_from']}"]
    if "path_from" in method:
        return [name]
    baseline = method["baseline"]
    return [name, f"absent: {baseline!r}" if baseline else "absent: nothing"]


def _gap(run: AttributionRun) -> list[str]:
    quantity = run.heatmap.quantity
    if np.isnan(run.gap).any():  # gradients at the input leave nothing out to compare with
        return []
    return [f"largest gap to all − none: {np.abs(run.gap).max():.2g} {quantity.unit}".rstrip()]


def _error(run: AttributionRun | InteractionRun) -> list[str]:
    if run.standard_error is None:
        return []
    method = run.heatmap.provenance["method"]
    return [
        f"sampled: {method['evaluations']} coalitions, seed {run.heatmap.provenance['seed']}, "
        f"standard error up to {run.standard_error.max():.2g}",
        *_unvaried(run),
    ]


def _unvaried(run: AttributionRun | InteractionRun) -> list[str]:
    """Return how many cells have no error to be seen, and what bounds them."""
    still = 0 if run.unseen is None else int(np.isfinite(run.unseen).sum())
    if run.unseen is None or not still:
        return []
    return [
        f"{still} of {run.unseen.size} cells not seen to vary: no error is known, upper bound "
        f"{np.nanmax(run.unseen):.2g}"
    ]
