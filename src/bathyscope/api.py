"""The questions as functions: validate, compute, and say where the numbers come from."""

from typing import Any

import numpy as np

from bathyscope.attributing import Settings, attribute_each
from bathyscope.errors import InputError
from bathyscope.heatmap import Axis, Heatmap
from bathyscope.layers.divergence import JENSEN_SHANNON, jensen_shannon
from bathyscope.layers.lens import LENSES, divergence_from_last_layer
from bathyscope.layers.settling import deep_layer, deep_thinking_ratio, settling_depths
from bathyscope.model.language_model import LanguageModel
from bathyscope.progress import Progress, silent
from bathyscope.prompt import Prompt
from bathyscope.questions import MAX_NEW_TOKENS, continuation_of, provenance_of, require_text
from bathyscope.runs import AttributionRun, DepthRun


def attribute(
    model: LanguageModel, prompt: Prompt, target: str | None = None, **settings: Any
) -> AttributionRun:
    """Measure what each feature of a prompt did to each token of its continuation.

    Args:
        model: A loaded model.
        prompt: The prompt and its features.
        target: The continuation to explain; None has the model write it, greedily.
        **settings: Fields of `attributing.Settings`, the commonest being `method` ("shapley",
            "leave_one_out", "banzhaf", "surrogate"), `against`, `budget`, `baseline`, `chat`.

    Returns:
        The map (target tokens × features) in nats, with ln p of every token with all features
        and with none, and standard errors where the method sampled.

    Raises:
        InputError: There is no feature, a budget too small for the method, an empty target, or a
            prompt that does not fit the model's context.
    """
    return attribute_each(model, prompt, [target], Settings(**settings))[0]


def depth(
    model: LanguageModel,
    prompt: str,
    response: str | None = None,
    *,
    lens: str = "norm",
    threshold: float = 0.5,
    depth_fraction: float = 0.85,
    max_new_tokens: int = MAX_NEW_TOKENS,
    progress: Progress = silent,
) -> DepthRun:
    """Measure at which layer each token of a response was decided.

    Args:
        model: A loaded model.
        prompt: What the response answers; its tokens are not counted.
        response: The text to look into; None has the model write it, greedily.
        lens: How intermediate layers are read, a name in `layers.lens.LENSES`.
        threshold: g: a token has settled where its divergence is at most this many bits.
        depth_fraction: ρ: tokens that settle at layer ⌈ρ·L⌉ or later count as deep.
        max_new_tokens: Longest response the model writes.
        progress: Told of the steps.

    Returns:
        The map (layers 1..L−1 × response tokens) of the Jensen-Shannon divergence from the last
        layer in bits, settling depths, deep-thinking ratio.

    Raises:
        InputError: The response is empty, too long for the context, or an option is out of range.
    """
    check_depth(response, lens, threshold, depth_fraction)
    continuation = continuation_of(model, prompt, response, max_new_tokens, progress)
    states = model.hidden_states(continuation)
    values = divergence_from_last_layer(
        model.anatomy, states, jensen_shannon, lens, progress
    ).numpy()
    depths = settling_depths(values, threshold)
    heatmap = Heatmap(
        values=values,
        rows=Axis("layer", tuple(str(layer) for layer in range(1, model.num_layers))),
        columns=model.tokens.axis("response token", continuation.target_ids),
        quantity=JENSEN_SHANNON,
        provenance={
            **provenance_of(model, prompt, continuation),
            "lens": lens,
            "threshold": threshold,
            "depth_fraction": depth_fraction,
            "deep_layer": deep_layer(model.num_layers, depth_fraction),
        },
    )
    return DepthRun(heatmap, depths, deep_thinking_ratio(depths, model.num_layers, depth_fraction))


def check_depth(response: str | None, lens: str, threshold: float, depth_fraction: float) -> None:
    """Raise InputError for what can be seen to be wrong without a model."""
    if lens not in LENSES:
        raise InputError(f"The lens {lens!r} is not known; choose one of {', '.join(LENSES)}.")
    require_text(response, "response")
    settling_depths(np.zeros((1, 1)), threshold)
    deep_layer(1, depth_fraction)
