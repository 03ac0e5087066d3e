"""The two questions as functions: validate, compute, and say where the numbers come from."""

import platform
from importlib.metadata import version
from typing import Any, Literal, overload

import numpy as np

from bathyscope.attribution import ATTRIBUTION, METHODS, Method
from bathyscope.attribution.prompt_game import prompt_game
from bathyscope.errors import InputError
from bathyscope.heatmap import Axis, Heatmap
from bathyscope.layers.depth_map import MapDetails, depth_map
from bathyscope.layers.divergence import JENSEN_SHANNON
from bathyscope.layers.lazy_settling import settle
from bathyscope.layers.lens import find_lens
from bathyscope.layers.settling import deep_layer, deep_thinking_ratio, settling_depths
from bathyscope.model.decoding import residual_stream
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokens import Continuation, visible
from bathyscope.progress import Progress, silent
from bathyscope.prompt import Prompt
from bathyscope.runs import AttributionRun, DepthRun, Readings, SettlingRun

MAX_NEW_TOKENS = 64


def attribute(
    model: LanguageModel,
    prompt: Prompt,
    target: str | None = None,
    *,
    method: str = "shapley",
    baseline: str = "",
    max_new_tokens: int = MAX_NEW_TOKENS,
    batch_size: int | None = None,
    progress: Progress = silent,
) -> AttributionRun:
    """Measure what each feature of a prompt did to each token of its continuation.

    Args:
        model: A loaded model.
        prompt: The prompt and its features.
        target: The continuation to explain; None has the model write it, greedily.
        method: A name in `attribution.METHODS`.
        baseline: Text that stands where a feature is absent.
        max_new_tokens: Longest continuation the model writes.
        batch_size: Prompts per forward pass; None chooses by length.
        progress: Told of the steps.

    Returns:
        The map (target tokens × features) in nats, with ln p of every token with all features
        and with none.

    Raises:
        InputError: There is no feature, too many for the method, an empty target, or a prompt
            that does not fit the model's context.
    """
    chosen = attribution_method(prompt, target, method)
    continuation = _continuation(model, prompt.text, target, max_new_tokens, progress)
    game = prompt_game(model, prompt, continuation, baseline, batch_size, progress)
    values = chosen.estimate(game)
    everything, nothing = game.all(), game.none()
    heatmap = Heatmap(
        values=values,
        rows=model.tokens.axis("target token", continuation.target_ids),
        columns=Axis("feature", tuple(map(visible_label, prompt.labels)), spans=prompt.features),
        quantity=ATTRIBUTION,
        provenance={
            **_provenance(model, prompt.text, continuation),
            "features": [list(span) for span in prompt.features],
            "method": {
                "name": method,
                "baseline": baseline,
                "evaluations": game.num_evaluations,
                "batch_size": batch_size,
            },
        },
    )
    return AttributionRun(heatmap, everything, nothing)


@overload
def depth(
    model: LanguageModel,
    prompt: str,
    response: str | None = None,
    *,
    lens: str = "norm",
    threshold: float = 0.5,
    depth_fraction: float = 0.85,
    top_k: int = 0,
    ratio_only: Literal[False] = False,
    max_new_tokens: int = MAX_NEW_TOKENS,
    progress: Progress = silent,
) -> DepthRun: ...


@overload
def depth(
    model: LanguageModel,
    prompt: str,
    response: str | None = None,
    *,
    lens: str = "norm",
    threshold: float = 0.5,
    depth_fraction: float = 0.85,
    top_k: int = 0,
    ratio_only: Literal[True],
    max_new_tokens: int = MAX_NEW_TOKENS,
    progress: Progress = silent,
) -> SettlingRun: ...


