"""A prompt, or a conversation, in the chat template of its model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self, TypedDict

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import note, noting
from bathyscope.core.settings import Settings
from bathyscope.model.scorer import Scorer
from bathyscope.model.template import Placed, in_template, rendered
from bathyscope.model.tokenizer import TransformersTokens
from bathyscope.model.tokens import Tokens
from bathyscope.prompt import Prompt
from bathyscope.prompt.conversation import (
    ASSISTANT,
    MESSAGES,
    SYSTEM,
    THINKING,
    TURNS,
    USER,
    Conversation,
    Said,
    turn_number,
)
from bathyscope.prompt.messages import Given, Message, read_messages
from bathyscope.prompt.segmenters import MARKED, Segmented, features_in, inside, require_known
from bathyscope.prompt.templates import pasted
from bathyscope.prompt.thoughts import thoughts


class ChatOverrides(TypedDict, total=False):
    """Fields of `ChatSettings` as keywords."""

    chat: bool
    system: str | None
    no_system: bool


@dataclass(frozen=True, kw_only=True)
class ChatSettings(Settings):
    """Settings of the chat template that a prompt is put into.

    Attributes:
        chat: Whether the prompt becomes a user's message in the model's chat template.
        system: What the system says before it; None leaves that to the template. It means `chat`.
        no_system: Whether the message of the system that the template writes by itself is left
            out. It means `chat`.
    """

    chat: bool = False
    system: str | None = None
    no_system: bool = False

    def __post_init__(self) -> None:
        """Raise InputError where both a message of the system and none are asked for."""
        if self.system is not None and self.no_system:
            raise InputError("--system gives a message of the system, --no-system none; choose.")
        if self.system is not None and not self.system.strip():
            raise InputError("The system's message is empty; give a text, or --no-system.")

    @property
    def in_template(self) -> bool:
        """Whether prompts are put into the template."""
        return self.chat or self.no_system or self.system is not None

    def asked(self, tokens: Tokens, prompt: Prompt) -> Prompt:
        """Return a prompt as the model is to read it."""
        if not self.in_template:
            return prompt
        return in_chat(tokens, prompt, self.system, self.no_system)

    def text_asked(self, tokens: Tokens, prompt: str | Prompt) -> str | Prompt:
        """Return the same for verbs that ask for the text alone, which they take as it is."""
        if not self.in_template:
            return prompt
        return self.asked(tokens, Prompt(prompt) if isinstance(prompt, str) else prompt)

    def to_document(self) -> dict[str, Any]:
        """Return the record; of the system only where something is said of it."""
        document = super().to_document()
        for name in ("system", "no_system"):
            if not document[name]:
                del document[name]
        return document

    def as_read(self) -> Self:
        """Return the settings for a prompt that is in its template already."""
        return replace(self, chat=False, system=None, no_system=False)


def in_chat(
    tokens: Tokens, prompt: Prompt, system: str | None = None, no_system: bool = False
) -> Prompt:
    """Return a prompt as one message of a user, ready for the model's answer.

    The text is the whole rendered template with the opening of the answer; the features are the
    same parts of the user's message, and what is marked in the system's. Absent features are taken
    out of this text: the template is not applied again. Where the template strips white space at
    the ends of a message, features lose it too. A prompt that is a conversation in another
    template is put into the model's own, message by message.

    Args:
        tokens: The model's tokenizer.
        prompt: The user's message and its features.
        system: What the system says before, with marks; None leaves it to the template.
        no_system: Whether what the template has the system say by itself is left out.

    Raises:
        InputError: The model has no chat template, the template refuses the message or changes
            it beyond white space at its ends, or a feature lies in white space that it strips.
    """
    before = [] if system is None else [Message.marked(SYSTEM, system)]
    conversation = pasted(prompt.text)
    if conversation is not None:
        return _put_over(tokens, prompt, conversation, before, no_system)
    with noting() as notes:
        placed = in_template(tokens, [*before, Message(USER, prompt.text)], no_system)
    marks = [placed.moved(0, span) for one in before for span in one.marks]
    if prompt.segmenter in (MESSAGES, TURNS):
        raise InputError("The prompt is one message, no conversation; give other --features.")
    own = [placed.moved(len(before), span) for span in prompt.features]
    names = (*(placed.conversation.text[a:b] for a, b in marks), *prompt.names)
    return Prompt(
        placed.conversation.text,
        (*marks, *own),
        prompt.segmenter,
        (*prompt.notes, *notes, *_extra_start(tokens, placed.conversation.text)),
        names if prompt.names else (),
    )


def _put_over(
    tokens: Tokens,
    prompt: Prompt,
    conversation: Conversation,
    before: Sequence[Message],
    no_system: bool,
) -> Prompt:
    """Return a conversation of another template in the model's own."""
    texts = [prompt.text[slice(*one.content)] for one in conversation.messages]
    own = [Message(one.role, text) for one, text in zip(conversation.messages, texts, strict=True)]
    if before and own[0].role == SYSTEM:
        raise InputError(
            "The conversation has a system's message of its own; leave out --system, or that."
        )
    if own[-1].role == ASSISTANT:
        raise InputError(
            "The conversation ends with the assistant's message; leave it out, or --chat."
        )
    with noting() as notes:
        placed = in_template(tokens, [*before, *own], no_system)
        note(
            f"The conversation was put from the template of {conversation.template} into the "
            "model's own."
        )
    if prompt.segmenter in (MESSAGES, TURNS):
        features, names = placed.conversation.features(prompt.segmenter)
    else:
        features = tuple(_carried(placed, len(before), conversation, prompt.features))
        names = prompt.names
    text = placed.conversation.text
    told = (*prompt.notes, *notes, *_extra_start(tokens, text))
    return Prompt(text, features, prompt.segmenter, told, names)


