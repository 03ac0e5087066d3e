"""The two questions as functions: validate, compute, and say where the numbers come from."""

import platform
import warnings
from importlib.metadata import version
from typing import Any

import numpy as np

from bathyscope.attribution import ATTRIBUTION, METHODS, Method
from bathyscope.attribution.estimate import EVALUATIONS, Budget
from bathyscope.attribution.prompt_game import prompt_game
from bathyscope.errors import InputError
from bathyscope.heatmap import Axis, Heatmap
from bathyscope.layers.divergence import JENSEN_SHANNON, jensen_shannon
from bathyscope.layers.lens import LENSES, divergence_from_last_layer
from bathyscope.layers.settling import deep_layer, deep_thinking_ratio, settling_depths
from bathyscope.model.chat import in_chat
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokens import Continuation
from bathyscope.progress import Progress, silent
from bathyscope.prompt import Baseline, Prompt
from bathyscope.prompt.labels import feature_axis
from bathyscope.prompt.notes import notes
from bathyscope.runs import AttributionRun, DepthRun

MAX_NEW_TOKENS = 64


def attribute(
    model: LanguageModel,
    prompt: Prompt,
    target: str | None = None,
    *,
    method: str = "shapley",
    budget: int = EVALUATIONS,
    tolerance: float | None = None,
    seed: int = 0,
    baseline: Baseline = "",
    chat: bool = False,
    max_new_tokens: int = MAX_NEW_TOKENS,
    batch_tokens: int | None = None,
    progress: Progress = silent,
) -> AttributionRun:
    """Measure what each feature of a prompt did to each token of its continuation.

    Args:
        model: A loaded model.
        prompt: The prompt and its features.
        target: The continuation to explain; None has the model write it, greedily.
        method: A name in `attribution.METHODS`.
        budget: The most coalitions to evaluate; where that is all of them, the method is exact.
        tolerance: Standard error in nats below which a sampled method stops early.
        seed: Where a sampled method's random numbers start.
        baseline: Text that stands where a feature is absent, or a function that is given the
            prompt (as the model reads it) and the flags of the present features and returns the
            whole text.
        chat: Whether the prompt becomes a user's message in the model's chat template.
        max_new_tokens: Longest continuation the model writes.
        batch_tokens: Most tokens in a forward pass; None chooses.
        progress: Told of the steps.

    Returns:
        The map (target tokens × features) in nats, with ln p of every token with all features
        and with none.

    Raises:
        InputError: There is no feature, a budget too small for the method, an empty target, or a
            prompt that does not fit the model's context.
    """
    allowed = Budget(budget, tolerance, seed)
    chosen = attribution_method(prompt, target, method, allowed)
    prompt = in_chat(model.tokens, prompt) if chat else prompt
    for note in notes(prompt, model.tokens.spans, removed=baseline == ""):
        warnings.warn(note, stacklevel=2)
    continuation = continuation_of(model, prompt.text, target, max_new_tokens, progress)
    game = prompt_game(
        model,
        prompt,
        [continuation],
        baseline=baseline,
        batch_tokens=batch_tokens,
        progress=progress,
    )
    estimate = chosen.estimate(game, allowed)
    everything, nothing = game.all(), game.none()
    heatmap = Heatmap(
        values=estimate.values,
        rows=model.tokens.axis("target token", continuation.target_ids),
        columns=feature_axis(prompt),
        quantity=ATTRIBUTION,
        provenance={
            **provenance_of(model, prompt.text, continuation),
            "seed": None if estimate.standard_error is None else seed,
            "features": [list(span) for span in prompt.features],
            "segmenter": prompt.segmenter,
            "chat": chat,
            "method": {
                "name": method,
                "baseline": baseline if isinstance(baseline, str) else _function_name(baseline),
                "evaluations": game.num_evaluations,
                "budget": budget,
                "tolerance": tolerance,
                "exact": estimate.standard_error is None,
                "batch_tokens": batch_tokens,
            },
        },
    )
    return AttributionRun(heatmap, everything, nothing)


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


def attribution_method(
    prompt: Prompt, target: str | None, method: str, budget: Budget | None = None
) -> Method:
    """Return the method by its name, having checked all that needs no model.

    Raises:
        InputError: The method is unknown or lacks a package, the target is empty, there is no
            feature, or the budget does not suffice for so many.
    """
    if method not in METHODS:
        raise InputError(f"The method {method!r} is not known; choose one of {', '.join(METHODS)}.")
    if not prompt.features:
        raise InputError(
            "The prompt has no feature; mark what is to be measured with [[ and ]], "
            'as in "A: [[9 + 3 = 12]]."'
        )
    _require_text(target, "target")
    METHODS[method].require_affordable(len(prompt.features), budget or Budget())
    return METHODS[method]


def check_depth(response: str | None, lens: str, threshold: float, depth_fraction: float) -> None:
    """Raise InputError for what can be seen to be wrong without a model."""
    if lens not in LENSES:
        raise InputError(f"The lens {lens!r} is not known; choose one of {', '.join(LENSES)}.")
    _require_text(response, "response")
    settling_depths(np.zeros((1, 1)), threshold)
    deep_layer(1, depth_fraction)


def _function_name(function: object) -> str:
    return f"function {getattr(function, '__qualname__', type(function).__name__)}"


def _require_text(text: str | None, name: str) -> None:
    if text == "":
        raise InputError(f"The {name} is empty; give a text, or leave it out to generate one.")


def continuation_of(
    model: LanguageModel, prompt: str, text: str | None, max_new_tokens: int, progress: Progress
) -> Continuation:
    """Return a prompt's continuation: the text that is given, or what the model writes."""
    if text is None:
        return model.generate(prompt, max_new_tokens, progress)
    return model.tokens.continuation(prompt, text)


def provenance_of(model: LanguageModel, prompt: str, continuation: Continuation) -> dict[str, Any]:
    """Return what every run records: model, prompt, continuation and versions."""
    import torch

    packages = ("bathyscope", "torch", "transformers", "tokenizers", "numpy")
    return {
        "model": model.provenance,
        "tokenizer": type(model.tokens.tokenizer).__name__,
        "prompt": prompt,
        "target": model.tokens.decode(continuation.target_ids),
        "target_ids": list(continuation.target_ids),
        "generated": continuation.text is None,
        "seed": None,
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in packages},
    }
