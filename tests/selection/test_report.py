"""What a report says of a choice, and the statistics behind it."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import bathyscope as bs
from bathyscope.games.estimate import Budget
from bathyscope.problems.problem import Problem
from bathyscope.selection.credit import credited
from bathyscope.selection.held_out import Bench, other_orders, random_sets
from bathyscope.selection.paired import against, half_width, of_mean
from bathyscope.selection.pool import Item
from bathyscope.selection.written import graded, rule_for
from tests.conftest import tiny

QUESTIONS = [Problem("a", "Of 5 dogs?", "3"), Problem("b", "Some songs?", "12")]


@pytest.mark.parametrize(
    ("text", "gold", "answer", "in_format", "is_right"),
    [
        (" 3 + 4 = 7. The answer is 7.\n\nQ: 9?", "7", "7", True, True),
        (" The answer is $1,072.00. So 5.", "1072", "1072", True, True),
        (" The answer is 7 apples, not 8", "8", "8", True, True),
        (" So 7 it is", "7", "7", False, True),
        (" The answer is seven. 3 + 4 = 7", "7", "7", False, True),
        (" I do not know", "7", None, False, False),
        ("\n\n7", "7", None, False, False),
        (" The answer is 8. The answer is 7.", "7", "8", True, False),
        ("", "7", None, False, False),
    ],
)
def test_what_is_written_is_graded(
    text: str, gold: str, answer: str | None, in_format: bool, is_right: bool
) -> None:
    found = graded(text, 5, Problem("x", "?", gold), "last-number")
    assert (found.answer, found.in_format, found.is_right) == (answer, in_format, is_right)


def test_letters_are_read_as_letters() -> None:
    lettered = [Problem("x", "?", "B")]
    assert rule_for(lettered) == "choice" and rule_for(QUESTIONS) == "last-number"
    assert graded(" So it is. The answer is (B).", 5, lettered[0], "choice").is_right
    assert graded(" Surely B is correct", 5, lettered[0], "choice").in_format is False


def test_an_interval_of_one_variance_is_students() -> None:
    values = np.array([0.3, 1.9, -0.4, 0.8, 2.2, 0.1])
    low, high = stats.ttest_1samp(values, 0).confidence_interval()
    mean, half = of_mean(values)
    assert half is not None
    assert (mean - half, mean + half) == pytest.approx((low, high), rel=2e-3)
    assert of_mean(np.zeros(5)) == (0.0, None) and of_mean(np.ones(1)) == (1.0, None)


def test_a_difference_is_paired_by_question() -> None:
    own = np.array([1.0, 2.0, 4.0])
    others = np.array([[0.0, 1.0, 2.0], [2.0, 2.0, 3.0], [1.0, 0.0, 1.0], [3.0, 3.0, 3.0]])
    found = against(own, others)
    paired = [1 - 1.5, 2 - 1.5, 4 - 2.25]
    assert found.estimate == pytest.approx(np.mean(paired))
    means = [1.0, 7 / 3, 2 / 3, 3.0]
    one, other = np.var(paired, ddof=1) / 3, np.var(means, ddof=1) / 4
    degrees = (one + other) ** 2 / (one**2 / 2 + other**2 / 3)
    expected = stats.t.ppf(0.975, math.floor(degrees)) * math.sqrt(one + other)
    assert found.half_width == pytest.approx(expected, rel=3e-3)
    assert (found.better_than, found.of) == (2, 4)  # equal is not better
    assert against(np.zeros(4), np.zeros((20, 4))).half_width is None


def test_intervals_cover_what_they_say() -> None:
    """Questions, random sets and their meetings all vary; the set's true advantage is 0.3."""
    draw, covered, rounds = np.random.default_rng(0), 0, 2000
    for _ in range(rounds):
        question, of_set = draw.normal(0, 1, 30), draw.normal(0, 0.5, 20)
        others = question + of_set[:, None] + draw.normal(0, 0.7, (20, 30))
        found = against(question + 0.3 + draw.normal(0, 0.7, 30), others)
        assert found.half_width is not None
        covered += abs(found.estimate - 0.3) <= found.half_width
    assert 0.93 <= covered / rounds <= 0.97


def test_random_sets_and_orders_are_what_they_should(pool: list[Item]) -> None:
    sets = random_sets(pool, 3, 20, 1)
    assert len(sets) == 20 and all(len(set(one)) == 3 for one in sets)
    assert random_sets(pool, 3, 25, 1)[:20] == sets != random_sets(pool, 3, 20, 2)
    with pytest.raises(bs.InputError, match="at least 20 random sets, not 19"):
        random_sets(pool, 3, 19, 1)
    assert sorted(other_orders((4, 7, 9), 99, 0)) == [
        (4, 9, 7),
        (7, 4, 9),
        (7, 9, 4),
        (9, 4, 7),
        (9, 7, 4),
    ]
    assert other_orders((4,), 3, 0) == [] and len(set(other_orders((1, 2, 3, 4, 5), 7, 0))) == 7


