"""Batches, studies and ranks from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import call
from tests.cli.conftest import here as here

RECORDS = [
    {"id": "a", "q": "8 / 2", "target": " 8 / 2", "answer": "4", "kind": "/"},
    {"id": "b", "q": "9 + 3 {{ q }} [[x]]", "target": " 9 + 3", "answer": "12", "kind": "+"},
    {"id": "c", "q": "7 - 5", "answer": "2", "kind": "-"},
    {"id": "d", "q": "too long " * 40, "kind": "-"},
]
TEMPLATE = "[[8 / 4 = 2\n]][[3 + 4 = 7\n]]{{ q }} ="
ASKED = ("--attribute", "--depth", "--answer", "--max-new-tokens", "4")


@pytest.fixture
def study(here: Path, llama_folder: str) -> Path:
    Path("p.jsonl").write_text("\n".join(map(json.dumps, RECORDS)) + "\nnothing\n")
    Path("t.jinja").write_text(TEMPLATE)
    given = ("p.jsonl", "-o", "s", "-m", llama_folder, "--template", "t.jinja", *ASKED)
    result = call("batch", *given, "--json")
    assert result.exit_code == 0, result.output
    done = json.loads(result.stdout)
    assert (done["questions"], done["computed"], done["kept"]) == (5, 5, 0)
    assert set(done["failed"]) == {"d", "5"}
    assert "context" in done["failed"]["d"] and "no JSON" in done["failed"]["5"]
    again = json.loads(call("batch", *given, "--json").stdout)
    assert (again["computed"], again["kept"], again["failed"]) == (0, 5, done["failed"])
    other = call("batch", *given, "--method", "banzhaf")
    assert other.exit_code == 2
    assert "attribution.method.name is 'shapley' there and 'banzhaf' here" in other.stderr
    return Path("s")


def test_the_whole_way_from_records_to_a_page(study: Path, llama_folder: str) -> None:
    claim = "largest(column.operator == row.operator) by row.operator"
    result = call("study", "s", "--claim", claim, "--claim", "share(record.right)", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [group["name"] for group in found["claims"][0]["groups"]][:2] == ["all", "+"]
    assert found["claims"][1]["groups"][0]["estimate"]["n"] == 3
    page = call("study", "s", "--claim", "mean(value) by row.role", "-o", "report")
    assert page.exit_code == 0 and "Claim: mean(value)" in page.stdout
    assert Path("report/index.html").exists() and Path("report/profile.png").exists()

    opened = call("open", "s", "b", "-o", "runs", "--json")
    assert opened.exit_code == 0, opened.output
    first = json.loads(opened.stdout)[0]
    assert "9 + 3 {{ q }} [[x]] =" in first["provenance"]["prompt"]
    prompt = Path("t.txt")
    prompt.write_text(TEMPLATE.replace("{{ q }}", "8 / 2"))
    alone = call("attribute", "t.txt", "--target", " 8 / 2", "-m", llama_folder, "--json")
    batched = json.loads(call("open", "s", "a", "-o", "again", "--json").stdout)[0]
    # Coalitions of several prompts share their passes: the sums are another order of the same.
    np.testing.assert_allclose(
        batched["heatmap"]["values"], json.loads(alone.stdout)["heatmap"]["values"], atol=1e-5
    )

    ranked = json.loads(call("rank", "s", "--json").stdout)
    assert ranked[0]["label"] in ("8 / 4 = 2", "3 + 4 = 7")
    assert ranked[0]["effect"] >= ranked[1]["effect"] and ranked[0]["of"] == 3
    one = call("rank", "t.txt", "--target", " 8 / 2", "-m", llama_folder)
    assert one.exit_code == 0 and "exact" in one.stdout


def test_orders_and_thinking(study: Path, llama_folder: str) -> None:
    given = ("p.jsonl", "-m", llama_folder, "--template", "t.jinja", "--max-new-tokens", "4")
    result = call(
        "batch", *given, "-o", "orders", "--attribute", "--permute-demonstrations", "2", "--json"
    )
    assert json.loads(result.stdout)["questions"] == 4 * 2 + 1
    found = json.loads(
        call("study", "orders", "--claim", "mean(value) by column.demonstration", "--json").stdout
    )
    assert [group["name"] for group in found["claims"][0]["groups"]] == ["all", "1", "2"]
    assert found["claims"][0]["groups"][0]["estimate"]["clusters"] == 3
    thought = call("batch", *given, "-o", "thought", "--think", "-n", "3", "--prefix", "2")
    assert thought.exit_code == 0, thought.output
    table = json.loads(call("study", "thought", "--json").stdout)["think"]
    assert list(table["policies"]) == [
        "greedy", "majority of all", "Think@n", "random share", "reverse ranking",
    ]  # fmt: skip
    assert table["records"] == 3
    assert call("study", "thought").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("batch", "p.jsonl", "-o", "x"), "--attribute, --depth, --answer or --think"),
        (("batch", "p.jsonl", "-o", "x", "--answer", "--engine", "cloud"), "'cloud' is not known"),
        (("batch", "p.jsonl", "-o", "x", "--answer", "--set", "x"), "NAME=VALUE"),
        (("batch", "no.jsonl", "-o", "x", "--answer"), "cannot be read"),
        (("batch", "p.jsonl", "-o", "p.jsonl", "--answer"), "p.jsonl"),
        (("study", "nowhere"), "is no study"),
        (("open", "nowhere", "a"), "is no study"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    arguments: tuple[str, ...], sentence: str, here: Path, llama_folder: str
) -> None:
    Path("p.jsonl").write_text('{"prompt": "x"}\n')
    model = ("-m", llama_folder) if arguments[0] == "batch" else ()
    result = call(*arguments, *model)
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr and "Traceback" not in result.output
    assert not Path("x").exists()


def test_a_batch_of_which_nothing_came_fails(here: Path, llama_folder: str) -> None:
    Path("p.jsonl").write_text('{"prompt": 5}\nnothing\n')
    result = call("batch", "p.jsonl", "-o", "x", "--attribute", "-m", llama_folder)
    assert result.exit_code == 2 and "0 of 2 records answered" in result.stdout
    assert Path("x/study.json").exists(), "why each failed is kept"


def test_a_dry_run_says_what_is_left_and_the_batch_says_it_first(
    here: Path, llama_folder: str
) -> None:
    Path("p.jsonl").write_text('{"prompt": "[[6]] or", "target": " 8"}\n{"prompt": 5}\n')
    given = ("batch", "p.jsonl", "-o", "s", "--attribute", "-m", llama_folder)
    dry = call(*given, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert dry.stdout.startswith("2 evaluations, ") and "MB beside the model" in dry.stdout
    assert not Path("s").exists()
    done = call(*given)
    assert done.exit_code == 0
    assert f"expected: {dry.stdout.split(' through')[0]} through" in done.stderr
    left = json.loads(call(*given, "--dry-run", "--json").stdout)
    assert left["kind"] == "forecast" and left["tokens"] == 0
    other = call(*given[:5], "--depth", "-m", llama_folder, "--dry-run")
    assert other.exit_code == 2 and "begun otherwise" in other.stderr
