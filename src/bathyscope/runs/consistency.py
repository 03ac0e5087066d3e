"""Consistency of a run: sums, gaps, depths, ratios and scores are computed anew."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bathyscope.core.heatmap import FloatArray, Heatmap
from bathyscope.core.settling import deep_layer, deep_thinking_ratio, settling_depths
from bathyscope.runs.validation import floats, groups

_ROUNDING = 1e-9
"""How far a sum of the same numbers may differ from machine to machine, of the largest of them."""


def require_attribution(document: Mapping[str, Any], heatmap: Heatmap) -> None:
    """Require gaps, sums and errors to fit the map."""
    require_origin(heatmap)
    values, (rows, columns) = heatmap.values, heatmap.values.shape
    everything, nothing = floats(document["all"], rows), floats(document["none"], rows)
    contrast = heatmap.provenance.get("against") is not None
    scale = largest(values, everything, nothing)

    def whole(of_rows: FloatArray) -> FloatArray:
        last: FloatArray = of_rows[-1] if contrast else of_rows.sum(axis=0)
        return last

    gap = values.sum(axis=1) - (everything - nothing)
    stated = document["whole_target"]
    agree("gap", floats(document["gap"], rows), gap, scale)
    agree("whole_target.values", floats(stated["values"], columns), whole(values), scale * rows)
    for name, numbers in (("all", everything), ("none", nothing), ("gap", gap)):
        number = floats(stated[name])
        agree(f"whole_target.{name}", number, np.array(whole(numbers)), scale * rows)
    _sampled(document, heatmap.provenance)
    _shares(document, values)
    if (stated["standard_error"] is None) != (document["standard_error"] is None):
        raise ValueError("errors are given for cells or for the whole target, but not for both")


def _shares(document: Mapping[str, Any], values: FloatArray) -> None:
    """Require columns of one group to share its value evenly, and shares to have bounds."""
    shares = groups(document.get("group_of"), values.shape[1])
    if shares is None:
        return
    sizes = np.bincount(shares)
    sums = np.stack([values[:, shares == one].sum(axis=1) for one in range(len(sizes))], axis=1)
    agree("heatmap.values", values, (sums / sizes)[:, shares], largest(values))
    if document["standard_error"] is None or document.get("unseen") is None:
        raise ValueError("shares of a group's value come with errors and bounds")


def require_interactions(document: Mapping[str, Any], heatmap: Heatmap) -> None:
    """Require a symmetric map, and errors to fit it."""
    require_origin(heatmap)
    if heatmap.rows.labels != heatmap.columns.labels:
        raise ValueError("rows and columns are not the same features")
    values = heatmap.values
    agree("heatmap.values", values, values.T, largest(values))
    _sampled(document, heatmap.provenance)


def require_origin(heatmap: Heatmap) -> None:
    """Raise ValueError where what a map says of its origin contradicts itself."""
    provenance = heatmap.provenance
    if "given" in provenance and (provenance["given"] is None) != provenance["generated"]:
        raise ValueError("provenance.given and provenance.generated contradict each other")
    if len(provenance.get("targets", ())) <= provenance.get("target_index", -1):
        raise ValueError("provenance.target_index is none of the targets")


def _sampled(document: Mapping[str, Any], provenance: Mapping[str, Any]) -> None:
    """Require errors to come with their degrees of freedom, and with a method that samples."""
    exact = document["standard_error"] is None
    if exact != (document["degrees_of_freedom"] is None):
        raise ValueError("standard_error and degrees_of_freedom belong together")
    if provenance["method"].get("exact", exact) != exact:
        raise ValueError("provenance.method.exact and standard_error contradict each other")
    if not exact and not ("evaluations" in provenance["method"] and "seed" in provenance):
        raise ValueError("a sampled run says how many coalitions it evaluated, and its seed")


def require_depth(document: Mapping[str, Any], heatmap: Heatmap) -> None:
    """Require depths and ratio to be those of the map."""
    require_origin(heatmap)
    said, layers = heatmap.provenance, len(heatmap.rows) + 1
    if heatmap.quantity.bounds != (0.0, 1.0):
        raise ValueError("a divergence in bits has the bounds 0 and 1")
    if heatmap.rows.labels != tuple(map(str, range(1, layers))):
        raise ValueError("the rows are not the layers from 1")
    if said["deep_layer"] != deep_layer(layers, said["depth_fraction"]):
        raise ValueError("provenance.deep_layer is not that of the depth fraction")
    if said.get("num_layers", layers) != layers:
        raise ValueError("provenance.num_layers is not that of the map")
    depths = settling_depths(heatmap.values, said["threshold"])
    if document["settling_depth"] != depths.tolist():
        raise ValueError("settling_depth is not that of the map at the threshold")
    ratio = np.array(deep_thinking_ratio(depths, layers, said["depth_fraction"]))
    agree("deep_thinking_ratio", np.array(document["deep_thinking_ratio"]), ratio, 1.0)


def require_settling(document: Mapping[str, Any], heatmap: Heatmap) -> None:
    """Require settling depths to be those of the map, and the ratio theirs."""
    require_origin(heatmap)
    depths = heatmap.values
    if len(depths) != 1 or [document["settling_depth"]] != depths.tolist():
        raise ValueError("settling_depth is not that of the map")
    said = heatmap.provenance
    layers = said.get("num_layers")  # runs of before they were recorded have none
    if layers is not None and (
        said["deep_layer"] != deep_layer(layers, said["depth_fraction"]) or depths.max() > layers
    ):
        raise ValueError("provenance.num_layers does not fit the depths and the deep layer")
    for name in ("labels", "ids"):
        if document["tokens"][name] != list(getattr(heatmap.columns, name) or ()):
            raise ValueError(f"tokens.{name} are not those of the map")
    deep = depths >= heatmap.provenance["deep_layer"]
    stated = np.array(document["deep_thinking_ratio"])
    agree("deep_thinking_ratio", stated, np.array(deep.mean()), 1.0)


def require_faithfulness(document: Mapping[str, Any], heatmap: Heatmap) -> None:
    """Require the scores to be those of the curves."""
    require_origin(heatmap)
    values, scale = heatmap.values, largest(heatmap.values)
    deletion, insertion = values[::2], values[1::2]
    if len(values) != 2 * len(document["maps"]) + 2:
        raise ValueError("curves and maps do not fit together")
    lost = (deletion[:, :1] - deletion).mean(axis=1)
    lacking = (insertion[:, -1:] - insertion).mean(axis=1)
    scores = {"comprehensiveness": lost, "sufficiency": lacking, "area": lost - lacking}
    for name, expected in scores.items():
        stated = [ranked[name] for ranked in document["maps"]]
        agree(f"maps.{name}", floats(stated, len(stated)), expected[:-1], scale)
    of_random = floats(document["random"]["comprehensiveness"])
    agree("random.comprehensiveness", of_random, lost[-1:].reshape(()), scale)


def largest(*arrays: FloatArray) -> float:
    """Return the largest size of any finite number of some arrays; 0 where there is none."""
    return max(float(np.abs(array[np.isfinite(array)]).max(initial=0.0)) for array in arrays)


def agree(name: str, stated: FloatArray, expected: FloatArray, scale: float) -> None:
    """Require numbers to be what is expected, up to the rounding of sums.

    Args:
        name: What they are, for the sentence.
        stated: What a document says.
        expected: What follows from the rest of it.
        scale: The largest of the numbers that were summed.

    Raises:
        ValueError: They differ.
    """
    # Whatever is not finite is null in a document.
    finite = np.where(np.isfinite(expected), expected, np.nan)
    within = _ROUNDING * max(scale, 1e-300)
    if not np.allclose(stated, finite, rtol=_ROUNDING, atol=within, equal_nan=True):
        raise ValueError(f"{name} is not what follows from the other numbers")


def require_agreement(place: str, stated: Any, expected: Any) -> None:
    """Require plain JSON values to be what is expected, numbers up to rounding.

    Args:
        place: Where they stand, for the sentence.
        stated: What a document says.
        expected: What follows from the rest of it.

    Raises:
        ValueError: They differ.
    """
    if isinstance(expected, dict):
        for name in expected:
            require_agreement(f"{place}.{name}".lstrip("."), stated.get(name), expected[name])
        return
    if isinstance(expected, list) and isinstance(stated, list) and len(expected) == len(stated):
        for one, other in zip(stated, expected, strict=True):
            require_agreement(place, one, other)
        return
    numbers = [type(one) in (int, float) for one in (stated, expected)]
    near = all(numbers) and math.isclose(stated, expected, rel_tol=_ROUNDING, abs_tol=1e-12)
    if not near and (type(stated) is not type(expected) or stated != expected):
        raise ValueError(f"{place} is not what follows from the other numbers")


def require_same_map(stated: Heatmap, expected: Heatmap) -> None:
    """Require values and axes of a map to be others'; what is said of them may get better."""
    one, other = stated.to_document(), expected.to_document()
    for name in ("values", "rows", "columns"):
        require_agreement(f"heatmap.{name}", one[name], other[name])
