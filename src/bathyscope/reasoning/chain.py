"""The chain verb: each step of an answer against all that stands before it."""

from typing import Any, Unpack

import numpy as np

from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import notes_kept
from bathyscope.layers.depth import settle
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.provenance import named, provenance_of
from bathyscope.model.tokens import Continuation
from bathyscope.prompt import Prompt
from bathyscope.reasoning.passages import Passages
from bathyscope.reasoning.question import ChainQuestion, chain_question
from bathyscope.reasoning.readings import READERS, Found
from bathyscope.reasoning.settings import ChainOverrides, ChainSettings
from bathyscope.runs.chain import ChainRun, StepDepth


@keywords_checked
@notes_kept
def chain(
    model: LanguageModel,
    prompt: str | Prompt,
    response: str | None = None,
    *,
    settings: ChainSettings | None = None,
    **overrides: Unpack[ChainOverrides],
) -> ChainRun:
    """Map what each step of a response owes to each earlier step and to each part of the prompt.

    Args:
        model: A loaded model.
        prompt: The prompt, its features as parts; a text is read as `Prompt.marked` reads it.
            Where nothing is marked, its sentences are the parts.
        response: The response to look into; None has the model write it, greedily.
        settings: How it is asked; None takes the defaults.
        **overrides: Fields of the settings to replace, the commonest being `reading` ("deletion",
            "suppression", "resampling"), `steps`, `answer`, `method`, `budget`.

    Returns:
        The map (steps and answer × parts and steps), 0 where a column does not come before a row.

    Raises:
        InputError: There is no step, no answer, a budget too small for the method, or the text
            does not fit the model's context.
        ModelError: Attention cannot be suppressed in the model.
    """
    chosen = ChainSettings.chosen(settings, overrides)
    return answered(chain_question(model, prompt, response, chosen))


def answered(question: ChainQuestion) -> ChainRun:
    """Return the map that a question asks for."""
    model, passages, settings = question.model, question.passages, question.settings
    found = READERS[settings.reading](model, passages, settings)
    return _run(model, passages, settings, found, question.given)


def _run(
    model: LanguageModel,
    passages: Passages,
    settings: ChainSettings,
    found: Found,
    given: str | None,
) -> ChainRun:
    first = passages.first
    continuation = Continuation(passages.ids[:first], passages.ids[first:], given)
    rows, columns = passages.axes(found.rows, found.columns)
    division = passages.division
    provenance: dict[str, Any] = {
        **provenance_of(model, passages.prompt.text, continuation),
        # What its tokens say may begin within the prompt; a response that was given says it itself.
        **({} if given is not None else {"response": passages.response}),
        "chain": settings.to_document(),
        "reading": {"name": settings.reading, **found.record},
        "seed": settings.seed,
        "features": [list(span) for span in passages.prompt.features],
        "segmenter": passages.prompt.segmenter,
        **named(passages.prompt),
        "step_spans": [list(span) for span in (*division.steps, division.answer)],
    }
    parts = passages.num_parts if found.columns == slice(None) else 0
    return ChainRun(
        Heatmap(found.values, rows, columns, found.quantity, provenance),
        settings.reading,
        parts,
        depth=_depth(model, passages, continuation, found) if settings.depth else None,
        **found.more,
    )


def _depth(
    model: LanguageModel, passages: Passages, continuation: Continuation, found: Found
) -> StepDepth:
    """Return how deep each row of the map was decided."""
    run = settle(model, passages.prompt.text, passages.response)
    begin, said = len(continuation.prompt_ids), run.provenance
    median, share = [], []
    for place in passages.row_positions[found.rows]:
        depths = run.settling_depth[place.start - begin : place.stop - begin]
        median.append(float(np.median(depths)))
        share.append(float((depths >= said["deep_layer"]).mean()))
    record = ("lens", "threshold", "depth_fraction", "deep_layer")
    return StepDepth(tuple(median), tuple(share), {name: said[name] for name in record})