@pytest.fixture
def judged(pool: list[Item]) -> Any:
    selection = bs.select(pool, by="random", k=2, seed=3)
    return bs.judge_selection(
        selection,
        QUESTIONS,
        model=tiny("llama"),
        permute=4,
        credit="shapley",
        max_new_tokens=3,
    )


def test_a_report_counts_what_was_done(judged: bs.SelectionReport, pool: list[Item]) -> None:
    document = judged.to_document()
    assert len(document["random_sets"]) == 20 and len(document["orders"]) == 1
    assert document["orders"][0]["demonstrations"] == judged.selection.chosen[::-1]
    assert document["without"]["prompt_tokens"] == 0 < document["chosen"]["prompt_tokens"]
    assert document["chosen"]["tokens_written"] <= 6
    low, high = document["order_range"]["log_prob"]
    assert low <= document["chosen"]["log_prob"] <= high and low < high
    credit = document["credit"]
    assert credit["demonstrations"] == judged.selection.chosen
    total = sum(one["mean"] for one in credit["attribution"])
    gained = document["chosen"]["log_prob"] - document["without"]["log_prob"]
    assert total == pytest.approx(gained, abs=1e-4)  # Shapley values share it out completely
    assert judged.record["seconds_writing"] > 0 < judged.record["tokens_scored"]
    words = judged.words()
    assert "2506.14641" in words and "random sets" in words and "In 2 orders" in words
    assert judged.record["model"]["class"] == "LlamaForCausalLM"


def test_an_attribution_map_of_a_choice_is_kept(judged: bs.SelectionReport, tmp_path: Any) -> None:
    from bathyscope.runs.table import as_run

    assert judged.credit is not None
    as_run(judged.credit.heatmap).save(tmp_path / "map")
    again = bs.open_run(tmp_path / "map")
    assert (again.heatmap.values == judged.credit.heatmap.values).all()
    assert again.heatmap.rows.labels == ("a", "b")


def test_credit_compares_with_and_without() -> None:
    short = [Item(at, f"{at}+2?", "", str(at + 2)) for at in range(8)]
    bench = Bench(tiny("llama"), short, QUESTIONS, max_new_tokens=2)
    own = bench.judged([(2, 5, 7)], "own")[0]
    found = credited(bench, own, "leave_one_out", Budget(16))
    without = bench.judged([(5, 7), (2, 7), (2, 5)], "without")
    expected = np.stack([own.log_probs - one.log_probs for one in without], axis=1)
    assert found.heatmap.values == pytest.approx(expected, abs=1e-9)
    for gain, one in zip(found.gains, without, strict=True):
        assert gain.tolist() == (own.values("accuracy") - one.values("accuracy")).tolist()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"random_sets": 5}, "at least 20 random sets"),
        ({"permute": -1}, "whole numbers from 0"),
        ({"credit": "shaply"}, "did you mean 'shapley'"),
        ({"answer": "vibes"}, "answer rule 'vibes'"),
        ({"credit": "shapley", "budget": 2}, "at least"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    arguments: dict[str, Any], sentence: str, pool: list[Item]
) -> None:
    selection = bs.select(pool, by="random", k=3)
    with pytest.raises(bs.InputError, match=sentence):
        bs.judge_selection(selection, QUESTIONS, model=tiny("llama"), **arguments)


def test_questions_that_were_seen_judge_nothing(pool: list[Item]) -> None:
    selection = bs.select(pool, by="random", k=3)
    seen = [*QUESTIONS, Problem("c", f" {pool[4].question}", "1")]
    with pytest.raises(bs.InputError, match="question 'c' stands in the pool too"):
        bs.judge_selection(selection, seen, model=tiny("llama"))
    with pytest.raises(bs.InputError, match="question 'a' stands in --questions too"):
        bs.judge_selection(selection, QUESTIONS, questions=QUESTIONS[:1], model=tiny("llama"))
    with pytest.raises(bs.InputError, match="at least 2 held-out questions"):
        bs.judge_selection(selection, QUESTIONS[:1], model=tiny("llama"))


def test_half_widths_add_up() -> None:
    one = half_width(0.04, 9)
    assert one == pytest.approx(stats.t.ppf(0.975, 9) * 0.2, rel=2e-3)
    assert half_width(0.0, 9) is None