def _carried(
    placed: Placed, first: int, conversation: Conversation, spans: Sequence[Span]
) -> Iterator[Span]:
    """Yield where features of a conversation stand in another template."""
    for start, end in spans:
        for index, said in enumerate(conversation.messages, start=first):
            if said.content[0] <= start and end <= said.content[1]:
                yield placed.moved(index, (start - said.content[0], end - said.content[0]))
                break
        else:
            raise InputError(
                f"The feature at characters {start}..{end} does not lie inside one message of the "
                "conversation; mark what is said in one, or choose --features messages."
            )


class ChatPrompt(NamedTuple):
    """A conversation as a question to a model.

    Attributes:
        prompt: What was said up to the answer, in the model's chat template, with its features.
        target: The assistant's turn that is to be explained; None leaves it to the model.
    """

    prompt: Prompt
    target: str | None


@keywords_checked
def chat_prompt(
    model: Scorer,
    messages: Given,
    *,
    features: str = MESSAGES,
    system: str | None = None,
    no_system: bool = False,
    target_turn: int | bool | None = None,
) -> ChatPrompt:
    """Prompt of a conversation, in the form of OpenAI's API, for every verb that takes prompts.

    Args:
        model: The model whose chat template is taken.
        messages: A JSON file, or a list of mappings with role and content.
        features: "messages", "turns", "reasoning", "marked" or another name of features, which
            are then found inside what is said, and inside marks where there are any.
        system: What the system says, where the messages do not.
        no_system: Whether what the template has the system say by itself is left out.
        target_turn: Which of the assistant's messages is the target, from 1, or from the end with
            −1; True is the last. Reasoning at its beginning becomes a feature. What was said after
            it is left out. None has the model answer.

    Raises:
        InputError: The messages cannot be read, the template refuses them, or there is no such turn
            or feature.
    """
    require_known(features)
    with noting() as heard:
        read = read_messages(messages)
    asked = prompt_of(model, read, features, system, no_system, target_turn)
    return asked._replace(prompt=replace(asked.prompt, notes=(*heard, *asked.prompt.notes)))


