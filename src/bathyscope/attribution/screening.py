"""Leave-one-out behind a screen: of hundreds of features those that gradients put first."""

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from bathyscope.attribution.gradient_maps import gradient_maps
from bathyscope.attribution.gradient_methods import INPUT_X_GRADIENT
from bathyscope.attribution.request import Request
from bathyscope.attribution.units import in_unit
from bathyscope.core.heatmap import FloatArray, Heatmap
from bathyscope.games.game import Game
from bathyscope.games.methods import ATTRIBUTION
from bathyscope.prompt.labels import feature_axis
from bathyscope.runs.attribution import AttributionRun

# A question that waits for scores is begun anew; its gradients need not be.
_READ: "WeakKeyDictionary[Game, list[FloatArray]]" = WeakKeyDictionary()


def screened_maps(request: Request, num_targets: int) -> list[AttributionRun]:
    """Return one run for each target: leave-one-out of the features that a screen lets through.

    The screen is |input × gradient|, the largest over the rows that are asked for. The features
    that come first are left out, one at a time, and their cells are exact; the others have no
    number (NaN), so that no estimate is taken for one. Costs one evaluation a feature that is let
    through and 2 for the ends, one pass for the gradients of all rows and one backwards for each.
    """
    if request.answers not in _READ:
        first = gradient_maps(request.by(INPUT_X_GRADIENT.name), num_targets)
        _READ[request.answers] = [run.heatmap.values for run in first]
    return [
        _screened(request, index, _READ[request.answers][index]) for index in range(num_targets)
    ]


def let_through(screen: FloatArray, count: int) -> NDArray[np.intp]:
    """Return the features of the largest size in any row, as positions in their order."""
    sizes = np.abs(np.nan_to_num(screen)).max(axis=0)
    first = np.argsort(-sizes, kind="stable")[:count]
    return np.asarray(np.sort(first))


def _screened(request: Request, index: int, screen: FloatArray) -> AttributionRun:
    game, rows = request.compared(index)
    features = game.num_features
    kept = let_through(screen, request.settings.screen or features)
    ends = np.array([[True], [False]]).repeat(features, axis=1)
    found = game.values(np.concatenate([ends, ~np.eye(features, dtype=np.bool_)[kept]]))
    values = np.full((len(rows), features), np.nan)
    values[:, kept] = (found[0] - found[2:]).T
    return AttributionRun(
        heatmap=Heatmap(
            values=values,
            rows=rows,
            columns=feature_axis(request.prompt),
            quantity=in_unit(ATTRIBUTION, request.settings.of),
            provenance=request.provenance(index),
        ),
        all=found[0],
        none=found[1],
        evidence=request.evidence(index),
        against_evidence=request.against_evidence(),
        notes=(*request.notes(index), _left(features, len(kept))),
    )


def _left(features: int, kept: int) -> str:
    return (
        f"{features - kept:,} of {features:,} features were not left out and have no number: a "
        f"screen by input × gradient put the other {kept:,} before them. It may put features with "
        "large effects behind."
    )
