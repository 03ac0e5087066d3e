"""Depth of many responses in one call: written together, and read in common passes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Unpack

from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import note, noting
from bathyscope.core.progress import silent
from bathyscope.core.several import Failed, Several, one_for_each
from bathyscope.layers.depth import DepthQuestion, asked_of, mapped, opened_lens, settled
from bathyscope.layers.lenses.choice import note_beginning
from bathyscope.layers.settings import DepthOverrides, DepthSettings, require_no_map
from bathyscope.model.answers import PROMPTS_AT_ONCE, continuations_of
from bathyscope.model.beginning import beginning_as
from bathyscope.model.decoding import residual_streams
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.provenance import require_text
from bathyscope.prompt import Prompt, notes_of, text_of
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.settling import SettlingRun

STAGE = "look into responses"


@keywords_checked
def depth_many(
    model: LanguageModel,
    prompts: Sequence[str | Prompt],
    responses: Sequence[str | None] | None = None,
    *,
    settings: DepthSettings | None = None,
    ratio_only: bool = False,
    failed: Failed | None = None,
    **overrides: Unpack[DepthOverrides],
) -> Iterator[tuple[int, DepthRun | SettlingRun]]:
    """Depth maps of many responses, from one call that shares the passes through the model.

    Each run is the one that `depth` gives for its prompt, up to rounding.

    Args:
        model: A loaded model.
        prompts: What the responses answer.
        responses: For each prompt the text to look into, None where the model is to write it; None
            has it write all of them.
        settings: How they are asked; None takes the defaults.
        ratio_only: Settling depths and ratio alone, as `settle` gives them.
        failed: Told of the index and the error of a prompt that cannot be answered, which is then
            left out; None raises it, with its index.
        **overrides: Fields of the settings to replace, as of `depth`.

    Returns:
        Indices of prompts and their runs, as they come.

    Raises:
        InputError: As of `depth`: at the call where no model is needed to see it, else when it is
            met.
    """
    chosen = DepthSettings.chosen(settings, overrides)
    if ratio_only:
        require_no_map(chosen)
    texts = dict(enumerate(one_for_each(prompts, responses, "response")))
    model = beginning_as(model, chosen.begin)
    several = Several(failed)
    read: dict[int, str | Prompt] = {}
    for index, given in enumerate(prompts):
        with several.answering(index):
            require_text(texts[index], "response")
            read[index] = chosen.text_asked(model.tokens, given)
    return _looked_into(model, read, texts, chosen, several, settled if ratio_only else mapped)


def _looked_into(
    model: LanguageModel,
    prompts: Mapping[int, str | Prompt],
    texts: Mapping[int, str | None],
    settings: DepthSettings,
    several: Several,
    look: Callable[..., DepthRun | SettlingRun],
) -> Iterator[tuple[int, DepthRun | SettlingRun]]:
    lens, quietly = opened_lens(model, settings), replace(settings, progress=silent)
    waiting, done = iter(prompts.items()), 0
    while part := dict(islice(waiting, PROMPTS_AT_ONCE)):
        plain = {index: text_of(prompt) for index, prompt in part.items()}
        found = continuations_of(
            model, plain, texts, settings.max_new_tokens, several, settings.progress
        )
        asked: dict[int, DepthQuestion] = {}
        for index, continuation in found.items():
            with several.answering(index):
                model.require_readable(continuation)
                asked[index] = asked_of(model, part[index], continuation, lens, quietly)
        wanted = {index: one.continuation for index, one in asked.items()}
        for index, pieces in residual_streams(model, wanted):
            done += 1
            run: DepthRun | SettlingRun | None = None
            with several.answering(index), noting() as heard:
                note(*notes_of(part[index]))
                note(*model.tokens.where_they_meet(plain[index], found[index]))
                note_beginning(model, lens, asked[index].continuation.prompt_ids)
                run = look(model, asked[index], pieces)
            settings.progress(STAGE, done, len(prompts))
            if run is not None:
                yield index, run.noted(heard)
