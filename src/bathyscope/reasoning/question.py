"""A question to a chain: the response that is looked into, divided and found among its tokens."""

from dataclasses import dataclass

from bathyscope.core.errors import InputError
from bathyscope.core.noting import note, noting
from bathyscope.core.text import require_characters
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.provenance import require_text
from bathyscope.model.tokens import Continuation
from bathyscope.model.whole import LAYERS, whole_model
from bathyscope.prompt import Prompt, as_prompt
from bathyscope.reasoning.answers import divided
from bathyscope.reasoning.passages import Passages, require_room, require_tokens, with_parts
from bathyscope.reasoning.settings import ChainSettings
from bathyscope.reasoning.similarity import SIMILARITIES


@dataclass(frozen=True)
class ChainQuestion:
    """A response that is there, as passages, and how it is read.

    Attributes:
        model: The model.
        passages: The text and what stands where in it.
        settings: How it is read.
        given: The response as it was given; None where the model wrote it.
    """

    model: LanguageModel
    passages: Passages
    settings: ChainSettings
    given: str | None


def chain_question(
    model: LanguageModel, prompt: str | Prompt, response: str | None, settings: ChainSettings
) -> ChainQuestion:
    """Return the question, the response written where it is not given; arguments as of `chain`."""
    model = whole_model(model, "A chain", LAYERS)
    asked = as_prompt(prompt)
    require_asked(asked, response, settings)
    note(*asked.notes)
    asked = settings.asked(model.tokens, with_parts(asked))
    text = response
    if text is None:
        written = model.generate(asked.text, settings.max_new_tokens, settings.progress)
        text = _text_of(model, written)
        if model.tokens.encode(asked.text + text) != _read(model, written):
            note(
                "The response was read as other tokens than the model wrote: its text is "
                "tokenised as a whole."
            )
    division = divided(text, settings.steps, settings.answer)
    passages = Passages.of(model.tokens, asked, text, division)
    require_tokens(passages)
    require_room(model, passages)
    _note_no_part(passages)
    return ChainQuestion(model, passages, settings, response)


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
