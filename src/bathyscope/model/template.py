"""Chat template of a model: messages in, one text out, and where each message stands in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.core.noting import note
from bathyscope.model.tokenizer import TransformersTokens
from bathyscope.model.tokens import Tokens
from bathyscope.prompt.conversation import ASSISTANT, SYSTEM, TOOL, USER, Conversation, Said
from bathyscope.prompt.messages import Message, without_tools
from bathyscope.prompt.templates import TEMPLATES
from bathyscope.prompt.thoughts import thoughts

_PLACEHOLDER = "bathyscope-message-{}-here"
_OWN = "the model"


@dataclass(frozen=True)
class Placed:
    """Messages in the text of a template.

    Attributes:
        conversation: The text, and where the messages stand in it.
        messages: The messages as the template was given them.
        kept: Of each, the part of its content that the template kept, as a span of the content.
    """

    conversation: Conversation
    messages: tuple[Message, ...]
    kept: tuple[Span, ...]

    def moved(self, index: int, span: Span) -> Span:
        """Return a span of one message's content as a span of the text.

        Raises:
            InputError: The template leaves it out.
        """
        first, last = self.kept[index]
        start, end = max(span[0], first), min(span[1], last)
        if start >= end:
            raise InputError(
                f"The feature at characters {span[0]}..{span[1]} is white space at the end of the "
                "message, or reasoning, which the model's chat template strips; leave it unmarked."
            )
        begin = self.conversation.messages[index].content[0]
        return start - first + begin, end - first + begin


def in_template(
    tokens: Tokens, messages: Sequence[Message], no_system: bool = False, answering: bool = True
) -> Placed:
    """Return messages in the model's chat template.

    Args:
        tokens: The model's tokenizer.
        messages: The messages.
        no_system: Whether the message of the system that the template writes by itself is left out.
        answering: Whether the opening of the model's answer follows.

    Raises:
        InputError: The model has no chat template, or it refuses the messages or changes what they
            say beyond white space at its ends.
    """
    if not isinstance(tokens, TransformersTokens) or not tokens.tokenizer.chat_template:
        raise InputError(
            "The model has no chat template; leave out --chat, or choose a model that was trained "
            "to chat (often named -Instruct or -it)."
        )
    tokenizer, given = tokens.tokenizer, tuple(messages)
    if any(one.role == TOOL for one in given) and _around(tokenizer, given, answering) is None:
        given = without_tools(given)
        note("The model's chat template has no place for tools: what they said is the user's.")
    placed = _placed(tokenizer, given, answering)
    _note_marks(placed)
    return _without_system(tokenizer, placed) if no_system else placed


def rendered(tokenizer: Any, messages: Sequence[Message], answering: bool) -> str:
    """Return what the template makes of messages.

    Raises:
        InputError: It refuses them.
    """
    from jinja2 import TemplateError

    try:
        text: str = tokenizer.apply_chat_template(
            [{"role": one.role, "content": one.content} for one in messages],
            tokenize=False,
            add_generation_prompt=answering,
        )
    except (TemplateError, TypeError, ValueError, KeyError, AttributeError) as error:
        several = "one message of a user" if len(messages) == 1 else "these messages"
        raise InputError(
            f"The model's chat template does not take {several}: {error}; leave out --chat (and "
            "--system, or messages that it has no role for) and write the template's text around "
            "the prompt yourself."
        ) from error
    return text


def _around(tokenizer: Any, messages: Sequence[Message], answering: bool) -> list[str] | None:
    """Return what a template writes before, between and behind contents; None where not known.

    It is learnt from placeholders, because a short message may occur in the template's own words.
    """
    names = [_PLACEHOLDER.format(index) for index in range(len(messages))]
    asked = [replace(one, content=name) for one, name in zip(messages, names, strict=True)]
    try:
        text = rendered(tokenizer, asked, answering)
    except InputError:
        return None
    pieces: list[str] = []
    for name in names:
        if text.count(name) != 1:
            return None
        before, _, text = text.partition(name)
        pieces.append(before)
    return [*pieces, text]


def _placed(tokenizer: Any, messages: tuple[Message, ...], answering: bool) -> Placed:
    text = rendered(tokenizer, messages, answering)
    found = _found_between(text, messages, _around(tokenizer, messages, answering))
    found = found or _found_by_themselves(text, messages)
    if found is None:
        raise InputError(
            "The model's chat template changes the prompt, so that its features cannot be found "
            "again; leave out --chat and write the template's text around the prompt yourself."
        )
    contents = [(start, start + last - first) for start, (first, last) in found]
    blocks = _blocks(tokenizer, text, messages, contents)
    said = tuple(
        Said(one.role, content, block)
        for one, content, block in zip(messages, contents, blocks, strict=True)
    )
    return Placed(Conversation(text, said, _OWN), messages, tuple(kept for _, kept in found))


def _found_between(
    text: str, messages: Sequence[Message], around: list[str] | None
) -> list[tuple[int, Span]] | None:
    """Return where each content begins, and which part of it stands there."""
    if around is None or not text.startswith(around[0]):
        return None
    position = len(around[0])
    found: list[tuple[int, Span]] = []
    for message, after in zip(messages, around[1:], strict=True):
        last = message is messages[-1]
        for first, end in _variants(message):
            rest = position + end - first
            is_it = text.startswith(message.content[first:end], position)
            if is_it and (text[rest:] == after if last else text.startswith(after, rest)):
                found.append((position, (first, end)))
                position = rest + len(after)
                break
        else:
            return None
    return found


def _variants(message: Message) -> Iterator[Span]:
    """Yield what templates keep of a content: all, without white space, without reasoning."""
    content = message.content
    starts = (0, len(content) - len(content.lstrip()))
    ends = (len(content), len(content.rstrip()))
    yield starts[0], ends[0]
    yield starts[1], ends[1]
    yield starts[1], ends[0]
    yield starts[0], ends[1]
    blocks = thoughts(content) if message.role == ASSISTANT else []
    if blocks:
        yield blocks[-1][1], ends[0]
        yield blocks[-1][1], ends[1]


def _found_by_themselves(text: str, messages: Sequence[Message]) -> list[tuple[int, Span]] | None:
    """Return the same where contents occur once each: some templates look at them."""
    found = []
    for message in messages:
        if text.count(message.content) != 1:
            return None
        found.append((text.index(message.content), (0, len(message.content))))
    return found if found == sorted(found) else None


def _blocks(
    tokenizer: Any, text: str, messages: Sequence[Message], contents: Sequence[Span]
) -> list[Span]:
    """Return each message with what the template puts around it, where it writes them in a row.

    Then what it makes of the first messages is how it begins with all. Where it does not, a block
    is the content alone.
    """
    blocks: list[Span] = []
    start = len(_lead(tokenizer, text[: contents[0][0]], messages[0].role))
    for count, content in enumerate(contents, start=1):
        try:
            beginning = rendered(tokenizer, messages[:count], False)
        except InputError:
            return list(contents)
        if not text.startswith(beginning) or not start <= content[0] < content[1] <= len(beginning):
            return list(contents)
        blocks.append((start, len(beginning)))
        start = len(beginning)
    return blocks


def _lead(tokenizer: Any, before: str, role: str) -> str:
    """Return what stands before the first message: a token that begins, a system's message."""
    opening = _opening(tokenizer)
    if opening and role == USER and before.endswith(opening):
        return before.removesuffix(opening)
    return _begin(tokenizer, before, opening)