def prompt_of(
    model: Scorer,
    messages: tuple[Message, ...],
    features: str,
    system: str | None = None,
    no_system: bool = False,
    target_turn: int | bool | None = None,
) -> ChatPrompt:
    """Return the question of messages that are read; arguments and errors as of `chat_prompt`."""
    with noting() as notes:
        read = _with_system(messages, system)
        before, answer = _divided(read, target_turn)
        placed = in_template(model.tokens, before, no_system)
        asked, target = placed.conversation, None
        if answer is not None:
            asked, target = _answered(model.tokens, placed, answer)
        notes += _extra_start(model.tokens, asked.text)
        found = _features(model.tokens, asked, placed, features)
    return ChatPrompt(Prompt(asked.text, found.spans, features, tuple(notes), found.names), target)


def _with_system(messages: tuple[Message, ...], system: str | None) -> tuple[Message, ...]:
    ChatSettings(system=system)
    if system is None:
        return messages
    if messages[0].role == SYSTEM:
        raise InputError(
            "The messages have a system's message of their own; leave out --system, or that."
        )
    return (Message.marked(SYSTEM, system), *messages)


def _divided(
    messages: tuple[Message, ...], turn: int | bool | None
) -> tuple[tuple[Message, ...], Message | None]:
    """Return what was said before a turn of the assistant, and that turn.

    Raises:
        InputError: There is no such turn, or nothing before it.
    """
    if turn is None or turn is False:
        if messages[-1].role == ASSISTANT:
            raise InputError(
                "The conversation ends with the assistant's message; --target-turn explains it, or "
                "leave it out to have the model answer."
            )
        return messages, None
    number = -1 if turn is True else turn
    places = [place for place, one in enumerate(messages) if one.role == ASSISTANT]
    place = places[turn_number(number, len(places))]
    if place == 0:
        raise InputError("The assistant's turn is the first message; something has to precede it.")
    left = len(messages) - place - 1
    if left:
        note(f"{left} message{'s' if left > 1 else ''} after the target left out.")
    return messages[:place], messages[place]


def _answered(tokens: Tokens, placed: Placed, answer: Message) -> tuple[Conversation, str]:
    """Return a conversation up to an answer, reasoning before it included, and the answer.

    The answer is the text behind the opening, as the template writes it; where it writes a given
    answer otherwise, its content.
    """
    conversation = placed.conversation
    written = answer.content
    if isinstance(tokens, TransformersTokens):
        whole = rendered(tokens.tokenizer, [*placed.messages, answer], False)
        for content in (answer.content, answer.content.strip()):
            # the system's message may have been left out, so only what follows the last is alike
            _, opened, rest = whole.rpartition(
                conversation.text[conversation.messages[-1].content[0] :]
            )
            if opened and content in rest:
                written = rest[: rest.index(content) + len(content)]
                break
    blocks = thoughts(written)
    if not blocks or not written[blocks[-1][1] :].strip():
        return conversation, written
    end = blocks[-1][1]
    start = len(conversation.text)
    thinking = Said(THINKING, (start, start + end), (start, start + end))
    longer = Conversation(
        conversation.text + written[:end], (*conversation.messages, thinking), conversation.template
    )
    return longer, written[end:]


def _features(tokens: Tokens, conversation: Conversation, placed: Placed, name: str) -> Segmented:
    marks = [
        placed.moved(index, span)
        for index, message in enumerate(placed.messages)
        for span in message.marks
    ]
    if name in (MESSAGES, TURNS):
        spans, names = inside(conversation.text, *conversation.features(name), marks)
        return Segmented(tuple(spans), tuple(names))
    if name == MARKED:
        if not marks:
            raise InputError(
                "Nothing is marked in the messages; mark parts of their contents with [[ and ]], "
                "or choose other features: messages, turns, reasoning, sentences."
            )
        return Segmented(tuple(marks))
    return features_in(
        conversation.text, marks or conversation.contents, name, tokens.spans, bool(marks)
    )


def _extra_start(tokens: Tokens, text: str) -> Iterator[str]:
    """Yield that the tokenizer puts a start before a template that has none of its own."""
    if not isinstance(tokens, TransformersTokens):
        return
    meant = tuple(tokens.tokenizer(text, add_special_tokens=False)["input_ids"])
    read = tokens.encode(text)
    if read != meant:
        extra = tokens.decode(read[: len(read) - len(meant)])
        yield (
            f"The tokenizer puts {extra} before every text, although the chat template does not "
            "begin with it; the model reads it first."
        )
