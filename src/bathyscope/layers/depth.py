"""Depth of each token: the depth map of a response, and its settling depths alone."""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, Unpack, overload

import numpy as np
from torch import Tensor

from bathyscope.core.heatmap import Axis, Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import note, notes_kept
from bathyscope.core.settling import deep_layer, deep_thinking_ratio, settling_depths
from bathyscope.layers.depth_map import MapDetails, depth_map
from bathyscope.layers.divergence import JENSEN_SHANNON
from bathyscope.layers.lazy_settling import settled_depths
from bathyscope.layers.lenses.choice import note_beginning, open_lens, record_of
from bathyscope.layers.lenses.lens import Lens
from bathyscope.layers.settings import DepthOverrides, DepthSettings, require_no_map
from bathyscope.layers.statistics.choice import chosen_statistics
from bathyscope.layers.statistics.statistic import LayerStatistic
from bathyscope.model.beginning import beginning_as
from bathyscope.model.decoding import residual_stream
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.provenance import continuation_of, provenance_of, require_text
from bathyscope.model.scores import evidence_of
from bathyscope.model.tokens import Continuation
from bathyscope.model.whole import LAYERS, whole_model
from bathyscope.prompt import Prompt, notes_of, text_of
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.readings import Readings
from bathyscope.runs.settling import SettlingRun


@overload
def depth(
    model: LanguageModel,
    prompt: str | Prompt,
    response: str | None = None,
    *,
    settings: DepthSettings | None = None,
    ratio_only: Literal[False] = False,
    **overrides: Unpack[DepthOverrides],
) -> DepthRun: ...


@overload
def depth(
    model: LanguageModel,
    prompt: str | Prompt,
    response: str | None = None,
    *,
    settings: DepthSettings | None = None,
    ratio_only: Literal[True],
    **overrides: Unpack[DepthOverrides],
) -> SettlingRun: ...


@keywords_checked
@notes_kept
def depth(
    model: LanguageModel,
    prompt: str | Prompt,
    response: str | None = None,
    *,
    settings: DepthSettings | None = None,
    ratio_only: bool = False,
    **overrides: Unpack[DepthOverrides],
) -> DepthRun | SettlingRun:
    """Measure at which layer each token of a response was decided.

    Args:
        model: A loaded model.
        prompt: What the response answers; its tokens are not counted.
        response: The text to look into; None has the model write it, greedily.
        settings: How it is asked; None takes the defaults.
        ratio_only: Find the settling depths by bounds, without the map: what `settle` does.
        **overrides: Fields of the settings to replace, the commonest being `lens`, `top_k`,
            `statistics`, `threshold`.

    Returns:
        The map (layers 1..L−1 × response tokens) of the Jensen-Shannon divergence from the last
        layer in bits, settling depths, deep-thinking ratio; without the map for `ratio_only`.

    Raises:
        InputError: The response is empty, too long for the context, or a setting is out of range.
    """
    if ratio_only:
        return settle(model, prompt, response, settings=settings, **overrides)
    chosen = DepthSettings.chosen(settings, overrides)
    asked = ask(model, prompt, response, chosen)
    return mapped(model, asked, residual_stream(model, asked.continuation, chosen.progress))


@keywords_checked
@notes_kept
def settle(
    model: LanguageModel,
    prompt: str | Prompt,
    response: str | None = None,
    *,
    settings: DepthSettings | None = None,
    **overrides: Unpack[DepthOverrides],
) -> SettlingRun:
    """Find settling depths and deep-thinking ratio by bounds: those of the map, without it.

    Arguments and errors as of `depth`; what is read off the map cannot be asked for.
    """
    chosen = DepthSettings.chosen(settings, overrides)
    require_no_map(chosen)
    asked = ask(model, prompt, response, chosen)
    return settled(model, asked, residual_stream(model, asked.continuation, chosen.progress))


