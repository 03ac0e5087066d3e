"""Options of `attribute` that are not about features."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bathyscope.cli.app import app

MARKED = "Q: [[9 + 3]]\nA: [[12]]\nQ: 5?\nA:"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, llama_folder: str) -> list[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(tmp_path / "cache"))
    return ["attribute", MARKED, "-m", llama_folder, "-o", "run"]


def test_several_targets_give_a_map_each(here: list[str]) -> None:
    result = CliRunner().invoke(app, [*here, "--target", " 1", "--target", " 22", "--json"])
    assert result.exit_code == 0, result.output
    assert [len(run["heatmap"]["values"]) for run in json.loads(result.stdout)] == [2, 3]
    for number in (1, 2):
        assert Path(f"run/target-{number}/figure.png").exists()


def test_a_contrast(here: list[str]) -> None:
    result = CliRunner().invoke(app, [*here, "--target", " 1", "--against", " 2", "--json"])
    document = json.loads(result.stdout)
    assert document["heatmap"]["rows"]["labels"] == ["▁", "1 | 2", "whole continuation"]
    assert document["provenance"]["against"] == " 2"
    assert document["whole_target"]["values"] == document["heatmap"]["values"][-1]


def test_interactions(here: list[str]) -> None:
    options = ["--target", " 1", "--method", "interactions", "--token", "1"]
    result = CliRunner().invoke(app, [*here, *options])
    assert result.exit_code == 0, result.output
    assert "complement each other" in result.stdout
    document = json.loads(Path("run/run.json").read_text())
    assert document["kind"] == "interactions"
    assert document["provenance"]["token"] == {"position": 1, "label": "1"}


def test_a_sampled_map_shows_its_intervals(here: list[str]) -> None:
    many = " ".join(f"[[{i}]]" for i in range(7)) + " sum:"
    options = ["--target", " 21", "--budget", "90", "--seed", "5", "--hatch"]
    result = CliRunner().invoke(app, [here[0], many, *here[2:], *options])
    assert result.exit_code == 0, result.output
    assert "±" in result.stdout and "seed 5" in result.stdout.replace("\n", "")
    header = Path("run/scores.csv").read_text().splitlines()[0]
    assert header == "row,row_label,column,column_label,value,standard_error,unseen"


def test_a_dry_run_says_what_it_would_cost(here: list[str]) -> None:
    result = CliRunner().invoke(app, [*here, "--target", " 1", "--dry-run"])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("4 evaluations, ") and "MB beside the model" in result.stdout
    assert "evaluate coalitions" not in result.stderr and not Path("run").exists()
    as_json = CliRunner().invoke(app, [*here, "--target", " 1", "--dry-run", "--json", "--verify"])
    document = json.loads(as_json.stdout)
    assert document["kind"] == "forecast" and document["evaluations"] == 4
    asked = CliRunner().invoke(app, [*here, "--target", " 1"])
    assert f"expected: {result.stdout.split(' through')[0]}" in asked.stderr


def test_a_dry_run_of_a_depth_map(here: list[str]) -> None:
    given = ["depth", "Q: 5?", "-m", here[3], "-o", "run", "--response", " 1 and", "--dry-run"]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("10 tokens through the model") and not Path("run").exists()


def test_the_cache_is_kept(here: list[str]) -> None:
    for output in ("one", "two"):
        arguments = [*here[:-1], output, "--target", " 1", "--cache"]
        assert CliRunner().invoke(app, arguments).exit_code == 0
    assert Path("cache/evaluations.sqlite").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--token", "1"], "--token belongs to --method interactions"),
        (["--of", "luck"], "'luck' is not known"),
        (["--budget", "3"], "budget is 3"),
        (["--against", ""], "text to compare with is empty"),
        (["--method", "interactions", "--token", "99"], "no target token 99"),
        (["--target", " 2", "--figure", "f.png"], "--figure takes one target"),
    ],
)
def test_refusals(here: list[str], options: list[str], message: str) -> None:
    result = CliRunner().invoke(app, [*here, "--target", " 1", *options])
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not Path("run").exists()
    assert "evaluate coalitions" not in result.stderr, "refused before anything is computed"
