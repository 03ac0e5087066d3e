"""Maps and runs made by hand, for tests."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, Quantity
from bathyscope.layers.divergence import JENSEN_SHANNON
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.depth import DepthRun

NATS = Quantity("attribution", "nats", neutral=0.0, legend="nats: + supports, − opposes")


def table(
    values: Any,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    quantity: Quantity = NATS,
    **provenance: Any,
) -> Heatmap:
    values = np.array(values, dtype=np.float64)
    rows = rows or [f"r{row}" for row in range(len(values))]
    columns = columns or [f"c{column}" for column in range(values.shape[1])]
    return Heatmap(
        values, Axis("row", tuple(rows)), Axis("column", tuple(columns)), quantity, provenance
    )


def provenance(**changed: Any) -> dict[str, Any]:
    return {
        "model": {"name": "tiny", "dtype": "float32", "sha256": "0"},
        "prompt": "p",
        "target": "t",
        "target_ids": [1],
        "generated": False,
        "seed": None,
        "versions": {},
        "method": {"name": "shapley", "of": "logprob", "baseline": "", "evaluations": 4},
        **changed,
    }


def attribution(
    values: Any,
    tokens: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    error: FloatArray | None = None,
    freedom: int | None = None,
    quantity: Quantity = NATS,
    **changed: Any,
) -> AttributionRun:
    values = np.array(values, dtype=np.float64)
    tokens = tokens or [f"t{row}" for row in range(len(values))]
    features = features or [f"f{column}" for column in range(values.shape[1])]
    heatmap = Heatmap(
        values,
        Axis("target token", tuple(tokens)),
        Axis("feature", tuple(features)),
        quantity,
        provenance(**changed),
    )
    total = values.sum(axis=1)
    whole_error = None if error is None else np.sqrt((error**2).sum(axis=0))
    return AttributionRun(
        heatmap, total - 1, np.full(len(total), -1.0), error, freedom, whole_error
    )


def depth(values: Any, tokens: Sequence[str], settled: Sequence[int], **changed: Any) -> DepthRun:
    values = np.array(values, dtype=np.float64)
    layers = tuple(str(layer) for layer in range(1, len(values) + 1))
    asked = {"lens": "norm", "threshold": 0.5, "depth_fraction": 0.85, "deep_layer": 3, **changed}
    heatmap = Heatmap(
        values,
        Axis("layer", layers),
        Axis("response token", tuple(tokens)),
        JENSEN_SHANNON,
        provenance(**asked),
    )
    depths = np.array(settled, dtype=np.int64)
    return DepthRun(heatmap, depths, float((depths >= 3).mean()))