class DepthQuestion(NamedTuple):
    """Beginning of both verbs.

    Attributes:
        settings: How depth is asked for.
        lens: How intermediate layers are read.
        continuation: The prompt and the response.
        columns: The response's tokens.
        provenance: Where the numbers will come from.
    """

    settings: DepthSettings
    lens: Lens
    continuation: Continuation
    columns: Axis
    provenance: dict[str, Any]


def ask(
    model: LanguageModel, prompt: str | Prompt, response: str | None, settings: DepthSettings
) -> DepthQuestion:
    """Return a question as both verbs begin with it; the response is written where it is None."""
    whole_model(model, "Depth", LAYERS)
    model = beginning_as(model, settings.begin)
    require_text(response, "response")
    lens = opened_lens(model, settings)
    prompt = settings.text_asked(model.tokens, prompt)
    note(*notes_of(prompt))
    continuation = continuation_of(
        model, text_of(prompt), response, settings.max_new_tokens, settings.progress
    )
    note(*model.tokens.where_they_meet(text_of(prompt), continuation))
    note_beginning(model, lens, continuation.prompt_ids)
    return asked_of(model, prompt, continuation, lens, settings)


def opened_lens(model: LanguageModel, settings: DepthSettings) -> Lens:
    """Return the lens that is asked for; refuse what the model has not got."""
    model.require_top(settings.top_k)
    return open_lens(model, settings.lens, settings.translators)


def asked_of(
    model: LanguageModel,
    prompt: str | Prompt,
    continuation: Continuation,
    lens: Lens,
    settings: DepthSettings,
) -> DepthQuestion:
    """Return the question after a response that is known."""
    provenance = {
        **provenance_of(model, prompt, continuation),
        **settings.to_document(),
        **record_of(lens),
        "begins_with": list(model.tokens.encode("")),
        "num_layers": model.num_layers,
        "deep_layer": deep_layer(model.num_layers, settings.depth_fraction),
    }
    columns = model.tokens.axis("response token", continuation.target_ids)
    return DepthQuestion(settings, lens, continuation, columns, provenance)


def mapped(model: LanguageModel, asked: DepthQuestion, pieces: Iterable[list[Tensor]]) -> DepthRun:
    """Return the map of a response from the pieces of its residual stream."""
    chosen, ids = asked.settings, asked.continuation.target_ids
    statistics = chosen_statistics(chosen.statistics, chosen.top_k)
    found = depth_map(
        model.anatomy, pieces, asked.lens, ids, statistics, chosen.top_k, chosen.progress
    )
    depths = settling_depths(found.values, chosen.threshold)
    rows = Axis("layer", tuple(str(layer) for layer in range(1, model.num_layers)))
    return DepthRun(
        Heatmap(found.values, rows, asked.columns, JENSEN_SHANNON, asked.provenance),
        depths,
        deep_thinking_ratio(depths, model.num_layers, chosen.depth_fraction),
        _readings(model, statistics, found.details),
        evidence_of(model.tokens, ids, found.scores),
    )


def settled(
    model: LanguageModel, asked: DepthQuestion, pieces: Iterable[list[Tensor]]
) -> SettlingRun:
    """Return the settling depths of a response from the pieces of its residual stream."""
    chosen, ids = asked.settings, asked.continuation.target_ids
    found = settled_depths(model.anatomy, pieces, asked.lens, chosen.threshold, ids)
    return SettlingRun.of(
        asked.columns,
        found.depths,
        deep_thinking_ratio(found.depths, model.num_layers, chosen.depth_fraction),
        asked.provenance | {"cells_computed": found.computed},
        evidence_of(model.tokens, ids, found.scores),
    )


def _readings(
    model: LanguageModel, statistics: tuple[LayerStatistic, ...], details: MapDetails | None
) -> Readings | None:
    if details is None:
        return None
    ids = [int(id) for id in np.unique(details.top_ids)]
    labels = {id: model.tokens.axis("token", [id]).labels[0] for id in ids}
    quantities = {statistic.name: statistic.quantity for statistic in statistics}
    return Readings(
        details.statistics, details.top_ids, details.top_probabilities, labels, quantities
    )
