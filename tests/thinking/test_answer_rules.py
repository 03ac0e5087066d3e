import pytest

from bathyscope.core.errors import InputError
from bathyscope.thinking.answer_rules import extractor, vote


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ("last-number", "8 + 5 = 13 apples, not 12.", "12"),
        ("last-number", "It costs $1,250.50.", "1250.5"),
        ("last-number", "minus -3.00", "-3"),
        ("last-number", "none at all", None),
        ("boxed", r"so \boxed{1} or \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        ("boxed", "13", None),
        ("choice", "The answer is (D) 13.", "D"),
        ("choice", "A or B? It is B.", "B"),
        ("choice", "no letter", None),
        ("regex:= (\\d+)", "1 + 1 = 2, 2 + 2 = 4", "4"),
        ("regex:yes|no", "yes, no, yes", "yes"),
    ],
)
def test_rules(rule: str, text: str, expected: str | None) -> None:
    assert extractor(rule)(text) == expected


@pytest.mark.parametrize("rule", ["last_number", "", "regex:("])
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(InputError):
        extractor(rule)


def test_votes() -> None:
    assert vote(["1", None, "2", "2", None, None]) == "2"
    assert vote(["3", "1"]) == "3"
    assert vote([None]) is None
