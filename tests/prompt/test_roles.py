"""Every token has one role; what decides it is said by hand here."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bathyscope.core.heatmap import Axis
from bathyscope.prompt.roles import Role, axis_roles, roles

TEXTS = {
    Role.DIGIT: ["8", "16,000", " 0.8", "½", "$50", "50%", "-3", "12/05/2024", "3-5", "(8)", "²"],
    Role.OPERATOR: ["+", " −", "×", "÷ ", "±"],
    Role.EQUALS: ["=", " =", "==", "≈"],
    Role.CURRENCY: ["$", " €", "£", "₹"],
    Role.WORD: ["the", " The", "don't", "well-known", "13th", "é", "数", "\\boxed", "x"],
    Role.PUNCTUATION: [".", ",", ")}", " $\\", "\\", "`", "<", "|", "…", "“", ":", "-", "/", "*"],
    Role.SPACE: [" ", "\t", "   ", ""],
    Role.NEWLINE: ["\n", " \n\n", "\r\n"],
    Role.EXPRESSION: ["9 + 3 = 12", "50(10x5)", "$35 ($85 - $50)", "4900/100 = 49", "8 x 5."],
    Role.PHRASE: ["Q: how many?", "A: 9 + 3 = 12.", "two words"],
    Role.OTHER: ["<eos>", "<|im_end|>", "\\xe2", "\\u200d", "☃", "🙂", "\u0301"],
}


@pytest.mark.parametrize("role", Role)
def test_what_stands_alone(role: Role) -> None:
    for text in TEXTS[role]:
        assert roles([text]) == (role,), text


@pytest.mark.parametrize("sign", ["/", " x", "-", "*", "^", "·"])
def test_some_signs_calculate_only_between_numbers(sign: str) -> None:
    otherwise = Role.WORD if sign == " x" else Role.PUNCTUATION
    assert roles(["8", sign, " ", "2"])[1] is Role.OPERATOR
    assert roles(["8", " ", sign, "$", "2"])[2] is Role.OPERATOR
    assert roles([")", sign, "("])[1] is Role.OPERATOR
    assert roles(["8", sign])[1] is Role.OPERATOR, "an answer that ends there"
    for around in (["and", sign, "or"], [sign, "2"], ["8", sign, "or"], ["and", sign, "2"]):
        assert roles(around)[around.index(sign)] is otherwise


@given(st.lists(st.text(max_size=6), max_size=6))
def test_every_text_has_one_role(texts: list[str]) -> None:
    assert len(roles(texts)) == len(texts)


def test_labels_of_tokens_are_read_as_their_text() -> None:
    labels = ("▁$", "1", "▁/ | ▁x", "▁", "2", "⏎", "é 1/2", "é 2/2")
    found = axis_roles(Axis("target token", labels), Axis("feature", ("a",)), {})
    assert found is not None and [str(role) for role in found] == [
        *("currency", "digit", "operator", "space", "digit", "newline", "word", "word")
    ]


def test_features_are_read_from_the_prompt() -> None:
    axis = Axis("feature", ("#1 $", "#2 $"), spans=((0, 1), (2, 3)))
    tokens = Axis("target token", ("a",))
    assert axis_roles(axis, tokens, {"prompt": "$ $"}) == (Role.CURRENCY, Role.CURRENCY)
    assert axis_roles(axis, tokens, {}) == (Role.DIGIT, Role.DIGIT), "labels hold a number"


def test_other_axes_have_no_roles() -> None:
    layers, countries = Axis("layer", ("1",)), Axis("country", ("8",))
    assert axis_roles(layers, Axis("response token", ("8",)), {}) is None
    assert axis_roles(countries, Axis("column", ("8",)), {}) is None
    assert axis_roles(Axis("column", ("8",)), countries, {}) is None
    assert axis_roles(Axis("column", ("8",)), Axis("token", ("8",)), {}) == (Role.DIGIT,)


def test_the_documentation_lists_every_role() -> None:
    text = (Path(__file__).parents[2] / "docs" / "describe.md").read_text(encoding="utf-8")
    table = text.split("## Roles")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, flags=re.M) == [str(role) for role in Role]
