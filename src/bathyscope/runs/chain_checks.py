"""Consistency of a chain: where its passages stand, and what its numbers can be."""

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np

from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, Span
from bathyscope.core.hops import total_of
from bathyscope.core.settling import deep_layer
from bathyscope.prompt.labels import distinct, on_one_line
from bathyscope.runs.consistency import agree, largest, require_origin
from bathyscope.runs.validation import floats

_ROUNDING = 1e-6
"""By how much float32 sums of ln p may lie above 0."""

RANGES: dict[str, tuple[float, float]] = {
    "kl": (0.0, np.inf),
    "total_variation": (0.0, 1.0),
    "accuracy": (-1.0, 1.0),
}
"""What each measure of the resampling reading lies between."""

_LEAST = float(np.log(1e-9)) - 1e-9
_LOGARITHMS = ("ln_kl", "thought_anchors")  # of suppression: steps alone are their columns


def require_chain(document: Mapping[str, Any], heatmap: Heatmap) -> None:
    """Require passages, numbers and what stands beside them to fit the map, and to be possible."""
    require_origin(heatmap)
    provenance, reading = heatmap.provenance, document["reading"]
    if provenance["reading"]["name"] != reading:
        raise ValueError("reading and provenance.reading contradict each other")
    variant = provenance["reading"]["variant"]
    _require_beside(document, heatmap, variant)
    _require_shape(document, heatmap, variant)
    _require_passages(heatmap, document["parts"])
    if reading == "deletion":
        _require_deletion(document, heatmap)
    elif reading == "suppression":
        _require_suppression(document, heatmap, variant)
    else:
        _require_resampling(document, heatmap, variant)
    _require_depth(document["depth"], heatmap)


def response_of(provenance: Mapping[str, Any]) -> str:
    """Return the response that follows the prompt.

    What its tokens say, `target`, may begin within the prompt.
    """
    given: str | None = provenance.get("given")
    response: str = provenance.get("response", provenance["target"]) if given is None else given
    return response


def _require_shape(document: Mapping[str, Any], heatmap: Heatmap, variant: str) -> None:
    """Require a row for each step, and exactly nothing from what is not before a row."""
    values, (rows, columns) = heatmap.values, heatmap.values.shape
    parts, reading = document["parts"], document["reading"]
    steps = len(heatmap.provenance["step_spans"]) - 1
    alone = reading == "resampling" or (reading == "suppression" and variant in _LOGARITHMS)
    own = 0 if alone else len(heatmap.provenance["features"])
    if parts != own or columns != parts + steps:
        raise ValueError("columns, parts, features and step_spans do not fit together")
    if rows != (1 if reading == "resampling" else steps + 1):
        raise ValueError("rows and step_spans do not fit together")
    later = np.arange(columns) >= parts + np.arange(rows)[:, None] + (columns - parts - rows + 1)
    named = {"the map": values}
    for name, one in document["beside"].items():
        named[f"beside.{name}"] = floats(one["values"], rows, columns)
    for name in ("standard_error", "low", "high"):
        if document[name] is not None:
            named[name] = floats(document[name], rows, columns)
    for name, numbers in named.items():
        if (numbers[later] != 0).any():
            raise ValueError(f"in {name} a step owes something to what does not stand before it")


def _require_passages(heatmap: Heatmap, parts: int) -> None:
    """Require parts and steps to stand one behind the other in the text, and the axes to be they.

    Their labels are those of the text.
    """
    provenance = heatmap.provenance
    prompt, response = provenance["prompt"], response_of(provenance)
    features = _ascending("features", provenance["features"], len(prompt))
    steps = _ascending("step_spans", provenance["step_spans"], len(response))
    moved = [(len(prompt) + start, len(prompt) + end) for start, end in steps]
    columns = [*(features if parts else ()), *moved[:-1]]
    rows = moved[-1:] if len(heatmap.rows) == 1 else moved
    _require_axis("rows", heatmap.rows, moved, rows, prompt + response)
    _require_axis("columns", heatmap.columns, [*features, *moved[:-1]], columns, prompt + response)


def _ascending(name: str, spans: Sequence[Sequence[int]], end: int) -> list[Span]:
    edges = [0, *chain.from_iterable(spans), end]
    if any(a > b for a, b in pairwise(edges)) or any(start == stop for start, stop in spans):
        raise ValueError(
            f"provenance.{name} are not one behind the other in their text of {end:,} characters"
        )
    return [(start, stop) for start, stop in spans]


