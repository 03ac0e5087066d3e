"""Responses divided into steps, and answers found in them."""

import pytest

import bathyscope as bs
from bathyscope.core.noting import noting
from bathyscope.reasoning.answers import answer_span, divided
from bathyscope.reasoning.steps import STEP_RULES, find_steps, step_names
from bathyscope.thinking.answer_rules.rules import RULES


def texts(response: str, rule: str) -> list[str]:
    return [response[slice(*span)] for span in find_steps(response, rule)]


@pytest.mark.parametrize(
    ("rule", "response", "expected"),
    [
        (
            "sentences",
            "One e.g. this. Two!  Three?\n\nFour",
            ["One e.g. this.", "Two!", "Three?", "Four"],
        ),
        ("lines", "\n  One. Two.\n\n\tThree \n", ["One. Two.", "Three"]),
        ("think", "<think>a. b.</think> mid <think>c</think>\nend", ["a. b.", "mid", "c", "end"]),
        ("think", "<think>never closed", ["never closed"]),
        ("think", "<THINKING>x</THINKING>y", ["x", "y"]),
        ("sentences", "<think>One. Two.</think>Three.", ["One.", "Two.", "Three."]),
        ("lines", "<think>\nOne\n</think>\nTwo", ["One", "Two"]),
        ("regex:Step \\d+:[^#]*", "x Step 1: a # Step 2: b", ["Step 1: a", "Step 2: b"]),
        ("regex:(?s)a.*?b", "<think>a</think> x b ab", ["a", "x b", "ab"]),
        ("think", "[THINK]a[/THINK] b <reasoning>c</reasoning>d", ["a", "b", "c", "d"]),
        ("lines", "One.\r\nTwo.\rThree.\u2028Four.\u2029\r\n", ["One.", "Two.", "Three.", "Four."]),
        ("sentences", "One.\r\nTwo\r\n\r\nthree.", ["One.", "Two", "three."]),
        ("regex:(?r)\\w+", "a b c", ["a", "b", "c"]),
        ("regex:x*", "a xx b x", ["xx", "x"]),
        ("regex:(?<=: )\\w+|\\b\\d", "a: bc 4", ["bc", "4"]),
        ("lines", "<|begin_of_thought|>a\nb<|end_of_thought|>c", ["a", "b", "c"]),
    ],
)
def test_steps(rule: str, response: str, expected: list[str]) -> None:
    assert texts(response, rule) == expected


@pytest.mark.parametrize(
    ("rule", "response", "said"),
    [
        ("think", "no block", "No tag of a block of reasoning, such as <think>"),
        ("lines", " \n\t", "No line of the response holds"),
        ("sentences", "<think> </think>", "No sentence was found in the response"),
        ("regex:zz", "abc", "matches 'zz'"),
        ("regex:", "abc", "empty"),
        ("regex:(", "abc", "pattern"),
        ("sentence", "abc", "did you mean 'sentences'"),
    ],
)
def test_no_step_is_one_sentence(rule: str, response: str, said: str) -> None:
    with pytest.raises(bs.InputError, match=said) as error:
        find_steps(response, rule)
    assert "\n" not in str(error.value)


def test_every_rule_is_listed() -> None:
    assert step_names() == (*STEP_RULES, "regex:PATTERN") and len(STEP_RULES) == 3


@pytest.mark.parametrize(
    ("response", "rule", "answer"),
    [
        ("9 of 9, so 9. The answer is 9.", "last-number", "9"),
        ("It costs 1,000 dollars.", "last-number", "1,000"),
        ("0.5, then 0.50 dollars", "last-number", "0.50"),
        ("It is 36.00.", "last-number", "36.00"),
        ("1,000.5 and 1,000.50, each", "last-number", "1,000.50"),
        ("26 once, and -26 at last", "last-number", "-26"),
        (r"so \boxed{7} or \boxed{8}.", "boxed", r"\boxed{8}"),
        ("x = 1; y = 22; done", r"regex:y = (\d+)", "22"),
        ("x = 1; y = 22; done", r"regex:= \d+", "= 22"),
        ("x = 1; y = 22 ; done", r"regex:=( \d+ )", "22"),
        ("x = 1; y = 22; done", r"regex:(?r)\d+", "22"),
    ],
)
def test_an_answer_is_where_the_rule_finds_it(response: str, rule: str, answer: str) -> None:
    start, end = answer_span(response, rule)
    assert response[start:end] == answer
    assert start == response.rindex(answer)


def test_an_answer_is_no_number_that_the_rule_would_not_read() -> None:
    response = "So 2 of them are 2 cm^2."
    assert answer_span(response, "last-number") == (17, 18)


@pytest.mark.parametrize("response", ["6 it is.\n" + "word " * 2000, "word " * 2000 + "6"])
def test_the_answer_of_a_long_response_is_found_in_few_readings(
    response: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def number(text: str) -> str | None:
        asked.append(text)
        return "6" if "6" in text else None

    monkeypatch.setitem(RULES, "last-number", number)
    start = response.index("6")
    assert answer_span(response, "last-number") == (start, start + 1)
    assert 10 < len(asked) < 120


def test_steps_end_before_the_answer_and_its_lead_in() -> None:
    response = "One 1. Two 2. So it is 12."
    found = divided(response, "sentences", "last-number")
    assert [response[slice(*span)] for span in found.steps] == ["One 1.", "Two 2."]
    assert response[slice(*found.answer)] == "12"
    whole = divided(response, "sentences", None)
    assert response[slice(*whole.answer)] == "So it is 12."


def test_what_stands_behind_the_answer_is_left_out_with_a_note() -> None:
    with noting() as heard:
        found = divided("One. It is 4. Good. Bye.", "sentences", "regex:\\d")
    assert "2 steps behind the answer '4' are left out" in heard[0]
    assert len(found.steps) == 1


@pytest.mark.parametrize(
    ("response", "answer", "said"),
    [
        ("Only one.", None, "no step before its answer \\(1 found"),
        ("No number. None.", "last-number", "No answer was found"),
        ("4 first. Then none.", "regex:\\d", "no step before its answer"),
        ("One. Two.", "largest", "answer rule 'largest' is not known"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*behind the answer")
def test_no_chain_is_one_sentence(response: str, answer: str | None, said: str) -> None:
    with pytest.raises(bs.InputError, match=said):
        divided(response, "sentences", answer)
