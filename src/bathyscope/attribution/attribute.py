"""What drove each token: from a prompt and its targets to maps."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bathyscope.attribution.gradient_maps import gradient_maps
from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.attribution.request import Asked, asking
from bathyscope.attribution.settings import Settings as Settings
from bathyscope.attribution.settings import check as check
from bathyscope.attribution.settings import settings_named
from bathyscope.attribution.units import in_unit
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.games.interactions import interactions
from bathyscope.games.methods import ATTRIBUTION, INTERACTION, METHODS
from bathyscope.model.language_model import LanguageModel
from bathyscope.prompt import Prompt
from bathyscope.prompt.labels import feature_axis
from bathyscope.runs.kinds import AttributionRun, InteractionRun


def attribute(
    model: LanguageModel, prompt: Prompt, target: str | None = None, **settings: Any
) -> AttributionRun:
    """Measure what each feature of a prompt did to each token of its continuation.

    Args:
        model: A loaded model.
        prompt: The prompt and its features.
        target: The continuation to explain; None has the model write it, greedily.
        **settings: Fields of `attribution.settings.Settings`, the commonest being `method`
            ("shapley", "leave_one_out", "banzhaf", "surrogate"), `against`, `budget`, `baseline`,
            `chat`.

    Returns:
        The map (target tokens × features) in nats, with ln p of every token with all features
        and with none, and standard errors where the method sampled.

    Raises:
        InputError: There is no feature, a budget too small for the method, an empty target, or a
            prompt that does not fit the model's context.
    """
    return attribute_each(model, prompt, [target], settings_named(settings))[0]


def attribute_each(
    model: LanguageModel, prompt: Prompt, targets: Sequence[str | None], settings: Settings
) -> list[AttributionRun]:
    """Measure what each feature did to each token of several targets, sharing all common work.

    Returns:
        One run for each target: its map (target tokens × features), with the value of every
        token with all features and with none, and errors where the method sampled.
    """
    if settings.method == "interactions":
        raise InputError(
            "Interactions draw features against features, which is a map of another shape; ask "
            "for them with bathyscope.interact."
        )
    check(prompt, targets, settings)
    with asking(model, prompt, targets, settings) as asked:
        return answers(asked, len(targets))


def answers(asked: Asked, num_targets: int) -> list[AttributionRun]:
    """Return a run for each target of a question by its method."""
    if asked.settings.method in GRADIENT_METHODS:
        return gradient_maps(asked, num_targets)
    return [_attribution(asked, index) for index in range(num_targets)]


def interact(
    model: LanguageModel,
    prompt: Prompt,
    target: str | None = None,
    token: int | None = None,
    settings: Settings | None = None,
) -> InteractionRun:
    """Measure what each two features do together: second-order Shapley interactions.

    Args:
        model: A loaded model.
        prompt: The prompt and its features.
        target: The continuation to explain; None has the model write it, greedily.
        token: Position of one target token, from 0; None takes the whole target.
        settings: How it is asked; the method is interactions, whatever stands there.

    Returns:
        A symmetric map (features × features), on the diagonal the Shapley values.
    """
    return interact_each(model, prompt, [target], token, settings or Settings())[0]


def interact_each(
    model: LanguageModel,
    prompt: Prompt,
    targets: Sequence[str | None],
    token: int | None,
    settings: Settings,
) -> list[InteractionRun]:
    """Measure the same for several targets, sharing all common work: one run for each."""
    chosen = replace(settings, method="interactions")
    check(prompt, targets, chosen)
    with asking(model, prompt, targets, chosen) as asked:
        parts = [_part(asked, index, token) for index in range(len(targets))]
        return [_interactions(asked, index, token, part) for index, part in enumerate(parts)]


def _part(asked: Asked, index: int, token: int | None) -> int | None:
    """Return which row of a target is asked for; None for the sum over all.

    Raises:
        InputError: The target has no such token.
    """
    _, rows = asked.compared(index)
    if token is not None and not 0 <= token < len(rows):
        raise InputError(f"There is no target token {token}; they count from 0 to {len(rows) - 1}.")
    # The whole of a contrast has a row of its own already.
    contrast = asked.settings.against is not None
    return len(rows) - 1 if token is None and contrast else token


def _interactions(asked: Asked, index: int, token: int | None, part: int | None) -> InteractionRun:
    game, rows = asked.compared(index)
    estimate = interactions(game, asked.settings.allowed, part)
    axis = feature_axis(asked.prompt)
    quantity = in_unit(INTERACTION, asked.settings.of)
    provenance = {
        **asked.provenance(index, estimate.standard_error is not None),
        "token": None if token is None else {"position": token, "label": rows.labels[token]},
    }
    return InteractionRun(
        Heatmap(estimate.values, axis, axis, quantity, provenance),
        estimate.standard_error,
        estimate.degrees_of_freedom,
        asked.evidence(index),
        asked.against_evidence(),
        estimate.unseen,
    )


def _attribution(asked: Asked, index: int) -> AttributionRun:
    game, rows = asked.compared(index)
    estimate = METHODS[asked.settings.method].estimate(game, asked.settings.allowed)
    heatmap = Heatmap(
        values=estimate.values,
        rows=rows,
        columns=feature_axis(asked.prompt),
        quantity=in_unit(ATTRIBUTION, asked.settings.of),
        provenance=asked.provenance(index, estimate.standard_error is not None),
    )
    whole_error, whole_unseen = estimate.whole_target_error, estimate.whole_target_unseen
    if asked.settings.against is not None and estimate.standard_error is not None:
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
        evidence=asked.evidence(index),
        against_evidence=asked.against_evidence(),
        unseen=estimate.unseen,
        whole_target_unseen=whole_unseen,
    )
