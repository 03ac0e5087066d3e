"""`bathyscope select`: what it prints, saves and refuses."""

import json
from pathlib import Path

import pytest

import bathyscope as bs
from tests.cli.conftest import call, tree


@pytest.fixture
def pool(here: Path) -> str:
    problems = bs.arithmetic_problems(40, seed=1, kinds=["gain", "groups", "share"])
    Path("pool.jsonl").write_text("\n".join(json.dumps(one.to_record()) for one in problems))
    for name, numbers in {"short": range(9), "held": (11, 12)}.items():  # for a small context
        records = [{"question": f"{at}+2?", "answer": at + 2} for at in numbers]
        Path(f"{name}.jsonl").write_text("\n".join(map(json.dumps, records)))
    return "pool.jsonl"


def test_json_is_chosen_clusters_and_ties(pool: str) -> None:
    result = call("select", pool, "--by", "pattern", "--task", "svamp", "-k", "3", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert list(document) == ["chosen", "clusters", "ties"]
    assert len(document["clusters"]) == 40
    assert [document["clusters"][at] for at in document["chosen"]] == [0, 1, 2]
    assert all(at in tied for at, tied in zip(document["chosen"], document["ties"], strict=True))


def test_a_choice_is_shown_judged_and_saved(pool: str, llama_folder: str) -> None:
    arguments = ["--by", "random", "-k", "2", "--held-out", "held.jsonl", "-m", llama_folder]
    arguments += ["--credit", "leave_one_out", "--max-new-tokens", "2", "-o", "out"]
    result = call("select", "short.jsonl", *arguments)
    assert result.exit_code == 0, result.output
    assert "random set 20" in result.stdout and "2506.14641" in " ".join(result.stdout.split())
    assert {"selection.json", "demonstrations.txt", "attribution/run.json"} <= set(
        tree(Path("out"))
    )
    saved = json.loads(Path("out/selection.json").read_text())
    assert saved["report"]["credit"]["map"] == "attribution"
    assert saved["record"]["settings"]["seed"] == 192
    assert call("describe", "out/attribution").exit_code == 0
    again = call("select", "short.jsonl", *arguments)
    assert again.exit_code == 2 and "out exists already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("pool.jsonl",), "needs a --task"),
        (("none.jsonl", "--by", "random"), "cannot be read"),
        (("pool.jsonl", "--by", "random", "-k", "41"), "a pool of 40"),
        (("pool.jsonl", "--by", "pattern", "--task", "svamp"), "clusters need as many different"),
        (("pool.jsonl", "--by", "diverse", "--encoder", "./nowhere"), "There is no encoder"),
        (("pool.jsonl", "--by", "random", "--permute", "3"), "give --held-out FILE too"),
        (("pool.jsonl", "--by", "random", "--random-sets", "3"), "at least 20 random sets"),
        (("pool.jsonl", "--by", "similar", "--questions", "no.jsonl"), "no.jsonl cannot be read"),
        (("pool.jsonl", "--by", "sorted"), "is not known"),
    ],
)
def test_wrong_use_is_one_sentence(
    arguments: tuple[str, ...], sentence: str, pool: str, here: Path
) -> None:
    before = tree(here)
    result = call("select", *arguments)
    assert result.exit_code == 2 and result.stdout == "" and sentence in result.stderr
    assert "Traceback" not in result.stderr and tree(here) == before


def test_hostile_text_reaches_no_terminal_raw(here: Path) -> None:
    nasty = "\x1b]0;owned\x07 [bold]{{ 7 * 7 }}\u202e"
    records = [{"question": f"{nasty} {at}", "answer": f"\x1b[31m{at}"} for at in range(3)]
    Path("pool.jsonl").write_text("\n".join(map(json.dumps, records)))
    result = call("select", "pool.jsonl", "--by", "random", "-k", "2")
    assert result.exit_code == 0 and "[bold]" in result.stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(result.stdout + result.stderr)
    Path("pool.jsonl").write_text(json.dumps({"\x1b[31m": 1, "question": "a"}))
    result = call("select", "pool.jsonl", "--by", "random", "-k", "1")
    assert result.exit_code == 2 and "\x1b" not in result.stderr


def test_help_lists_the_selectors() -> None:
    text = call("select", "--help").stdout
    assert "auto-cot" in text and "farthest first" in text
