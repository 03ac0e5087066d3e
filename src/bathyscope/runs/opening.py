"""A saved run, opened: as the schema says, in agreement with itself, with its files together."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.runs.consistency import require_consistent
from bathyscope.runs.evidence import read_evidence
from bathyscope.runs.faithfulness import FaithfulnessRun
from bathyscope.runs.folder import read_arrays, read_document, require_same, require_untouched
from bathyscope.runs.kinds import AttributionRun, DepthRun, InteractionRun, Run
from bathyscope.runs.readings import Readings
from bathyscope.runs.schema import require_published
from bathyscope.runs.validation import bounds, floats, optional_floats


@keywords_checked
def open_run(folder: str | Path) -> Run:
    """Read a saved run.

    Raises:
        InputError: The folder holds no run, a damaged one, or one of a newer bathyscope.
    """
    folder = Path(folder)
    document = read_document(folder)
    kind = document.get("kind")
    if isinstance(kind, str) and kind not in _KINDS:
        raise InputError(f"The run in {folder} is of an unknown kind: {kind!r}.")
    try:
        require_published(document)
        require_untouched(document)
        heatmap = Heatmap.from_document(document["heatmap"], document["provenance"])
        require_consistent(document, heatmap)
        arrays = read_arrays(folder, document)
        run = _KINDS[document["kind"]](document, heatmap, arrays or {})
        if arrays is not None:
            require_same(arrays, run.arrays())
    except InputError as error:
        raise InputError(f"The run in {folder} is damaged: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise InputError(f"The run in {folder} is damaged: in its run.json, {error}.") from error
    return run


def _attribution(
    document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, Any]
) -> AttributionRun:
    rows, columns = heatmap.values.shape
    replicates = arrays.get("replicates")
    return AttributionRun(
        heatmap,
        floats(document["all"], rows),
        floats(document["none"], rows),
        optional_floats(document["standard_error"], rows, columns),
        document["degrees_of_freedom"],
        optional_floats(document["whole_target"]["standard_error"], columns),
        optional_floats(document["halves"], 2, rows, columns),
        None if replicates is None else floats(replicates, len(replicates), rows, columns),
        *read_evidence(document),
        bounds(document.get("unseen"), rows, columns),
        bounds(document["whole_target"].get("unseen"), columns),
    )


def _interactions(
    document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, Any]
) -> InteractionRun:
    shape = heatmap.values.shape
    error = optional_floats(document["standard_error"], *shape)
    unseen, freedom = bounds(document.get("unseen"), *shape), document["degrees_of_freedom"]
    return InteractionRun(heatmap, error, freedom, *read_evidence(document), unseen)


def _depth(document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, Any]) -> DepthRun:
    readings = document.get("readings")
    return DepthRun(
        heatmap,
        np.array(document["settling_depth"], dtype=np.int64),
        float(document["deep_thinking_ratio"]),
        None if readings is None else Readings.from_document(readings, *heatmap.values.shape),
        read_evidence(document)[0],
    )


def _faithfulness(
    document: Mapping[str, Any], heatmap: Heatmap, arrays: Mapping[str, Any]
) -> FaithfulnessRun:
    return FaithfulnessRun.from_document(heatmap, document)


_KINDS: dict[str, Callable[[Mapping[str, Any], Heatmap, Mapping[str, Any]], Run]] = {
    AttributionRun.kind: _attribution,
    InteractionRun.kind: _interactions,
    DepthRun.kind: _depth,
    FaithfulnessRun.kind: _faithfulness,
}
