"""A prompt inside the chat template of its model."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.model.tokenizer import TransformersTokens
from bathyscope.model.tokens import Tokens
from bathyscope.prompt import Prompt

_PLACEHOLDER = "bathyscope-message-of-the-user"


def in_chat(tokens: Tokens, prompt: Prompt) -> Prompt:
    """Return a prompt as one message of a user, ready for the model's answer.

    The text is the whole rendered template with the opening of the answer; the features are the
    same parts of the user's message. Absent features are taken out of this text: the template is
    not applied again. Where the template strips white space at the ends of a message, features
    lose it too.

    Args:
        tokens: The model's tokenizer.
        prompt: The user's message and its features.

    Raises:
        InputError: The model has no chat template, the template refuses the message or changes
            it beyond white space at its ends, or a feature lies in white space that it strips.
    """
    if not isinstance(tokens, TransformersTokens) or not tokens.tokenizer.chat_template:
        raise InputError(
            "The model has no chat template; leave out --chat, or choose a model that was trained "
            "to chat (often named -Instruct or -it)."
        )
    message = _find_message(tokens.tokenizer, prompt.text)
    features = tuple(message.moved(span) for span in prompt.features)
    notes = (*prompt.notes, *_extra_start(tokens, message.text))
    return Prompt(message.text, features, prompt.segmenter, notes)


@dataclass(frozen=True)
class _Message:
    """Place of a message in its template.

    Attributes:
        text: The rendered template.
        start: Where the message begins in it.
        kept: The part of the message that the template kept, as a span of the message.
    """

    text: str
    start: int
    kept: Span

    def moved(self, span: Span) -> Span:
        """Return a span of the message as a span of the rendered template."""
        start, end = max(span[0], self.kept[0]), min(span[1], self.kept[1])
        if start >= end:
            raise InputError(
                f"The feature at characters {span[0]}..{span[1]} is white space at the end of the "
                "message, which the model's chat template strips; leave it unmarked."
            )
        return start - self.kept[0] + self.start, end - self.kept[0] + self.start


def _find_message(tokenizer: Any, content: str) -> _Message:
    """Render a message and find it in what comes out.

    What surrounds it is learnt from a placeholder, because a short message may occur in the
    template's own words as well.
    """
    rendered, around = _render(tokenizer, content), _render(tokenizer, _PLACEHOLDER)
    if around.count(_PLACEHOLDER) == 1:
        before, _, after = around.partition(_PLACEHOLDER)
        for kept in (content, content.strip(), content.lstrip(), content.rstrip()):
            if rendered == before + kept + after:
                first = content.index(kept)
                return _Message(rendered, len(before), (first, first + len(kept)))
    if rendered.count(content) != 1:
        raise InputError(
            "The model's chat template changes the prompt, so that its features cannot be found "
            "again; leave out --chat and write the template's text around the prompt yourself."
        )
    return _Message(rendered, rendered.index(content), (0, len(content)))


def _render(tokenizer: Any, content: str) -> str:
    from jinja2 import TemplateError

    try:
        text: str = tokenizer.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        raise InputError(
            f"The model's chat template does not take one message of a user: {error}; leave out "
            "--chat and write the template's text around the prompt yourself."
        ) from error
    return text


def _extra_start(tokens: TransformersTokens, text: str) -> Iterator[str]:
    """Yield that the tokenizer puts a start before a template that has none of its own."""
    meant = tuple(tokens.tokenizer(text, add_special_tokens=False)["input_ids"])
    read = tokens.encode(text)
    if read != meant:
        extra = tokens.decode(read[: len(read) - len(meant)])
        yield (
            f"The tokenizer puts {extra} before every text, although the chat template does not "
            "begin with it; the model reads it first."
        )
