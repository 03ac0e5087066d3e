"""`bathyscope compare` in this process: words, JSON, figures, refusals."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from bathyscope.cli.app import app
from bathyscope.runs.opening import open_run
from tests.comparison.maps import attribution, depth

CSV = "token,a,b\nx,1,2\ny,3,-4\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text(CSV)
    (tmp_path / "b.md").write_text("token|a|b\n-|-|-\nx|1|2.5\ny|3|-4\n")
    attribution([[1, 2], [3, 4]], "xy", "ab").save(tmp_path / "run")
    depth([[0.5]], "x", [1], deep_layer=2).save(tmp_path / "deep")
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["compare", *arguments])


def test_words_go_to_standard_output(here: Path) -> None:
    result = call("a.csv", "b.md")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("# Two maps compared")
    assert "+0.5000 (2.0000 → 2.5000) at token 1 `x` × column 2 `b`" in result.stdout


def test_json_is_the_comparison(here: Path) -> None:
    result = call("run", "a.csv", "--json")
    document = json.loads(result.stdout)
    assert document["kind"] == "comparison"
    assert document["difference"]["values"] == [[0, 0], [0, -8]]
    assert document["a"] == json.loads((here / "run" / "run.json").read_text())
    assert document["rows"]["pairs"] == [[0, 0], [1, 1]]


def test_a_figure_is_drawn_and_not_overwritten_unasked(here: Path) -> None:
    assert call("run", "a.csv", "-o", "c.svg").exit_code == 0
    assert (here / "c.svg").read_text().startswith("<?xml")
    result = call("run", "a.csv", "-o", "c.svg")
    assert result.exit_code == 2 and result.stdout == ""
    assert call("run", "a.csv", "-o", "c.svg", "--overwrite", "--palette", "PuOr").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "Missing argument"),
        (["run", "nothing"], "There is no nothing"),
        (["run", "deep"], "measure different things"),
        (["run", "a.csv", "-o", "c.gif"], "does not end in"),
        (["run", "a.csv", "--palette", "x"], "'x' is not known"),
        (["run", "."], "is not a run"),
    ],
)
def test_bad_input_is_one_sentence(here: Path, arguments: list[str], message: str) -> None:
    before = sorted(here.iterdir())
    result = call(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output and result.stdout == ""
    assert sorted(here.iterdir()) == before


def test_every_table_can_be_described_and_drawn(here: Path) -> None:
    np.savez(here / "t.npz", values=[[1.0, -2.0]])
    (here / "t.json").write_text('[{"token": "x", "a": 1, "b": 2}]')
    for name in ("a.csv", "b.md", "t.npz", "t.json"):
        assert CliRunner().invoke(app, ["describe", name]).exit_code == 0
        drawn = CliRunner().invoke(app, ["render", name, "-o", f"{name}.png"])
        assert drawn.exit_code == 0, drawn.output


FILES = ("run.json", "arrays.safetensors", "scores.csv")


@pytest.mark.parametrize("kind", ["run", "deep"])
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "empty", "half", "noise"])
def test_a_run_folder_with_a_damaged_file(here: Path, kind: str, name: str, damage: str) -> None:
    """`run.json` is the run. The arrays beside it hold the same and a part of the samples: they may
    be gone, which is said, but not damaged. `scores.csv` is for other programs and is not read.
    """
    whole, path = open_run(here / kind).to_document(), here / kind / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        left = {"empty": b"", "half": content[: len(content) // 2], "noise": b"\x00\xff" * 99}
        path.write_bytes(left[damage])
    results = [CliRunner().invoke(app, ["describe", kind]), call(kind, kind)]
    if name == "run.json" or (name == "arrays.safetensors" and damage != "missing"):
        for result in results:
            assert result.exit_code == 2 and result.stdout == ""
            assert name in result.stderr and "Traceback" not in result.output
            assert len(result.stderr.splitlines()) == 1
    else:
        assert [result.exit_code for result in results] == [0, 0]
        opened = open_run(here / kind)
        gone = damage == "missing" and name == "arrays.safetensors"
        assert [note for note in opened.notes if "run.json's alone" in note] == [*opened.notes]
        assert len(opened.notes) == gone
        assert replace(opened, notes=()).to_document() == whole  # type: ignore[type-var]


def test_a_run_of_a_newer_schema_is_refused(here: Path) -> None:
    path = here / "run" / "run.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    result = call("run", "a.csv")
    assert result.exit_code == 2
    assert "has schema 2, but this bathyscope reads up to 1; upgrade it" in result.stderr
