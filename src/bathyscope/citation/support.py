"""The support verb: which passage each sentence of an answer owes, and which sentence of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np

from bathyscope.attribution.attribute import attribute
from bathyscope.attribution.settings import AttributionOverrides, AttributionSettings
from bathyscope.citation.context import Context, passages
from bathyscope.citation.question import AskedPassages
from bathyscope.citation.result import Support, SupportedSentence, SupportEffect, effects_on
from bathyscope.core.errors import InputError
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import noting
from bathyscope.games.methods import METHODS, require_resolving
from bathyscope.model.language_model import LanguageModel
from bathyscope.prompt import Prompt
from bathyscope.prompt.units import unit_numbers
from bathyscope.runs.attribution import AttributionRun

EVALUATIONS = 256
"""Coalitions where no budget is given: 8 passages exactly; of more as many as a method needs."""

_STOP = "\n\n"  # ends what a model writes behind "Answer:"


@keywords_checked
def support(
    model: LanguageModel,
    context: Context,
    question: str,
    answer: str | None = None,
    *,
    settings: AttributionSettings | None = None,
    **overrides: Unpack[AttributionOverrides],
) -> Support:
    """Measure which passages, and which sentences of the best of them, an answer owes.

    First the passages are the features of the prompt, then the sentences of those that a sentence
    of the answer owes most, all other passages staying in place.

    Args:
        model: A loaded model.
        context: A text file, a folder of them, or a list of passages.
        question: What is asked about it.
        answer: The answer; None has the model write it, greedily.
        settings: How attributions are made; None takes the defaults, with 256 coalitions or as many
            as the method needs.
        **overrides: Fields of the settings to replace.

    Raises:
        InputError: There is no passage, no question or answer, or they do not fit the model's
            context.
    """
    chosen = AttributionSettings.chosen(settings, overrides)
    if chosen.against is not None:
        raise InputError("Support is of one answer; leave out the continuation to compare with.")
    require_resolving(chosen.method, "Passages that are cited")
    if not question.strip():
        raise InputError("The question is empty; give what is asked about the context.")
    with noting() as notes:
        asked = AskedPassages(passages(context), question.strip(), chosen.in_template)
    prompt = asked.prompt()
    text = _answer(model, prompt, answer, chosen)
    whole = attribute(model, prompt, text, settings=_affordable(chosen, prompt))
    said, places = _sentences(whole)
    on = effects_on(whole, places)
    best = _owed(on, whole)
    divided, own = asked.divided(best)
    inner = attribute(model, divided, text, settings=_affordable(chosen, divided))
    within = effects_on(inner, places)
    supported = tuple(
        SupportedSentence.of(one, on[k], within[k], own) for k, one in enumerate(said)
    )
    whole = whole.noted(notes)
    return Support(
        asked.question, whole.text or "", tuple(asked.passages), whole, inner, tuple(own), supported
    )


def _affordable(settings: AttributionSettings, prompt: Prompt) -> AttributionSettings:
    """Return settings whose budget, where none was given, is enough for so many features."""
    if settings.budget is not None or settings.method not in METHODS:
        return settings
    fewest = METHODS[settings.method].fewest(len(prompt.features))
    return replace(settings, budget=max(EVALUATIONS, fewest))


def _answer(
    model: LanguageModel, prompt: Prompt, answer: str | None, settings: AttributionSettings
) -> str:
    """Return the answer as it stands behind the prompt.

    Raises:
        InputError: It is empty, or does not fit.
    """
    with noting():  # noted again where the prompt is attributed
        asked = settings.asked(model.tokens, prompt)
    _require_room(model, asked)
    if answer is not None:
        if not answer.strip():
            raise InputError("The answer is empty; give one, or leave it out to have it written.")
        joined = asked.text[-1:].isspace() or answer[:1].isspace()
        return answer if joined else f" {answer}"
    stop = "" if settings.in_template else _STOP
    written = model.generate(asked.text, settings.max_new_tokens, settings.progress, stop=stop)
    special = set(model.tokens.tokenizer.all_special_ids)
    text = model.tokens.spelled([id for id in written.target_ids if id not in special]).rstrip()
    if not text.strip():
        raise InputError("The model writes no answer to this question; give one with --answer.")
    return text


def _require_room(model: LanguageModel, prompt: Prompt) -> None:
    needed, limit = len(model.tokens.encode(prompt.text)), model.context_length
    if limit is not None and needed >= limit:
        raise InputError(
            f"Context and question have {needed:,} tokens, but the model reads {limit:,} at most; "
            "give fewer files, or passages that matter to the question."
        )


def _sentences(run: AttributionRun) -> tuple[list[str], list[list[int]]]:
    """Return the sentences of an answer, and the target tokens of each."""
    text, spans = run.text or "", run.heatmap.rows.spans
    assert spans is not None
    numbers, _ = unit_numbers(spans, text, "sentence")
    places = [[t for t, n in enumerate(numbers) if n == k] for k in range(numbers[-1] + 1)]
    said = [text[spans[own[0]][0] : spans[own[-1]][1]].strip() for own in places]
    return said, places


def _owed(on: Sequence[Sequence[SupportEffect]], run: AttributionRun) -> list[int]:
    """Return the numbers of the passages that a sentence owes most, or that the whole does."""
    best = {max(range(len(of)), key=lambda p: of[p].value) for of in on}
    cited = {p for p in best if any(of[p].cited for of in on)}
    return [p + 1 for p in sorted(cited or {int(np.argmax(run.whole_target))})]
