"""Patterns and limits, clause by clause."""

import pytest

import bathyscope as bs
from bathyscope.selection.patterns import (
    may_be_shown_by_auto_cot,
    may_be_shown_by_pattern,
    pattern,
)
from bathyscope.selection.pool import Item
from bathyscope.selection.tasks import TASKS, require_task

THINK = "Let's think step by step. "


@pytest.mark.parametrize(
    ("task", "rationale", "expected"),
    [
        ("gsm8k", THINK + "Tom has 3 + 4 = 7 MORE. So 7*2. \n", "4\nmore+*"),
        ("gsm8k", THINK + "Half of it, nonetheless more.", "2\nmorelesshalf"),
        ("gsm8k", "", "1\n"),
        ("gsm8k", "3.5 more.2", "1\nmore"),
        ("svamp", THINK + "3 + 4 + 5 = 12. 12 ÷ 3% = 4", "3\n+=%÷="),
        ("aqua", "So √4 is sqrt(4). The log of 2^3: 8°", "2\n√sqrt^°log:"),
        (
            "coin_flip",
            "It was Heads Up. Now it is tails up. heads up",
            "3\nheads uptails upheads up",
        ),
        (
            "bigbench_date",
            "One day later. Yesterday was a day of the month",
            "2\ndaydaymonthyesterday",
        ),
        ("bigbench_date", "Two days ago. Tomorrow. Tommorrow", "3\nagotommorrow"),
        ("object_tracking", "They swap and Trade. They exchange", "2\nswaptradeexchange"),
    ],
)
def test_a_pattern_is_what_the_program_makes(task: str, rationale: str, expected: str) -> None:
    assert pattern(rationale, TASKS[task]) == expected


def item(rationale: str, prediction: str = "7", question: str = "How many?") -> Item:
    return Item(0, question, rationale, prediction)


LONG = THINK + "So 7. " * 18
GOOD = THINK + "So it is 7."


@pytest.mark.parametrize(
    ("shown", "task", "expected"),
    [
        (item(GOOD), "gsm8k", True),
        (item(THINK), "gsm8k", False),
        (item("", ""), "aqua", False),
        (item(GOOD, ""), "aqua", False),
        (item(GOOD, " "), "aqua", False),
        (item(GOOD, "9"), "gsm8k", False),
        (item(GOOD, "9"), "aqua", True),
        (item(THINK + "It is 7. Done"), "gsm8k", True),  # in the last piece but one
        (item(THINK + "It is 7 now. Done. Yes"), "gsm8k", True),  # among the last words
        (item(THINK + "It is 7. Done. Yes"), "gsm8k", False),  # "7." is another word
        (item(THINK + "It is 7. " + "word " * 10), "gsm8k", True),
        (item(THINK + "It is 7. Done. " + "word " * 9), "gsm8k", False),
        (item(THINK + "It is $7. Done. Yes"), "gsm8k", False),  # no word of its own
        (item("it is 17"), "gsm8k", False),  # no full stop at all: no error either
        (item("it is 7"), "gsm8k", True),
        (item(LONG + "So 7"), "gsm8k", True),  # 20 pieces
        (item(LONG + "So 7. So 7"), "gsm8k", False),  # 21
        (item(GOOD, question="word " * 510), "gsm8k", True),  # Q: and A: make 512
        (item(GOOD, question="word " * 511), "gsm8k", False),
    ],
)
def test_pattern_cot_shows_what_its_program_shows(shown: Item, task: str, expected: bool) -> None:
    assert may_be_shown_by_pattern(shown, TASKS[task]) is expected


@pytest.mark.parametrize(
    ("shown", "task", "expected"),
    [
        (item(GOOD), "gsm8k", True),
        (item(GOOD + " \n"), "gsm8k", True),
        (item(GOOD[:-1]), "gsm8k", False),  # no full stop at its end
        (item(""), "aqua", False),
        (item("a\n\nb\nc\nd\n7."), "gsm8k", True),  # five lines
        (item("a\nb\nc\nd\ne\n7."), "gsm8k", False),
        (item("a\nb\nc\nd\ne\n7."), "last_letters", True),
        (item("a\nb\nc\nd\ne\nf\ng\n7."), "last_letters", False),
        (item(GOOD, question="word " * 58), "gsm8k", True),
        (item(GOOD, question="word " * 59), "gsm8k", False),
        (item(GOOD, "9"), "svamp", False),
        (item(GOOD, "9"), "strategyqa", True),
    ],
)
def test_auto_cot_shows_what_its_program_shows(shown: Item, task: str, expected: bool) -> None:
    assert may_be_shown_by_auto_cot(shown, TASKS[task]) is expected


def test_tasks_have_the_numbers_of_the_programs() -> None:
    few = {"aqua": 4, "last_letters": 4, "commonsensqa": 7, "strategyqa": 6}
    assert {name: task.num_clusters for name, task in TASKS.items()} == {
        name: few.get(name, 8) for name in TASKS
    }
    assert sorted(name for name, task in TASKS.items() if task.is_arithmetic) == [
        "addsub",
        "gsm8k",
        "multiarith",
        "singleeq",
        "svamp",
    ]
    assert require_task("Coin-Flip").name == "coin_flip"


def test_tasks_that_are_none_are_refused() -> None:
    with pytest.raises(bs.InputError, match="did you mean 'gsm8k'"):
        require_task("gsm8")
    with pytest.raises(bs.InputError, match="needs a --task"):
        require_task(None)
    with pytest.raises(bs.InputError, match="no symbols for the task 'strategyqa'"):
        pattern("x", TASKS["strategyqa"])
