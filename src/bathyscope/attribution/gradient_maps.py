"""Maps by gradients: all target tokens from one forward pass."""

import numpy as np

from bathyscope.attribution.contrast import align
from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.attribution.gradients import GradientEstimate, gradient_attribution
from bathyscope.attribution.request import Request
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray, Heatmap
from bathyscope.model.whole import GRADIENTS, whole_model
from bathyscope.prompt.labels import feature_axis
from bathyscope.runs.attribution import AttributionRun


def gradient_maps(request: Request, num_targets: int) -> list[AttributionRun]:
    """Return one run for each target.

    `all` is the value of each token at the input, `none` its value at the beginning of the path of
    integrated gradients. Gradients at the input alone have nothing to compare it with: there it is
    NaN. No text is left out, no coalition evaluated.

    Raises:
        InputError: A contrast is asked of a method whose values have no sign.
    """
    settings = request.settings
    method = GRADIENT_METHODS[settings.method]
    if settings.against is not None and not method.signed:
        raise InputError(
            f"{settings.method} has no sign, so a difference of two targets means nothing; choose "
            "another method or leave out --against."
        )
    estimates = gradient_attribution(
        whole_model(request.model, f"The method {method.name!r}", GRADIENTS),
        request.prompt,
        request.continuations,
        settings.method,
        settings.of,
        settings.steps,
        settings.path_from,
        settings.progress,
    )
    return [_run(request, estimates, index) for index in range(num_targets)]


def _run(request: Request, estimates: list[GradientEstimate], index: int) -> AttributionRun:
    settings, estimate = request.settings, estimates[index]
    method = GRADIENT_METHODS[settings.method]
    words = estimate.gap_in_words(method.quantity(settings.of).unit or "of probability")
    _, rows = request.compared(index)
    at_input = estimate.none is None
    none = np.full(len(rows), np.nan) if at_input else _rows(request, estimates, index, "none")
    return AttributionRun(
        heatmap=Heatmap(
            values=_rows(request, estimates, index, "values"),
            rows=rows,
            columns=feature_axis(request.prompt),
            quantity=method.quantity(settings.of),
            provenance=request.provenance(index),
        ),
        all=_rows(request, estimates, index, "all"),
        none=none,
        evidence=request.evidence(index),
        against_evidence=request.against_evidence(),
        notes=(*request.notes(index), *([] if words is None else [words])),
    )


def _rows(request: Request, estimates: list[GradientEstimate], index: int, name: str) -> FloatArray:
    """Return an array of one target, or its difference to the other's, row by row."""
    own: FloatArray = getattr(estimates[index], name)
    if request.settings.against is None:
        return own
    contrast = align(request.continuations[index].target_ids, request.continuations[-1].target_ids)
    return contrast.values(np.concatenate([own, getattr(estimates[-1], name)]).T).T