def depth(
    model: LanguageModel,
    prompt: str,
    response: str | None = None,
    *,
    lens: str = "norm",
    threshold: float = 0.5,
    depth_fraction: float = 0.85,
    top_k: int = 0,
    ratio_only: bool = False,
    max_new_tokens: int = MAX_NEW_TOKENS,
    progress: Progress = silent,
) -> DepthRun | SettlingRun:
    """Measure at which layer each token of a response was decided.

    Args:
        model: A loaded model.
        prompt: What the response answers; its tokens are not counted.
        response: The text to look into; None has the model write it, greedily.
        lens: How intermediate layers are read, a name in `layers.lens.LENSES`.
        threshold: g: a token has settled where its divergence is at most this many bits.
        depth_fraction: ρ: tokens that settle at layer ⌈ρ·L⌉ or later count as deep.
        top_k: With 1 or more, also what each layer would say instead, so many tokens, and the
            further quantities of `layers.quantities`, in `readings`.
        ratio_only: Find the settling depths by bounds, without the map; the same depths, faster.
        max_new_tokens: Longest response the model writes.
        progress: Told of the steps.

    Returns:
        The map (layers 1..L−1 × response tokens) of the Jensen-Shannon divergence from the last
        layer in bits, settling depths, deep-thinking ratio; without the map for `ratio_only`.

    Raises:
        InputError: The response is empty, too long for the context, or an option is out of range.
    """
    check_depth(response, lens, threshold, depth_fraction, top_k, ratio_only)
    model.require_top(top_k)
    continuation = _continuation(model, prompt, response, max_new_tokens, progress)
    columns = model.tokens.axis("response token", continuation.target_ids)
    provenance = {
        **_provenance(model, prompt, continuation),
        "lens": lens,
        "threshold": threshold,
        "depth_fraction": depth_fraction,
        "deep_layer": deep_layer(model.num_layers, depth_fraction),
    }
    pieces = residual_stream(model, continuation, progress)
    if ratio_only:
        depths, computed = settle(model.anatomy, pieces, find_lens(lens), threshold)
        ratio = deep_thinking_ratio(depths, model.num_layers, depth_fraction)
        return SettlingRun(columns, depths, ratio, provenance | {"cells_computed": computed})
    values, details = depth_map(
        model.anatomy, pieces, find_lens(lens), continuation.target_ids, top_k, progress
    )
    depths = settling_depths(values, threshold)
    ratio = deep_thinking_ratio(depths, model.num_layers, depth_fraction)
    rows = Axis("layer", tuple(str(layer) for layer in range(1, model.num_layers)))
    heatmap = Heatmap(values, rows, columns, JENSEN_SHANNON, provenance)
    return DepthRun(heatmap, depths, ratio, _readings(model, details))


def _readings(model: LanguageModel, details: MapDetails | None) -> Readings | None:
    if details is None:
        return None
    ids = [int(id) for id in np.unique(details.top_ids)]
    labels = {id: model.tokens.axis("token", [id]).labels[0] for id in ids}
    return Readings(details.cells, details.top_ids, details.top_probabilities, labels)


def attribution_method(prompt: Prompt, target: str | None, method: str) -> Method:
    """Return the method by its name, having checked all that needs no model.

    Raises:
        InputError: The method is unknown, the target empty, or the features too few or too many.
    """
    if method not in METHODS:
        raise InputError(f"The method {method!r} is not known; choose one of {', '.join(METHODS)}.")
    if not prompt.features:
        raise InputError(
            "The prompt has no feature; mark what is to be measured with [[ and ]], "
            'as in "A: [[9 + 3 = 12]]."'
        )
    _require_text(target, "target")
    METHODS[method].require_affordable(len(prompt.features))
    return METHODS[method]


def check_depth(
    response: str | None,
    lens: str,
    threshold: float,
    depth_fraction: float,
    top_k: int = 0,
    ratio_only: bool = False,
) -> None:
    """Raise InputError for what can be seen to be wrong without a model."""
    find_lens(lens)
    _require_text(response, "response")
    settling_depths(np.zeros((1, 1)), threshold)
    deep_layer(1, depth_fraction)
    if top_k < 0:
        raise InputError(f"The number of top tokens is 0 or more, not {top_k} (--top-k).")
    if top_k and ratio_only:
        raise InputError(
            "What the layers would say is read off the map, which is left out where only the "
            "ratio is asked for; choose one of --top-k and --ratio-only."
        )


def visible_label(text: str) -> str:
    """Return a feature's text on one line: line breaks and tabs visible, spaces as they are."""
    return visible(text).replace("▁", " ")


def _require_text(text: str | None, name: str) -> None:
    if text == "":
        raise InputError(f"The {name} is empty; give a text, or leave it out to generate one.")


def _continuation(
    model: LanguageModel, prompt: str, text: str | None, max_new_tokens: int, progress: Progress
) -> Continuation:
    if text is None:
        return model.generate(prompt, max_new_tokens, progress)
    return model.tokens.continuation(prompt, text)


def _provenance(model: LanguageModel, prompt: str, continuation: Continuation) -> dict[str, Any]:
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
