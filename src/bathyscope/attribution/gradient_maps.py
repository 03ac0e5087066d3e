"""Maps by gradients: all target tokens from one forward pass."""

import warnings

import numpy as np

from bathyscope.attribution.contrast import align
from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.attribution.gradients import GradientEstimate, gradient_attribution
from bathyscope.attribution.request import Asked
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray, Heatmap
from bathyscope.prompt.labels import feature_axis
from bathyscope.runs.kinds import AttributionRun


def gradient_maps(asked: Asked, num_targets: int) -> list[AttributionRun]:
    """Return one run for each target.

    `all` is the value of each token at the input, `none` its value at the beginning of the path of
    integrated gradients. Gradients at the input alone have nothing to compare it with: there it is
    NaN. No text is left out, no coalition evaluated.

    Raises:
        InputError: A contrast is asked of a method whose values have no sign.
    """
    settings = asked.settings
    method = GRADIENT_METHODS[settings.method]
    if settings.against is not None and not method.signed:
        raise InputError(
            f"{settings.method} has no sign, so a difference of two targets means nothing; choose "
            "another method or leave out --against."
        )
    estimates = gradient_attribution(
        asked.model,
        asked.prompt,
        asked.continuations,
        settings.method,
        settings.of,
        settings.steps,
        settings.path_from,
        settings.progress,
    )
    return [_run(asked, estimates, index) for index in range(num_targets)]


def _run(asked: Asked, estimates: list[GradientEstimate], index: int) -> AttributionRun:
    settings, estimate = asked.settings, estimates[index]
    method = GRADIENT_METHODS[settings.method]
    words = estimate.gap_in_words(method.quantity(settings.of).unit or "of probability")
    if words is not None:
        warnings.warn(words, stacklevel=4)
    _, rows = asked.compared(index)
    at_input = estimate.none is None
    none = np.full(len(rows), np.nan) if at_input else _rows(asked, estimates, index, "none")
    provenance = asked.provenance(index)
    provenance["method"] |= {"steps": settings.steps, "path_from": settings.path_from}
    return AttributionRun(
        heatmap=Heatmap(
            values=_rows(asked, estimates, index, "values"),
            rows=rows,
            columns=feature_axis(asked.prompt),
            quantity=method.quantity(settings.of),
            provenance=provenance,
        ),
        all=_rows(asked, estimates, index, "all"),
        none=none,
        evidence=asked.evidence(index),
        against_evidence=asked.against_evidence(),
    )


def _rows(asked: Asked, estimates: list[GradientEstimate], index: int, name: str) -> FloatArray:
    """Return an array of one target, or its difference to the other's, row by row."""
    own: FloatArray = getattr(estimates[index], name)
    if asked.settings.against is None:
        return own
    contrast = align(asked.continuations[index].target_ids, asked.continuations[-1].target_ids)
    return contrast.values(np.concatenate([own, getattr(estimates[-1], name)]).T).T