def _require_axis(
    name: str, axis: Axis, every: Sequence[Span], own: Sequence[Span], text: str
) -> None:
    if axis.spans is None or [*axis.spans] != [*own]:
        raise ValueError(f"the spans of the {name} are not those of parts, steps and answer")
    labels = distinct([on_one_line(text[start:end]) for start, end in every])
    of_spans = dict(zip(every, labels, strict=True))
    if list(axis.labels) != [of_spans[span] for span in own]:
        raise ValueError(f"the labels of the {name} are not the text at their spans")


def _require_beside(document: Mapping[str, Any], heatmap: Heatmap, variant: str) -> None:
    """Require a reading to have what it has, and nothing that another one has."""
    reading, beside = document["reading"], document["beside"]
    if reading == "deletion":
        allowed = set() if variant == "leave_one_out" else {"leave_one_out"}
    elif reading == "suppression":
        allowed = {"log_divergence" if variant in _LOGARITHMS else "log_prob_change"}
    else:
        gold = heatmap.provenance["chain"]["gold"]
        others = {*RANGES} - {variant} - (set() if gold is not None else {"accuracy"})
        allowed = {"different", *others, *(f"{name}_{end}" for name in others for end in _ENDS)}
    if set(beside) != allowed:
        raise ValueError(
            f"beside has {_listed(beside)}, but this reading has {_listed(allowed)} beside the map"
        )
    for name, of in _OF.items():
        if (document[name] or None) is not None and reading not in of:
            raise ValueError(f"{name} does not belong to the {reading} reading")
    for name, alone in _ALWAYS.items():
        if document[name] is None and reading == alone:
            raise ValueError(f"the {reading} reading has {name}")
    if (document["standard_error"] is None) != (document["degrees_of_freedom"] is None):
        raise ValueError("standard_error and degrees_of_freedom belong together")


_OF = {
    **dict.fromkeys(("all", "none", "gap", "total", "rankings", "unseen"), ("deletion",)),
    **dict.fromkeys(("low", "high"), ("resampling",)),
    "standard_error": ("deletion", "resampling"),
}
_ALWAYS = {
    **dict.fromkeys(("all", "none", "gap", "total"), "deletion"),
    **dict.fromkeys(("low", "high", "standard_error"), "resampling"),
}
_ENDS = ("low", "high")


def _listed(names: "Mapping[str, Any] | set[str]") -> str:
    return ", ".join(sorted(names)) or "nothing"


def _require_units(document: Mapping[str, Any], heatmap: Heatmap, unit: str) -> None:
    found = {"the map": heatmap.quantity.unit}
    found |= {name: one["quantity"]["unit"] for name, one in document["beside"].items()}
    units = {"the map": unit, "leave_one_out": "nats", "log_prob_change": "nats", "kl": "nats"}
    for name, said in found.items():
        if said != units.get(name, ""):
            raise ValueError(f"{name} is in {said!r}, but its unit is {units.get(name, '')!r}")


def _require_deletion(document: Mapping[str, Any], heatmap: Heatmap) -> None:
    """Require gaps and shares to follow from the map, and ln p to be none above 0."""
    _require_units(document, heatmap, "nats")
    values, rows = heatmap.values, len(heatmap.rows)
    everything, nothing = floats(document["all"], rows), floats(document["none"], rows)
    if max(everything.max(), nothing.max()) > _ROUNDING:
        raise ValueError("a log-probability is above 0")
    exact = document["standard_error"] is None
    said = heatmap.provenance["reading"]
    if said.get("exact", exact) != exact:
        raise ValueError("provenance.reading.exact and standard_error contradict each other")
    gap = values.sum(axis=1) - (everything - nothing)
    agree("gap", floats(document["gap"], rows), gap, largest(values, everything, nothing))
    total = total_of(values, document["parts"])
    for name, expected in (("direct", total.direct), ("through", total.through)):
        agree(f"total.{name}", floats(document["total"][name], len(expected)), expected, 1.0)
    if document["total"]["hops"] != total.hops:
        raise ValueError("total.hops is not that of the map")
    ends = {"answer": float(everything[-1]), "response": float(everything.sum())}
    for ranking in document["rankings"]:
        _require_curves(ranking, document["parts"], ends[ranking["of"]])


