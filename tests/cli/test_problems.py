"""`bathyscope problems`: one record a line, or one sentence."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import call


def test_problems_are_printed_one_a_line() -> None:
    result = call("problems", "arithmetic", "--n", "200", "--seed", "1")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0 and len(records) == 200
    assert set(records[0]) == {"id", "question", "answer", "solution", "tags"}
    shares = call("problems", "arithmetic", "-n", "3", "--kinds", "share, gain").stdout
    assert {json.loads(line)["tags"]["kind"] for line in shares.splitlines()} <= {"share", "gain"}


def test_a_file_is_read_and_printed_alike(here: Path) -> None:
    Path("p.json").write_text('[{"Body": "3 pens.", "Question": "How many?", "Answer": 3.0}]')
    result = call("problems", "read", "p.json")
    assert json.loads(result.stdout)["question"] == "3 pens. How many?"
    assert json.loads(result.stdout)["answer"] == "3"


def test_a_generator_of_reasoning_gym_is_called() -> None:
    result = call("problems", "gym", "chain_sum", "-n", "2", "--seed", "5")
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [
        "chain_sum-5-1",
        "chain_sum-5-2",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("arithmetic", "--n", "0"),
        ("arithmetic", "--kinds", "sums"),
        ("read", "none.jsonl"),
        ("gym", "nothing-like-it"),
    ],
)
def test_wrong_use_is_one_sentence_and_prints_nothing(
    arguments: tuple[str, ...], here: Path
) -> None:
    result = call("problems", *arguments)
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.startswith("bathyscope: ") and result.stderr.count("\n") == 1


def test_help_lists_the_shapes() -> None:
    assert "AddSub" in call("problems", "read", "--help").stdout
