"""The chain verb: each step of an answer against all that stands before it."""

from typing import Any, Unpack

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import note, notes_kept, noting
from bathyscope.core.text import require_characters
from bathyscope.layers.depth import settle
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.provenance import named, provenance_of, require_text
from bathyscope.model.tokens import Continuation
from bathyscope.model.whole import LAYERS, whole_model
from bathyscope.prompt import Prompt, as_prompt
from bathyscope.reasoning.answers import divided
from bathyscope.reasoning.passages import Passages, require_room, require_tokens, with_parts
from bathyscope.reasoning.readings import READERS, Found
from bathyscope.reasoning.settings import ChainOverrides, ChainSettings
from bathyscope.reasoning.similarity import SIMILARITIES
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
    model = whole_model(model, "A chain", LAYERS)
    asked = as_prompt(prompt)
    require_asked(asked, response, chosen)
    note(*asked.notes)
    asked = chosen.asked(model.tokens, with_parts(asked))
    text = response
    if response is None:
        written = model.generate(asked.text, chosen.max_new_tokens, chosen.progress)
        text = _text_of(model, written)
        if model.tokens.encode(asked.text + text) != _read(model, written):
            note(
                "The response was read as other tokens than the model wrote: its text is "
                "tokenised as a whole."
            )
    assert text is not None
    division = divided(text, chosen.steps, chosen.answer)
    passages = Passages.of(model.tokens, asked, text, division)
    require_tokens(passages)
    require_room(model, passages)
    _note_no_part(passages)
    found = READERS[chosen.reading](model, passages, chosen)
    return _run(model, passages, chosen, found, response)


def require_asked(prompt: Prompt, response: str | None, settings: ChainSettings) -> None:
    """Check all that needs no model.

    Raises:
        InputError: The prompt is empty; the response is, or has no step or answer; or a package is
            missing.
    """
    if not prompt.text.strip():
        raise InputError("The prompt is empty; give the text that the response answers.")
    require_text(response, "response")
    if response is not None:
        require_characters(response, "response")
        if not response.strip():
            raise InputError(
                "The response holds white space alone; give a text of at least two steps, or leave "
                "it out to have the model write one."
            )
        with noting():  # what is worth a note is noted when it is computed
            divided(response, settings.steps, settings.answer)
    if settings.reading == "resampling":
        SIMILARITIES.require(settings.similarity).require()


def _text_of(model: LanguageModel, written: Continuation) -> str:
    """Return what the model wrote as text, without the token that ends it.

    Raises:
        InputError: It wrote nothing.
    """
    ids = _read(model, written)[len(written.prompt_ids) :]
    text = model.tokens.spelled(ids) if ids else ""
    if not text.strip():
        raise InputError(
            "The model wrote nothing behind this prompt; give a response (--response), or ask "
            "otherwise."
        )
    return text


def _read(model: LanguageModel, written: Continuation) -> tuple[int, ...]:
    """Return the tokens of a prompt and of what was written, without those that end a text."""
    special = set(model.tokens.tokenizer.all_special_ids)
    return written.prompt_ids + tuple(id for id in written.target_ids if id not in special)


def _note_no_part(passages: Passages) -> None:
    """Say where nothing but the steps can be a column."""
    if not passages.num_parts:
        note(
            "No part of the prompt is a column: it is one sentence, which has to stay; mark parts "
            "with [[ and ]] to see what is owed to them."
        )


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
