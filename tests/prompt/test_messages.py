"""Conversations as they come: what is read of them, and what is refused in one sentence."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import bathyscope as bs
from bathyscope.core.noting import noting
from bathyscope.prompt.messages import Message, read_messages, without_tools

USER = {"role": "user", "content": "Hi"}


def test_roles_contents_and_parts() -> None:
    given: list[dict[str, Any]] = [
        {"role": "developer", "content": "Be [[kind]]."},
        {"role": "user", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]},
        {"role": "assistant", "content": None, "refusal": "No."},
        {"role": "user", "content": "\ufeffC\r\nD"},
    ]
    assert read_messages(given) == (
        Message("system", "Be kind.", ((3, 7),)),
        Message("user", "A\nB"),
        Message("assistant", "No."),
        Message("user", "C\nD"),
    )


def test_what_tools_were_called_with_and_said_is_text() -> None:
    call = {"id": "1", "function": {"name": "sum", "arguments": '{"a": 1, "b": "é"}'}}
    broken = {"id": "2", "function": {"name": "sum", "arguments": "{not json"}}
    given: list[dict[str, Any]] = [
        USER,
        {"role": "assistant", "content": "Wait.", "tool_calls": [call, broken]},
        {"role": "tool", "tool_call_id": "1", "content": "3"},
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "4"},
    ]
    assert [(one.role, one.content) for one in read_messages(given)] == [
        ("user", "Hi"),
        (
            "assistant",
            'Wait.\n{"name": "sum", "arguments": {"a": 1, "b": "é"}}\n'
            '{"name": "sum", "arguments": "{not json"}',
        ),
        ("tool", "3"),
        ("assistant", '{"name": "f", "arguments": {}}'),
        ("tool", "4"),
    ]


def test_definitions_of_tools_stand_in_the_system_s_message() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    with noting() as notes:
        (system, _) = read_messages_of({"messages": [USER], "tools": tools})
        (longer, _) = read_messages_of(
            {"messages": [{"role": "system", "content": "S"}, USER], "tools": tools}
        )
    assert system.role == "system" and system.content.startswith("Tools:\n{")
    assert longer.content == f"S\n\n{system.content}"
    assert notes == ["The definitions of 1 tools stand as text in the system's message."]


def read_messages_of(document: Any) -> tuple[Message, ...]:
    return read_messages(document)


def test_reasoning_beside_the_content_is_put_before_it() -> None:
    given = [USER, {"role": "assistant", "content": "4", "reasoning_content": " 2 + 2 "}]
    assert read_messages(given)[1].content == "<think>\n2 + 2\n</think>\n\n4"


def test_tools_become_the_user_s_where_a_template_has_two_voices() -> None:
    said = [("user", "a"), ("assistant", "b"), ("tool", "c"), ("tool", "d"), ("assistant", "e")]
    messages = [Message(role, text, ((0, 1),)) for role, text in said]
    found = without_tools(messages)
    assert [(one.role, one.content) for one in found] == [
        ("user", "a"),
        ("assistant", "b"),
        ("user", "c\n\nd"),
        ("assistant", "e"),
    ]
    assert found[2].marks == ((0, 1), (3, 4))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "holds an empty list"),
        ({}, "has no field 'messages'"),
        ({"messages": {"role": "user"}}, "holds an object, not a list"),
        ({"messages": None}, "holds null, not a list"),
        (["Hi"], "message 1 is a text, not an object"),
        ([{"content": "Hi"}], "message 1 has no role"),
        ([{"role": 3, "content": "Hi"}], "message 1 has the role '3'; give system"),
        ([{"role": "narrator", "content": "Hi"}], "the role 'narrator'"),
        ([USER, {"role": "user"}], "message 2 says nothing"),
        ([{"role": "user", "content": " \n"}], "message 1 says nothing"),
        ([{"role": "user", "content": 3}], "content of .* message 1 is a number"),
        ([{"role": "user", "content": True}], "is true or false"),
        ([{"role": "user", "content": ["Hi"]}], "Part 1 .* is a text; only texts can be read"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
            "Part 1 of the content of .* is of the type 'image_url'",
        ),
        ([{"role": "user", "content": [{"type": "text", "text": 5}]}], "is of the type 'text'"),
        ([{"role": "assistant", "tool_calls": "x"}], "tool calls of .* are no list"),
        ([{"role": "assistant", "tool_calls": [1]}], "tool calls of .* are no list"),
        ([{"role": "user", "content": "a [[b"}], "message 1: The mark .* is never closed"),
        ([{"role": "user", "content": "\ud800"}], "holds no valid Unicode"),
        ({"messages": [USER], "tools": {"a": 1}}, "tools of .* are an object"),
    ],
)
def test_what_is_no_conversation_is_refused_in_one_sentence(given: Any, sentence: str) -> None:
    with pytest.raises(bs.InputError, match=sentence) as caught:
        read_messages(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"is no JSON \(Expecting value\)"),
        (b"Hello", "is no JSON"),
        (b'{"messages": [{"role": "user", "content": "Hi"}]', "is no JSON"),
        (b'{"messages": []}\n{"messages": []}\n', "several JSON values"),
        (b"[" * 100_000, "is no JSON"),
        (b"\xff\xfea", "is not UTF-16 text"),
        (b'"\xe9"', "is not UTF-8 text"),
        (b"3", "holds a number"),
        (b"[NaN]", "message 1 is a number"),
    ],
)
def test_hostile_files(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "chat.json"
    path.write_bytes(content)
    with pytest.raises(bs.InputError, match=sentence):
        read_messages(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(bs.InputError, match="cannot be read"):
        read_messages(tmp_path / "none.json")
    with pytest.raises(bs.InputError, match="cannot be read"):
        read_messages(tmp_path)
    with pytest.raises(bs.InputError, match="cannot be read"):
        read_messages("a\0b")


def test_a_file_is_read_like_a_list(tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"messages": [USER], "model": "x"}).encode())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_messages(path) == read_messages([USER]) == (Message("user", "Hi"),)
