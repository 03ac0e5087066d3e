"""How deep each token was decided: validate, compute, and say where the numbers come from."""

from pathlib import Path
from typing import Literal, overload

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, Heatmap
from bathyscope.core.progress import Progress, silent
from bathyscope.core.settling import deep_layer, deep_thinking_ratio, settling_depths
from bathyscope.layers.depth_map import MapDetails, depth_map
from bathyscope.layers.divergence import JENSEN_SHANNON
from bathyscope.layers.lazy_settling import settle
from bathyscope.layers.lens import check_lens, open_lens
from bathyscope.model.decoding import residual_stream
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.provenance import MAX_NEW_TOKENS, continuation_of, provenance_of, require_text
from bathyscope.model.scores import evidence_of
from bathyscope.runs.kinds import DepthRun, SettlingRun
from bathyscope.runs.readings import Readings


@overload
def depth(
    model: LanguageModel,
    prompt: str,
    response: str | None = None,
    *,
    lens: str = "norm",
    translators: str | Path | None = None,
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
    translators: str | Path | None = None,
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
    translators: str | Path | None = None,
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
        lens: How intermediate layers are read: "norm", "raw" or "tuned" (`layers.lens`).
        translators: File of the tuned lens, as `train_lens` and `save` make it.
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
    check_depth(response, lens, translators, threshold, depth_fraction, top_k, ratio_only)
    opened = open_lens(model, lens, translators)
    model.require_top(top_k)
    continuation = continuation_of(model, prompt, response, max_new_tokens, progress)
    columns = model.tokens.axis("response token", continuation.target_ids)
    provenance = {
        **provenance_of(model, prompt, continuation),
        **opened.provenance,
        "threshold": threshold,
        "depth_fraction": depth_fraction,
        "deep_layer": deep_layer(model.num_layers, depth_fraction),
        "top_k": top_k,
        "max_new_tokens": max_new_tokens,
    }
    pieces = residual_stream(model, continuation, progress)
    ids = continuation.target_ids
    if ratio_only:
        settled = settle(model.anatomy, pieces, opened.read, threshold, ids)
        ratio = deep_thinking_ratio(settled.depths, model.num_layers, depth_fraction)
        provenance["cells_computed"] = settled.computed
        evidence = evidence_of(model.tokens, ids, settled.scores)
        return SettlingRun(columns, settled.depths, ratio, provenance, evidence)
    found = depth_map(model.anatomy, pieces, opened.read, ids, top_k, progress)
    depths = settling_depths(found.values, threshold)
    ratio = deep_thinking_ratio(depths, model.num_layers, depth_fraction)
    rows = Axis("layer", tuple(str(layer) for layer in range(1, model.num_layers)))
    heatmap = Heatmap(found.values, rows, columns, JENSEN_SHANNON, provenance)
    evidence = evidence_of(model.tokens, ids, found.scores)
    return DepthRun(heatmap, depths, ratio, _readings(model, found.details), evidence)


def _readings(model: LanguageModel, details: MapDetails | None) -> Readings | None:
    if details is None:
        return None
    ids = [int(id) for id in np.unique(details.top_ids)]
    labels = {id: model.tokens.axis("token", [id]).labels[0] for id in ids}
    return Readings(details.cells, details.top_ids, details.top_probabilities, labels)


def check_depth(
    response: str | None,
    lens: str,
    translators: str | Path | None,
    threshold: float,
    depth_fraction: float,
    top_k: int = 0,
    ratio_only: bool = False,
) -> None:
    """Raise InputError for what can be seen to be wrong without a model."""
    check_lens(lens, translators)
    require_text(response, "response")
    settling_depths(np.zeros((1, 1)), threshold)
    deep_layer(1, depth_fraction)
    if top_k < 0:
        raise InputError(f"The number of top tokens is 0 or more, not {top_k} (--top-k).")
    if top_k and ratio_only:
        raise InputError(
            "What the layers would say is read off the map, which is left out where only the "
            "ratio is asked for; choose one of --top-k and --ratio-only."
        )
