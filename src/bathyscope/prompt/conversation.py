"""Conversations: who said what, where it stands in a text, and the features made of it."""

from dataclasses import dataclass
from itertools import pairwise

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Span
from bathyscope.prompt.thoughts import thoughts

SYSTEM, USER, ASSISTANT, TOOL = "system", "user", "assistant", "tool"

THINKING = "assistant, thinking"
"""What reasoning before an answer is called; beside the roles, it is part of a message."""

MESSAGES, TURNS = "messages", "turns"

_ROLES = {
    **{name: name for name in (SYSTEM, USER, ASSISTANT, TOOL)},
    **{"developer": SYSTEM, "human": USER, "model": ASSISTANT, "ai": ASSISTANT, "bot": ASSISTANT},
    **{"chatbot": ASSISTANT, "function": TOOL, "ipython": TOOL, "observation": TOOL},
    **{"tool_response": TOOL, "environment": TOOL, "gpt": ASSISTANT},
}


def role_named(name: str) -> str | None:
    """Return the role that a name stands for: system, user, assistant or tool; None for others."""
    return _ROLES.get(name.casefold())


def turn_number(turn: int, count: int) -> int:
    """Return the position, from 0, of the N-th of the assistant's turns, or of the last with −1.

    Raises:
        InputError: There is no such turn.
    """
    if not 1 <= abs(turn) <= count:
        raise InputError(
            f"There is no turn {turn} of the assistant; the conversation has {count}, counted from "
            "1."
        )
    return turn - 1 if turn > 0 else count + turn


@dataclass(frozen=True)
class Said:
    """One message of a conversation and its place.

    Attributes:
        role: system, user, assistant, tool, or `THINKING`.
        content: What was said, as a span of the conversation's text.
        block: The same with what the template puts around it.
    """

    role: str
    content: Span
    block: Span


@dataclass(frozen=True)
class Conversation:
    """A conversation as one text.

    Attributes:
        text: All of it, in its template.
        messages: Its messages in order, those without content left out.
        template: Name of the template.
    """

    text: str
    messages: tuple[Said, ...]
    template: str

    @property
    def contents(self) -> tuple[Span, ...]:
        """What was said, without the template's words; empty messages left out."""
        spans = (message.content for message in self.messages)
        return tuple(span for span in spans if self.text[slice(*span)].strip())

    def features(self, name: str) -> tuple[tuple[Span, ...], tuple[str, ...]]:
        """Return the features made of messages or of turns, and what each is called.

        Args:
            name: `MESSAGES` or `TURNS`.

        Raises:
            InputError: There is none.
        """
        found = self._messages() if name == MESSAGES else self._turns()
        if not found:
            raise InputError(
                "The conversation has one turn, the question that is answered, which stays; choose "
                "--features messages, or others."
            )
        spans, names = zip(*found, strict=True)
        return spans, names

    def _messages(self) -> list[tuple[Span, str]]:
        """Return each message with its template's words, reasoning and answer apart."""
        found: list[tuple[Span, str]] = []
        for message in self.messages:
            start, end = message.content
            said = self.text[start:end]
            blocks = thoughts(said) if message.role == ASSISTANT else []
            if not blocks:
                found.append((message.block, self._named(message.role, message.content)))
                continue
            edges = [0, *(edge for block in blocks for edge in block), len(said)]
            for place, (a, b) in enumerate(pairwise(edges)):
                if said[a:b].strip():
                    role = THINKING if place % 2 else message.role
                    found.append(
                        ((start + a, start + b), self._named(role, (start + a, start + b)))
                    )
        return found

    def _turns(self) -> list[tuple[Span, str]]:
        """Return each question with all that was said before the next, and what precedes the first.

        The last question stays as long as it is not answered.
        """
        starts = [i for i, one in enumerate(self.messages) if one.role == USER]
        first = starts[0] if starts else len(self.messages)
        found = [(one.block, self._named(one.role, one.content)) for one in self.messages[:first]]
        for number, (begin, end) in enumerate(
            zip(starts, [*starts[1:], len(self.messages)], strict=True), start=1
        ):
            turn = self.messages[begin:end]
            if end < len(self.messages) or turn[-1].role == ASSISTANT:
                span = (turn[0].block[0], turn[-1].block[1])
                found.append((span, self._named(f"turn {number}", turn[0].content)))
            elif turn[-1].role == THINKING:
                found.append((turn[-1].block, self._named(THINKING, turn[-1].content)))
        return found

    def _named(self, role: str, span: Span) -> str:
        return f"{role}: {self.text[slice(*span)].strip()}"