def _require_curves(ranking: Mapping[str, Any], parts: int, whole: float) -> None:
    """Require curves of all parts that begin and end with all of them, or with none."""
    deletion, insertion = (floats(ranking[name], parts + 1) for name in ("deletion", "insertion"))
    ends = np.array([deletion[0], insertion[-1], deletion[-1] - insertion[0]])
    agree("a curve's end", ends, np.array([whole, whole, 0.0]), largest(deletion, insertion))
    if max(deletion.max(), insertion.max()) > _ROUNDING:
        raise ValueError("a log-probability of a curve is above 0")


def _require_suppression(document: Mapping[str, Any], heatmap: Heatmap, variant: str) -> None:
    """Require divergences of 0 or more, and logarithms less the mean of their row."""
    values = heatmap.values
    if variant not in _LOGARITHMS:
        _require_units(document, heatmap, "nats")
        if not (values >= 0).all():
            raise ValueError("a divergence is below 0")
        return
    _require_units(document, heatmap, "")
    raw = floats(document["beside"]["log_divergence"]["values"], *values.shape)
    if not (raw >= _LEAST).all():
        raise ValueError("the logarithm of a divergence is below that of the least one")
    less = np.zeros_like(raw)
    for row in range(1, len(raw)):
        less[row, :row] = raw[row, :row] - raw[row, :row].mean()
    agree("the map of beside.log_divergence", values, less, largest(raw))


def _require_resampling(document: Mapping[str, Any], heatmap: Heatmap, variant: str) -> None:
    """Require values within their bounds and intervals, and as many answers as were written."""
    if variant not in RANGES:
        raise ValueError(f"provenance.reading.variant is {variant!r}, which measures nothing")
    _require_units(document, heatmap, "nats" if variant == "kl" else "")
    beside = {
        name: floats(one["values"], *heatmap.values.shape)
        for name, one in document["beside"].items()
    }
    asked, said = heatmap.provenance["chain"], heatmap.provenance["reading"]
    different = beside["different"]
    if ((different < 0) | (different > asked["n"]) | (different != np.rint(different))).any():
        raise ValueError("beside.different counts other than the continuations of a place")
    nothing = different == 0
    for name in (variant, *(name for name in RANGES if name in beside)):
        ends = (
            (document["low"], document["high"])
            if name == variant
            else [beside[f"{name}_{end}"] for end in _ENDS]
        )
        low, high = (floats(end, *heatmap.values.shape) for end in ends)
        values = heatmap.values if name == variant else beside[name]
        _require_interval(name, values, low, high, nothing)
    answers = said["answers"]
    if len(answers) != heatmap.values.shape[1] + 1 or any(
        sum(one.values()) != asked["n"] or min(one.values()) < 1 for one in answers
    ):
        raise ValueError("provenance.reading.answers are not those of n continuations from a place")
    if not 0 <= said["tokens_written"] <= len(answers) * asked["n"] * asked["max_new_tokens"]:
        raise ValueError("provenance.reading.tokens_written is more than could be written")


def _require_interval(
    name: str, values: FloatArray, low: FloatArray, high: FloatArray, nothing: FloatArray
) -> None:
    """Require numbers where continuations were compared, inside their bounds and intervals."""
    smallest, greatest = RANGES[name]
    for numbers in (values, low, high):
        if (np.isnan(numbers) != nothing).any():
            raise ValueError(
                f"{name} has a number where nothing was compared, or none where it was"
            )
        if ((numbers < smallest - 1e-12) | (numbers > greatest + 1e-12)).any():
            raise ValueError(f"{name} lies outside {smallest:g}..{greatest:g}")
    if ((low > values) | (values > high)).any():
        raise ValueError(f"an interval of {name} does not hold its value")


def _require_depth(depth: Mapping[str, Any] | None, heatmap: Heatmap) -> None:
    """Require depths of the model's layers, and shares that fit their medians."""
    if depth is None:
        return
    rows, deep = len(heatmap.rows), depth["deep_layer"]
    layers = heatmap.provenance["model"].get("num_layers")
    if layers is not None and deep != deep_layer(layers, depth["depth_fraction"]):
        raise ValueError("depth.deep_layer is not that of the depth fraction")
    median, share = floats(depth["median"], rows), floats(depth["deep_share"], rows)
    if ((median < 1) | (median > (layers or np.inf)) | (median * 2 % 1 != 0)).any():
        raise ValueError("depth.median is no layer of the model")
    if ((share < 0) | (share > 1)).any():
        raise ValueError("depth.deep_share lies outside 0..1")
    if ((share > 0.5) & (median < deep)).any() or ((share < 0.5) & (median >= deep)).any():
        raise ValueError("depth.median and depth.deep_share contradict each other")
