"""PROMPT, or the conversation of --messages, with its features: what a verb is asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bathyscope.cli.features import choose_features, tokens_as_features
from bathyscope.cli.texts import given_text, read_text
from bathyscope.core.errors import InputError
from bathyscope.core.noting import noting
from bathyscope.prompt import Prompt
from bathyscope.prompt.conversation import MESSAGES, TURNS
from bathyscope.prompt.messages import Message, read_messages
from bathyscope.prompt.segmenters import MARKED, require_known
from bathyscope.prompt.templates import cut_before_turn, pasted

if TYPE_CHECKING:
    from bathyscope.model.language_model import LanguageModel


@dataclass(frozen=True)
class AskedText:
    """The text that a verb is asked about, as the options give it.

    Attributes:
        source: PROMPT with its marks; None where there are messages.
        messages: The conversation, instead of it.
        features: Name of the features.
        chat: The settings of the chat template, as verbs take them.
        turn: Which of the assistant's turns is the target.
        notes: What was found when it was read.
        said: What was said in that turn, where no model is needed to know it.
    """

    source: str | None
    messages: tuple[Message, ...]
    features: str
    chat: Mapping[str, Any]
    turn: int | None
    notes: tuple[str, ...] = ()
    said: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The chat settings that are left for the verb: of messages none."""
        return {} if self.messages else dict(self.chat)

    def targets(self, given: Sequence[str | None], option: str = "--target") -> list[str | None]:
        """Return the targets before a model is loaded: those given, or a turn.

        Raises:
            InputError: There are both.
        """
        if self.turn is not None and any(one is not None for one in given):
            raise InputError(f"--target-turn says what is explained; leave it out, or {option}.")
        return [*given] if self.said is None else [self.said]

    def known(self) -> Prompt | None:
        """Return the prompt with its features where no model is needed to find them.

        Raises:
            InputError: Marks are wrong, or nothing is found.
        """
        if self.messages or self.source is None:
            return None
        return choose_features(self.source, self.features)

    def marked(self) -> Prompt | None:
        """Return the prompt with what is marked in it, which may be nothing; of messages None."""
        return None if self.source is None else Prompt.marked(self.source)

    def text(self, model: "LanguageModel") -> tuple[str | Prompt, str | None]:
        """Return the same for verbs that ask for the text alone."""
        return self.of(model) if self.source is None else (self.source, self.said)

    def of(self, model: "LanguageModel") -> tuple[Prompt, str | None]:
        """Return the prompt as a model is asked it, and the target where a turn is one."""
        if not self.messages:
            assert self.source is not None
            return self.known() or tokens_as_features(self.source, model), self.said
        from bathyscope.model.chat import prompt_of

        said = {name: self.chat[name] for name in ("system", "no_system")}
        prompt, target = prompt_of(
            model, self.messages, self.features, target_turn=self.turn, **said
        )
        return replace(prompt, notes=(*self.notes, *prompt.notes)), target


def asked_about(given: Mapping[str, Any], *, plain: bool = False) -> AskedText:
    """Read what a verb is asked about.

    Args:
        given: The options of the verb by their names: `prompt`, `messages`, `chat`, `system`,
            `no_system`, and where it has them `features`, `target_turn` and `keep_newline`.
        plain: Whether the verb asks for the text alone, in which marks are text.

    Raises:
        InputError: Both or neither of the first two are given, or they cannot be read.
    """
    prompt, messages, turn = given["prompt"], given["messages"], given.get("target_turn")
    features = None if plain else given.get("features") or MARKED
    chat = {name: given[name] for name in ("chat", "system", "no_system")}
    if features is not None:
        require_known(features)
    if (prompt is None) == (messages is None):
        raise InputError(
            "Give a PROMPT (a text, a file, or -), or a conversation with --messages FILE; one of "
            "the two."
        )
    if chat["system"] is not None:
        chat["system"] = given_text(chat["system"], "text of --system")
    if messages is not None:
        with noting() as heard:
            said = read_messages(messages)
        return AskedText(None, said, _named(features, said), chat, turn, tuple(heard))
    source = read_text(prompt, keep_newline=given.get("keep_newline", False))
    templated = chat["chat"] or chat["no_system"] or chat["system"] is not None
    conversation = pasted(source if features is None else Prompt.marked(source).text)
    if conversation is None and turn is not None:
        raise InputError(
            "--target-turn is a turn of a conversation; give one with --messages FILE, or in the "
            "text of a chat template such as ChatML."
        )
    if templated and conversation is None and features in (MESSAGES, TURNS):
        return AskedText(None, (Message.marked("user", source),), features, chat, None)
    if turn is None or conversation is None:
        return AskedText(source, (), features or MARKED, chat, None)
    if templated:
        texts = [
            (one.role, conversation.text[slice(*one.content)]) for one in conversation.messages
        ]
        said = tuple(Message(role, text) for role, text in texts)
        return AskedText(None, said, _named(features, said), chat, turn)
    before, target = cut_before_turn(source, turn)
    return AskedText(before, (), features or MARKED, chat, turn, said=target)


def _named(features: str | None, messages: tuple[Message, ...]) -> str:
    """Return the features that are meant: messages, where marks are and there is none."""
    marked = any(one.marks for one in messages)
    return MESSAGES if features is None or (features == MARKED and not marked) else features
