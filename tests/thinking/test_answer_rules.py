"""Answers of texts: the tables of docs/answers.md, and what they have no room for."""

import re
import time
from pathlib import Path

import pytest

from bathyscope.core.errors import InputError
from bathyscope.thinking.answer_rules.rules import RULES, extractor, vote

PAGE = Path(__file__).parent.parent.parent / "docs" / "answers.md"


def documented() -> list[tuple[str, str, str | None]]:
    """Return rule, text and answer of every row of the page."""
    rows = []
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for section in sections[1:]:
        rule = section.partition("\n")[0].strip("`")
        for text, answer in re.findall(r"^\| `(.+?)` \| (`.+?`|–) \|", section, re.MULTILINE):
            rows.append((rule, text, None if answer == "–" else answer.strip("`")))
    return rows


def test_every_rule_has_its_table() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if "| `" in line]
    assert len(documented()) == len(lines) > 60
    assert {rule for rule, _, _ in documented()} == set(RULES)


@pytest.mark.parametrize(("rule", "text", "answer"), documented())
def test_the_page_says_what_is_done(rule: str, text: str, answer: str | None) -> None:
    assert extractor(rule)(text) == answer


@pytest.mark.parametrize(
    ("rule", "text", "answer"),
    [
        ("last-number", "５０", "50"),
        ("last-number", "It was 1\u202f234\u202f567.", "1234567"),
        ("last-number", "99999^400", "99999^400"),
        ("last-number", "9" * 5000, "9" * 5000),
        ("last-number", "5/0", "5/0"),
        ("last-number", "-0", "0"),
        ("last-number", "COVID-19 took 3 weeks", "3"),
        ("last-number", "$15-$20", "20"),
        ("last-number", "15%-20%", "20"),
        ("last-number", "−.5", "-0.5"),
        ("last-number", "$.50", "0.5"),
        ("last-number", "Rs. 1,00,000", "100000"),
        ("last-number", "- 5 apples", "5"),
        ("last-number", "2**3", "8"),
        ("last-number", "1,\\!000", "1000"),
        ("last-number", r"so \boxed{42}", "42"),
        ("boxed", r"\boxed 7$", "7"),
        ("boxed", r"\boxed{}", None),
        ("boxed", r"\boxed{\boxed{5}}", "5"),
        ("boxed", r"\boxed{(1,234)}", "(1,234)"),
        ("boxed", r"\boxed{45^\circ}", "45"),
        ("boxed", r"\boxed{10^{5}}", "100000"),
        ("boxed", r"\boxed{5x}", "5x"),
        ("boxed", r"\boxed{\text{12 apples}}", "12"),
        ("choice", r"\boxed{\textbf{(C)}\ 12}", "C"),
        ("choice", "A. air\nB. water\nC. fire", "C"),
        ("choice", "Answer:\n\n**B**", "B"),
        ("choice", "Option D is the correct answer", "D"),
        ("choice", "The answer is Berlin.", None),
        ("choice", "Vitamin C. The answer is A.", "A"),
        ("regex:= (\\d+)", "1 + 1 = 2, 2 + 2 = 4", "4"),
        ("regex:yes|no", "yes, no, yes", "yes"),
    ],
)
def test_rules(rule: str, text: str, answer: str | None) -> None:
    assert extractor(rule)(text) == answer


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "part",
    [
        "answer is" + " " * 5000,
        "1 ",
        "1,",
        "1 000",
        r"\boxed{",
        "** ",
        "(* _",
        "A ",
        "answer is the ",
    ],
)
def test_a_model_that_repeats_itself_takes_no_longer(rule: str, part: str) -> None:
    begin = time.process_time()
    extractor(rule)(part * max(1, 8000 // len(part)))
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("rule", ["last_number", "", "regex:("])
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(InputError):
        extractor(rule)


def test_votes() -> None:
    assert vote(["1", None, "2", "2", None, None]).answer == "2"
    assert vote([None]).answer is None and vote([None]).votes == 0


def test_a_tie_is_told_with_what_broke_it() -> None:
    assert vote(["1", "2", "2"]).tie("order") is None
    tied = vote(["2", "3", "1", "3", "1"])
    assert tied.answer == "3"
    assert tied.tie("order") == {"answers": ["3", "1"], "votes": 2, "broken_by": "order"}
