"""Chat templates by their marks: conversations that were pasted in the form a model reads."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bathyscope.core.heatmap import Span
from bathyscope.prompt.conversation import (
    ASSISTANT,
    MESSAGES,
    SYSTEM,
    TURNS,
    USER,
    Conversation,
    Said,
    role_named,
    turn_number,
)
from bathyscope.prompt.segmenter import Segmenter

_SYS = re.compile(r"\s*<<SYS>>\n?(?P<content>.*?)\n?<</SYS>>\s*", re.DOTALL)


@dataclass(frozen=True)
class ChatTemplate:
    """Marks of a chat template.

    Attributes:
        name: What it is called.
        header: What opens a message; its group `role`, or the name of the group that matched,
            says whose.
        end: What closes one.
    """

    name: str
    header: re.Pattern[str]
    end: re.Pattern[str]

    def messages(self, text: str) -> list[Said]:
        """Return the messages of a text; none where it is not written so.

        There have to be two openings, or one that is closed: a text may speak of a mark.
        """
        headers = [found for found in self.header.finditer(text) if _role(found) is not None]
        if not headers:
            return []
        edges = [*(found.start() for found in headers), len(text)]
        said: list[Said] = []
        closed = 0
        for header, (start, stop) in zip(headers, pairwise(edges), strict=True):
            end = self.end.search(text, header.end(), stop)
            closed += end is not None
            content = (header.end(), stop if end is None else end.start())
            said += _divided(text, str(_role(header)), content, (start, end.end() if end else stop))
        if len(headers) < 2 and not closed:
            return []
        return [one for one in said if text[slice(*one.content)].strip()]


def _role(header: re.Match[str]) -> str | None:
    """Return whose message a header opens; None of a role that there is not."""
    groups = header.groupdict()
    if groups.get("role") is not None:
        return role_named(groups["role"])
    return next((name for name in (SYSTEM, USER, ASSISTANT) if groups.get(name)), None)


def _divided(text: str, role: str, content: Span, block: Span) -> Iterator[Said]:
    """Yield a message, or two: Llama 2 writes the system's into the user's first."""
    start, end = content
    inner = _SYS.match(text, start, end) if role == USER else None
    if inner is None:
        yield Said(role, content, block)
        return
    yield Said(SYSTEM, inner.span("content"), inner.span())
    yield Said(USER, (inner.end(), end), (inner.end(), end))


def _template(name: str, header: str, end: str) -> ChatTemplate:
    return ChatTemplate(name, re.compile(header), re.compile(end))


TEMPLATES: tuple[ChatTemplate, ...] = (
    _template(
        "ChatML", r"<\|im_start\|>(?P<role>\w+)(?:\n|<\|im_sep\|>)", r"<\|im_end\|>[^\S\n]*\n?"
    ),
    _template(
        "Llama 3",
        r"<\|start_header_id\|>(?P<role>\w+)<\|end_header_id\|>\s*",
        r"<\|(?:eot|eom)_id\|>",
    ),
    _template("Llama 4", r"<\|header_start\|>(?P<role>\w+)<\|header_end\|>\s*", r"<\|eo[tm]\|>"),
    _template("Gemma", r"<start_of_turn>(?P<role>\w+)\n", r"<end_of_turn>\n?"),
    _template(
        "Granite",
        r"<\|start_of_role\|>(?P<role>\w+)<\|end_of_role\|>",
        r"<\|end_of_text\|>\n?",
    ),
    _template(
        "Harmony",
        r"<\|start\|>(?P<role>\w+)(?:<\|channel\|>[^<]*)?<\|message\|>",
        r"<\|(?:end|return|call)\|>",
    ),
    _template(
        "Command",
        r"<\|START_OF_TURN_TOKEN\|><\|(?P<role>[A-Za-z]+)_TOKEN\|>",
        r"<\|END_OF_TURN_TOKEN\|>",
    ),
    _template(
        "DeepSeek",
        r"<[|｜](?:(?P<user>User)|(?P<assistant>Assistant))[|｜]>",
        r"<[|｜]end[▁_]of[▁_]sentence[|｜]>",
    ),
    _template(
        "Phi 3",
        r"<\|(?P<role>system|user|assistant|observation|tool)\|>\n?",
        r"<\|end(?:oftext)?\|>\n?|</s>\n?",
    ),
    _template(
        "Llama 2 or Mistral",
        r"(?P<user>(?:<s>)?\s*\[INST\] ?)|(?P<assistant> ?\[/INST\] ?)"
        r"|(?P<system>(?:<s>)?\[SYSTEM_PROMPT\])",
        r" ?</s>|\[/SYSTEM_PROMPT\]",
    ),
)
"""Every template that is recognised, by marks that no ordinary text has."""


def pasted(text: str) -> Conversation | None:
    """Return the conversation that a text is, by the marks of its template; None where it is none.

    The opening of an answer that is still to come is no message.
    """
    found = [(template.name, template.messages(text)) for template in TEMPLATES]
    name, messages = max(found, key=lambda each: len(each[1]))
    return Conversation(text, tuple(messages), name) if messages else None


def cut_before_turn(source: str, turn: int) -> tuple[str, str]:
    """Return a conversation, marks and all, up to a turn of the assistant, and what is said there.

    Args:
        source: A conversation in its template.
        turn: Which of the assistant's turns, from 1, or from the end with −1.

    Raises:
        InputError: There is no such turn.
    """
    conversation = pasted(source)
    said = () if conversation is None else conversation.messages
    turns = [one.content for one in said if one.role == ASSISTANT]
    start, end = turns[turn_number(turn, len(turns))]
    return source[:start], source[start:end]


class PastedSegmenter(Segmenter):
    """A segmenter of conversations that were pasted in their template."""

    whole = True
    missing = (
        "No conversation was recognised in the prompt: give one as --messages, in the form of "
        "OpenAI's API, or in the text of a chat template such as ChatML"
    )

    def find(self, text: str) -> list[Span]:
        """Return the messages or turns of a text."""
        return [*self._features(text)[0]]

    def names(self, text: str) -> Sequence[str]:
        """Return what each is called: whose it is, and how it begins."""
        return self._features(text)[1]

    def _features(self, text: str) -> tuple[tuple[Span, ...], tuple[str, ...]]:
        conversation = pasted(text)
        return ((), ()) if conversation is None else conversation.features(self.name)


class Messages(PastedSegmenter):
    """Messages of a conversation."""

    name = MESSAGES
    summary = "messages of a conversation, reasoning and answer apart"


class Turns(PastedSegmenter):
    """Turns of a conversation: a question and what was said to it."""

    name = TURNS
    summary = "turns of a conversation, the open question left out"
