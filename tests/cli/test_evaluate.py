"""`bathyscope evaluate` in this process, on a tiny model."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import bathyscope as bs
from tests.cli.conftest import MARKED, call, tree

TARGET = ["--target", " 00"]


def test_a_run_is_evaluated_without_being_told_its_model(here: Path, llama_folder: str) -> None:
    call("attribute", MARKED, *TARGET, "-m", llama_folder, "-o", "run")
    result = call("evaluate", "run", "-o", "found", "--figure", "f.svg", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document == json.loads((here / "found" / "run.json").read_text())
    assert document["kind"] == "faithfulness"
    assert document["provenance"]["model"]["source"] == llama_folder
    assert (here / "f.svg").exists() and (here / "found" / "figure.png").exists()
    assert call("describe", "found").stdout.startswith("# How faithful 1 map of 2 features is")
    assert call("render", "found", "-o", "again.png").exit_code == 0
    assert (here / "again.png").read_bytes() == (here / "found" / "figure.png").read_bytes()


def test_methods_are_ranked_on_one_prompt(here: Path, llama_folder: str) -> None:
    methods = ["--methods", "shapley, leave_one_out"]
    result = call("evaluate", MARKED, *methods, *TARGET, "-m", llama_folder)
    assert result.exit_code == 0, result.output
    assert "leave_one_out" in result.stdout and "random orders" in result.stdout
    assert (here / "bathyscope-runs" / "faithfulness-1" / "run.json").exists()


def test_options_of_the_maps_reach_them(
    here: Path, llama_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(here / "cache"))
    options = ["--methods", "integrated_gradients,leave_one_out", "--of", "logit", "--json"]
    options += ["--steps", "4", "--path-from", "pad", "--tolerance", "0.5", "--cache"]
    result = call("evaluate", MARKED, *options, *TARGET, "-m", llama_folder)
    assert result.exit_code == 0, result.output
    path, left_out = json.loads(result.stdout)["provenance"]["methods"]
    assert path["steps"] == 4 and path["path_from"] == "pad" and path["of"] == "logit"
    assert left_out["tolerance"] == 0.5
    assert (here / "cache" / "evaluations.sqlite").exists()


def made_by(run: bs.AttributionRun, **changed: str | None) -> bs.AttributionRun:
    """Return a run that says something else of its model; None leaves an entry out."""
    model = {**run.heatmap.provenance["model"], **changed}
    model = {name: value for name, value in model.items() if value is not None}
    provenance = {**run.heatmap.provenance, "model": model}
    return replace(run, heatmap=replace(run.heatmap, provenance=provenance))


def test_another_place_of_the_same_model(here: Path, llama_folder: str) -> None:
    call("attribute", MARKED, *TARGET, "-m", llama_folder, "-o", "run")
    (here / "moved").symlink_to(llama_folder)
    run = bs.open_run(here / "run")
    assert isinstance(run, bs.AttributionRun)
    made_by(run, source="./gone").save("gone-model")
    assert "no model at gone" in call("evaluate", "gone-model").stderr
    assert call("evaluate", "gone-model", "-m", "moved", "-o", "found").exit_code == 0
    made_by(run, sha256="0" * 64).save("other-model")
    assert "SHA-256 000000000000" in call("evaluate", "other-model", "-m", "moved").stderr
    made_by(run, source=None).save("nowhere-model")
    assert "name it with --model" in call("evaluate", "nowhere-model").stderr


REFUSED: list[tuple[str, list[str], str]] = [
    ("no run", ["nowhere"], "give --methods"),
    ("not a run", ["empty"], "is not a run"),
    ("depth", ["deep"], "this is a depth run"),
    ("damaged", ["damaged"], "not complete JSON"),
    ("one feature", ["single"], "With one feature"),
    ("a prompt's option", ["run", "--target", "x"], "--target is for a prompt"),
    ("a tolerance", ["run", "--tolerance", "1"], "--tolerance is for a prompt"),
    ("a path", ["run", "--path-from", "pad"], "--path-from is for a prompt"),
    ("interactions", [MARKED, "--methods", "interactions"], "is not known here"),
    ("steps", [MARKED, "--methods", "integrated_gradients", "--steps", "0"], "1 step"),
    ("budget", ["run", "--budget", "3"], "at least 4 evaluations"),
    ("seed", ["run", "--seed", "-1"], "from 0 upwards"),
    ("output", ["run", "-o", "empty"], "--overwrite"),
    ("figure", ["run", "--figure", "a.bmp"], "does not end in"),
    ("unknown method", [MARKED, "--methods", "shapley,magic"], "'magic' is not known here"),
    ("no method", [MARKED, "--methods", ""], "'' is not known here"),
    ("no mark", ["plain", "--methods", "shapley"], "has no mark"),
    ("one mark", ["[[a]] b", "--methods", "shapley"], "With one feature"),
    ("a folder", ["run", "--methods", "shapley"], "is a folder; give a file"),
    ("empty baseline target", [MARKED, "--methods", "shapley", "--target", ""], "is empty"),
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, llama_folder: str) -> Path:
    """A folder of runs, which tests copy."""
    folder = tmp_path_factory.mktemp("saved")
    call("attribute", MARKED, *TARGET, "-m", llama_folder, "-o", str(folder / "run"))
    call("attribute", "[[a]] b", *TARGET, "-m", llama_folder, "-o", str(folder / "single"))
    call("depth", "a", "--response", "b", "-m", llama_folder, "-o", str(folder / "deep"))
    return folder


@pytest.mark.parametrize(
    ("arguments", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    here: Path, saved: Path, arguments: list[str], message: str
) -> None:
    shutil.copytree(saved, here, dirs_exist_ok=True)
    assert {"run", "single", "deep"} <= {one.name for one in here.iterdir()}
    (here / "empty").mkdir()
    (here / "damaged").mkdir()
    (here / "damaged" / "run.json").write_text("{")
    before = tree(here)
    result = call("evaluate", *arguments)
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.stderr.split())
    assert result.stdout == "" and "Traceback" not in result.output
    assert tree(here) == before