def _begin(tokenizer: Any, before: str, opening: str | None) -> str:
    """Return the token that begins a text, where it is no part of what opens each message."""
    begin = tokenizer.bos_token or ""
    apart = before.startswith(begin) and not (opening or "").startswith(begin)
    return begin if apart else ""


def _opening(tokenizer: Any) -> str | None:
    """Return what opens a message of the user: what follows an answer, less what closes that."""
    said = [Message(role, "x") for role in (USER, ASSISTANT, USER)]
    between, until = _around(tokenizer, said, False), _around(tokenizer, said[:2], False)
    if between is None or until is None or not between[2].startswith(until[2]):
        return None
    return between[2].removeprefix(until[2])


def _without_system(tokenizer: Any, placed: Placed) -> Placed:
    """Return messages without the system's that the template writes by itself.

    Raises:
        InputError: The messages have one of their own, or where it ends is not known.
    """
    said, text = placed.conversation.messages, placed.conversation.text
    if said[0].role == SYSTEM:
        raise InputError(
            "--no-system leaves out what a template says by itself, but the messages have a "
            "system's message; take it out of them."
        )
    before, opening = text[: said[0].content[0]], _opening(tokenizer)
    if opening is None or not before.endswith(opening):
        raise InputError(
            "The model's chat template does not tell where its system's message ends; leave out "
            "--no-system, or write the template's text around the prompt yourself."
        )
    begin = _begin(tokenizer, before, opening)
    cut = len(before) - len(opening) - len(begin)
    moved = tuple(
        Said(one.role, _shifted(one.content, cut), _shifted(one.block, cut)) for one in said
    )
    shorter = begin + text[len(begin) + cut :]
    return replace(placed, conversation=Conversation(shorter, moved, _OWN))


def _shifted(span: Span, by: int) -> Span:
    return span[0] - by, span[1] - by


def _note_marks(placed: Placed) -> None:
    """Say where a message holds what opens or closes messages, and where reasoning is left out."""
    for number, (message, kept) in enumerate(
        zip(placed.messages, placed.kept, strict=True), start=1
    ):
        if thoughts(message.content[: kept[0]]):
            note(f"The model's chat template leaves out the reasoning of message {number}.")
        marks = [
            found[0].strip()
            for template in TEMPLATES
            for pattern in (template.header, template.end)
            if (found := pattern.search(message.content))
        ]
        if marks:
            note(
                f"Message {number} holds {marks[0]!r}, which opens or closes messages in a chat "
                "template; the model may read it so."
            )
