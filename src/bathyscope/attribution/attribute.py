"""Attribution maps and interactions: the verbs, from a prompt and its targets to runs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np

from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.attribution.request import Request, requesting
from bathyscope.attribution.settings import (
    AttributionOverrides,
    AttributionSettings,
    check,
    require_no_interactions,
)
from bathyscope.attribution.units import in_unit
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import notes_kept
from bathyscope.games.foretold import may_be_blind
from bathyscope.games.interactions import interactions
from bathyscope.games.methods import ATTRIBUTION, INTERACTION, INTERACTIONS, METHODS, estimated
from bathyscope.model.scorer import Scorer
from bathyscope.prompt import Prompt, as_prompt
from bathyscope.prompt.labels import feature_axis
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.interactions import InteractionRun


@keywords_checked
def attribute(
    model: Scorer,
    prompt: str | Prompt,
    target: str | None = None,
    *,
    settings: AttributionSettings | None = None,
    **overrides: Unpack[AttributionOverrides],
) -> AttributionRun:
    """Measure what each feature of a prompt did to each token of its continuation.

    Args:
        model: A loaded model; for methods that leave out text, any `Scorer`.
        prompt: The prompt and its features; a text is read as `Prompt.marked` reads it.
        target: The continuation to explain; None has the model write it, greedily.
        settings: How it is asked; None takes the defaults.
        **overrides: Fields of the settings to replace, the commonest being `method` ("shapley",
            "leave_one_out", "banzhaf", "surrogate", "owen"), `against`, `budget`, `baseline`,
            `chat`.

    Returns:
        The map (target tokens × features) in nats, with ln p of every token with all features
        and with none, and standard errors where the method sampled.

    Raises:
        InputError: There is no feature, a budget too small for the method, an empty target, or a
            prompt that does not fit the model's context.
    """
    return attribute_each(model, prompt, [target], settings=settings, **overrides)[0]


@keywords_checked
@notes_kept
def attribute_each(
    model: Scorer,
    prompt: str | Prompt,
    targets: Sequence[str | None],
    *,
    settings: AttributionSettings | None = None,
    **overrides: Unpack[AttributionOverrides],
) -> list[AttributionRun]:
    """Measure what each feature did to each token of several targets, sharing all common work.

    Returns:
        One run for each target: its map (target tokens × features), with the value of every
        token with all features and with none, and errors where the method sampled.
    """
    chosen = AttributionSettings.chosen(settings, overrides)
    marked = as_prompt(prompt)
    check(marked, targets, chosen)
    require_no_interactions(chosen)
    with requesting(model, marked, targets, chosen) as request:
        return attribution_runs(request, len(targets))


def attribution_runs(request: Request, num_targets: int) -> list[AttributionRun]:
    """Return a run for each target of a request by its method."""
    if request.settings.method in GRADIENT_METHODS:
        from bathyscope.attribution.gradient_maps import gradient_maps  # needs torch

        return gradient_maps(request, num_targets)
    screen = request.settings.screen
    if screen is not None and screen < len(request.prompt.features):
        from bathyscope.attribution.screening import screened_maps  # needs torch

        return screened_maps(request, num_targets)
    return [_attribution(request, index) for index in range(num_targets)]


@keywords_checked
def interact(
    model: Scorer,
    prompt: str | Prompt,
    target: str | None = None,
    *,
    token: int | None = None,
    settings: AttributionSettings | None = None,
    **overrides: Unpack[AttributionOverrides],
) -> InteractionRun:
    """Measure what each two features do together: second-order Shapley interactions.

    Args:
        model: A loaded model, or any `Scorer`.
        prompt: The prompt and its features; a text is read as `Prompt.marked` reads it.
        target: The continuation to explain; None has the model write it, greedily.
        token: Position of one target token, from 0; None takes the whole target.
        settings: How it is asked; the method is interactions, whatever stands there.
        **overrides: Fields of the settings to replace.

    Returns:
        A symmetric map (features × features), on the diagonal the Shapley values.
    """
    return interact_each(model, prompt, [target], token=token, settings=settings, **overrides)[0]


@keywords_checked
@notes_kept
def interact_each(
    model: Scorer,
    prompt: str | Prompt,
    targets: Sequence[str | None],
    *,
    token: int | None = None,
    settings: AttributionSettings | None = None,
    **overrides: Unpack[AttributionOverrides],
) -> list[InteractionRun]:
    """Measure the same for several targets, sharing all common work: one run for each."""
    given = AttributionSettings.chosen(settings, overrides)
    chosen = replace(given, method=INTERACTIONS.name)
    marked = as_prompt(prompt)
    check(marked, targets, chosen)
    with requesting(model, marked, targets, chosen) as request:
        parts = [_part(request, index, token) for index in range(len(targets))]
        return [_interactions(request, index, token, part) for index, part in enumerate(parts)]


def _part(request: Request, index: int, token: int | None) -> int | None:
    """Return which row of a target is asked for; None for the sum over all.

    Raises:
        InputError: The target has no such token.
    """
    _, rows = request.compared(index)
    if token is not None and not 0 <= token < len(rows):
        raise InputError(f"There is no target token {token}; they count from 0 to {len(rows) - 1}.")
    # The whole of a contrast has a row of its own already.
    contrast = request.settings.against is not None
    return len(rows) - 1 if token is None and contrast else token


def _interactions(
    request: Request, index: int, token: int | None, part: int | None
) -> InteractionRun:
    game, rows = request.compared(index)
    estimate = interactions(game, request.settings.allowed, part)
    axis = feature_axis(request.prompt)
    quantity = in_unit(INTERACTION, request.settings.of)
    provenance = {
        **request.provenance(index, estimate.standard_error is not None),
        "token": None if token is None else {"position": token, "label": rows.labels[token]},
    }
    return InteractionRun(
        Heatmap(estimate.values, axis, axis, quantity, provenance),
        estimate.standard_error,
        estimate.degrees_of_freedom,
        request.evidence(index),
        request.against_evidence(),
        estimate.unseen,
        (*request.notes(index), *may_be_blind(estimate, game.num_evaluations)),
        estimate.replicates,
    )


def _attribution(request: Request, index: int) -> AttributionRun:
    game, rows = request.compared(index)
    estimate = estimated(METHODS[request.settings.method], game, request.settings.allowed)
    heatmap = Heatmap(
        values=estimate.values,
        rows=rows,
        columns=feature_axis(request.prompt),
        quantity=in_unit(ATTRIBUTION, request.settings.of),
        provenance=request.provenance(index, estimate.standard_error is not None),
    )
    whole_error, whole_unseen = estimate.whole_target_error, estimate.whole_target_unseen
    if request.settings.against is not None and estimate.standard_error is not None:
        whole_error = estimate.standard_error[-1]
        whole_unseen = None if estimate.unseen is None else estimate.unseen[-1]
    return AttributionRun(
        heatmap=heatmap,
        all=game.all(),
        none=game.none(),
        standard_error=estimate.standard_error,
        degrees_of_freedom=estimate.degrees_of_freedom,
        whole_target_error=whole_error,
        halves=None if estimate.halves is None else np.stack(estimate.halves),
        replicates=estimate.replicates,
        evidence=request.evidence(index),
        against_evidence=request.against_evidence(),
        unseen=estimate.unseen,
        whole_target_unseen=whole_unseen,
        group_of=estimate.group_of,
        notes=(*request.notes(index), *may_be_blind(estimate, game.num_evaluations)),
    )
