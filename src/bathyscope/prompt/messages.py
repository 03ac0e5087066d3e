"""Messages of a conversation in the form of OpenAI's API: roles, contents, tools as text."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.files.reading import contents
from bathyscope.core.heatmap import Span
from bathyscope.core.noting import note
from bathyscope.core.records import kind_of_value
from bathyscope.core.text import decoded, plain, require_characters, shortened
from bathyscope.prompt.conversation import ASSISTANT, SYSTEM, TOOL, role_named
from bathyscope.prompt.marks import read_marks

Given = str | Path | Sequence[Mapping[str, Any]]
"""Messages: a file of them, or themselves."""

_TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        role: system, user, assistant or tool.
        content: What was said, marks removed.
        marks: What was marked in it.
    """

    role: str
    content: str
    marks: tuple[Span, ...] = ()

    @classmethod
    def marked(cls, role: str, source: str) -> "Message":
        """Read a message whose parts may be marked `[[like this]]`."""
        return cls(role, *read_marks(source))


def read_messages(given: Given) -> tuple[Message, ...]:
    """Return messages in the form of OpenAI's API; what tools were called with and said is text.

    A file holds a list of messages, or an object with `messages`, as a request has it. A content is
    a text, or a list of parts that are texts. Reasoning that stands beside the content
    (`reasoning_content`) is put before it, in `<think>` tags.

    Raises:
        InputError: They are none, empty, or hold what is no text, such as a picture.
    """
    if isinstance(given, str | Path):
        name, found = str(given), _loaded(Path(given))
    else:
        name, found = "The messages", given
    tools: object = None
    if isinstance(found, Mapping):
        if "messages" not in found:
            raise InputError(
                f"{name} has no field 'messages'; give a list of messages with role and content, "
                "or an object that holds one."
            )
        found, tools = found["messages"], found.get("tools")
    if not isinstance(found, Sequence) or isinstance(found, str) or not found:
        came = "an empty list" if found == [] else kind_of_value(found)
        raise InputError(f"{name} holds {came}, not a list of messages with role and content.")
    messages = [
        _message(one, f"{name}, message {number}") for number, one in enumerate(found, start=1)
    ]
    return tuple(_with_tools(messages, tools, name))


def _loaded(path: Path) -> Any:
    """Return what a file of messages holds.

    Raises:
        InputError: It cannot be read, is no JSON, or holds several conversations.
    """
    content = contents(path, _MOST_BYTES)
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path} has more than {_MOST_BYTES // 2**20} MiB; give one conversation.")
    text = decoded(content, str(path))
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        lines = [line for line in text.split("\n") if line.strip()]
        if reason == "Extra data" and len(lines) > 1:
            raise InputError(
                f"{path} holds several JSON values, such as one conversation a line; give one of "
                "them alone."
            ) from error
        raise InputError(
            f"{path} is no JSON ({reason[:200]}); expected is a list of messages with role and "
            "content."
        ) from error


def _message(given: object, place: str) -> Message:
    if not isinstance(given, Mapping):
        raise InputError(f"{place} is {kind_of_value(given)}, not an object with role and content.")
    name = given.get("role")
    role = role_named(name) if isinstance(name, str) else None
    if role is None:
        came = "no role" if "role" not in given else f"the role {shortened(str(name))}"
        raise InputError(f"{place} has {came}; give system, developer, user, assistant or tool.")
    text = "\n".join(_texts(given, role, place))
    if not text.strip():
        raise InputError(f"{place} says nothing; give its content as a text, or leave it out.")
    require_characters(text, f"text of {place}")
    try:
        return Message.marked(role, plain(text))
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def _texts(given: Mapping[str, Any], role: str, place: str) -> Iterator[str]:
    """Yield the texts of a message: reasoning, content, and what tools were called with."""
    for name in ("reasoning_content", "reasoning"):
        thought = given.get(name)
        if role == ASSISTANT and isinstance(thought, str) and thought.strip():
            yield f"<think>\n{thought.strip()}\n</think>\n"
            break
    yield from _content(given.get("content"), place)
    refusal = given.get("refusal")
    if isinstance(refusal, str):
        yield refusal
    yield from map(_call, _calls(given, place))


def _content(content: object, place: str) -> Iterator[str]:
    if content is None:
        return
    if isinstance(content, str):
        yield content
        return
    if not isinstance(content, Sequence):
        raise InputError(
            f"The content of {place} is {kind_of_value(content)}; give a text, or a list of parts "
            'such as {"type": "text", "text": "…"}.'
        )
    for number, part in enumerate(content, start=1):
        kind = part.get("type") if isinstance(part, Mapping) else None
        text = part.get(_TEXTS[kind]) if isinstance(kind, str) and kind in _TEXTS else None
        if isinstance(text, str):
            yield text
            continue
        came = f"of the type {shortened(kind)}" if isinstance(kind, str) else kind_of_value(part)
        raise InputError(
            f"Part {number} of the content of {place} is {came}; only texts can be read here, as "
            '{"type": "text", "text": "…"}.'
        )


def _calls(given: Mapping[str, Any], place: str) -> list[Mapping[str, Any]]:
    """Return what tools a message calls; `function_call` is the older form."""
    calls, older = given.get("tool_calls"), given.get("function_call")
    found = [*calls] if isinstance(calls, Sequence) and not isinstance(calls, str) else []
    found += [] if older is None else [{"function": older}]
    if (calls is not None and not isinstance(calls, list)) or not all(
        isinstance(one, Mapping) for one in found
    ):
        raise InputError(f"The tool calls of {place} are no list of objects; correct or drop them.")
    return found


def _call(call: Mapping[str, Any]) -> str:
    """Return a call of a tool as a line of JSON: its name and its arguments."""
    function = call.get("function", call.get("custom", call))
    if not isinstance(function, Mapping):
        return _json(function)
    arguments = function.get("arguments", function.get("input"))
    if isinstance(arguments, str):
        with suppress(ValueError, RecursionError):  # a model wrote it: it may be no JSON
            arguments = json.loads(arguments)
    return _json({"name": function.get("name"), "arguments": arguments})


def _with_tools(messages: list[Message], tools: object, name: str) -> list[Message]:
    """Return messages with the definitions of tools at the end of the system's message."""
    if not tools:
        return messages
    if not isinstance(tools, list):
        raise InputError(f"The tools of {name} are {kind_of_value(tools)}, not a list.")
    text = "Tools:\n" + "\n".join(map(_json, tools))
    require_characters(text, f"text of the tools of {name}")
    note(f"The definitions of {len(tools)} tools stand as text in the system's message.")
    if messages[0].role == SYSTEM:
        first = messages[0]
        return [replace(first, content=f"{first.content}\n\n{text}"), *messages[1:]]
    return [Message(SYSTEM, text), *messages]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def without_tools(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return messages in which what a tool said is said by the user, for templates of two voices.

    What several tools said one after the other, or a tool before the user, becomes one message.
    """
    found: list[Message] = []
    for one in messages:
        voice = replace(one, role="user") if one.role == TOOL else one
        if found and voice.role == "user" == found[-1].role:
            before = found[-1]
            shift = len(before.content) + 2
            marks = tuple((start + shift, end + shift) for start, end in voice.marks)
            text = f"{before.content}\n\n{voice.content}"
            found[-1] = Message("user", text, (*before.marks, *marks))
        else:
            found.append(voice)
    return tuple(found)
