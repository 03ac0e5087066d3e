import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bathyscope.prompt.expressions import expressions


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in expressions(text)]


@pytest.mark.parametrize(
    "expression",
    [
        "9 + 3 = 12",
        "4900/100 = 49",
        "4900/100",
        "50(10x5)",
        "$35 ($85 - $50)",
        "$16,000 / 0.8 = $20,000",
        "16 000 / 0.8",
        "10×5=50",
        "3·4",
        "12 ÷ 4",
        "3−5",
        "0.8 * 16,000 = 12,800.00",
        "20% of 50 = 10",
        "10-3=7",
        "-5 + 3",
        "8 + -3 = 5",
        "((1+2)*3)",
        "(5 + 3) x 2 = 16",
        "2**3 = 8",
        "10^3",
        "½ x 8 = 4",
        "1/2 + 1/4 = 3/4",
        "9 \\times 3 = 27",
        "2x + 3 = 7",
        "5cm x 3 cm = 15 cm²",
        "7 rows x 5 chairs = 35 chairs",
        "5 red pens + 3 blue pens = 8 pens",
        "$5/hour x 8 hours = $40",
        "5 miles / 2 hours = 2.5 miles/hour",
        "≈".join(["22/7 ", " 3.14"]),
    ],
)
@pytest.mark.parametrize("around", ["{}", "A: {}.", "he said {}, then", "1. {}\n- 2", "<<{}>>12"])
def test_arithmetic_is_found_whole(expression: str, around: str) -> None:
    assert found(around.format(expression)) == [expression]


@pytest.mark.parametrize(
    "text",
    [
        "12",
        "$16,000, which is 0.8 of it",
        "pages 3-5",
        "3 – 5",
        "2019 - 2021",
        "2024-05-01",
        "12/05/2024",
        "24/7",
        "1/2 cup",
        "555-1234",
        "from 10:30 - 11:45",
        "covid-19 + 3",
        "GPT-4 + more",
        "v1.2-3",
        "A = 8 and B = 5",
        "1 km = 1000 m",
        "20% of 50 people",
        "5 pm - 3 people",
        "$10-$20",
        "/var/2024/1+2",
        "3 + x",
        "3 x",
        "12 (4)",
        "**5**",
        "",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9 + 3 = 12 pens", ["9 + 3 = 12"]),  # "pens" belongs to the sentence
        ("12kg - 3kg = 9kg left", ["12kg - 3kg = 9kg"]),
        ("(see 9 + 3 = 12)", ["9 + 3 = 12"]),
        ("(9 + 3 = 12)", ["(9 + 3 = 12)"]),
        ("9 + 3, 4 - 2; 5 x 6", ["9 + 3", "4 - 2", "5 x 6"]),
        ("3 + 4\n- 5 + 6", ["3 + 4", "5 + 6"]),  # a line break ends it
        ("5 + (3 or 4", []),
        ("5 + 3 => 8", ["5 + 3"]),
        ("A and B = 8 + 5 = 13", ["8 + 5 = 13"]),
    ],
)
def test_where_expressions_end(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize("piece", ["(", "(1+", "1+", "(1+1 ", "1 a b c ", "1 ", "$ ", "1:", "-"])
def test_the_work_grows_with_the_length_only(piece: str) -> None:
    def work(count: int) -> float:
        begin = time.thread_time()  # which other work on the machine leaves alone
        expressions(piece * count)
        return time.thread_time() - begin

    once = min(work(800) for _ in range(3))
    assert min(work(8000) for _ in range(2)) < 40 * once, (
        "ten times the text is no hundredfold work"
    )


@given(st.text("0123456789 +-−×x*÷/=()$%.,:\nab€½", max_size=60))
def test_any_text_gives_ordered_spans_without_outer_space(text: str) -> None:
    previous = 0
    for start, end in expressions(text):
        assert previous <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert "\n" not in text[start:end]
        assert text[start:end].count("(") == text[start:end].count(")")
        previous = end
