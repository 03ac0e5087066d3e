import csv
import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from safetensors.numpy import load_file

import bathyscope as bs
from bathyscope.runs.base import Run
from tests.conftest import tiny

PROMPT = bs.Prompt.marked("Q: [[9 + 3]]\nA: [[12]]\nQ: 5?\nA:")


@pytest.fixture(params=["attribution", "depth"])
def run(request: pytest.FixtureRequest) -> Run:
    if request.param == "attribution":
        return bs.attribute(tiny("llama"), PROMPT, " 00")
    return bs.depth(tiny("llama"), PROMPT.text, " 00é")


def test_a_run_comes_back_as_it_was(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    again = bs.open_run(tmp_path / "run")
    assert type(again) is type(run)
    assert again.to_document() == run.to_document()
    np.testing.assert_array_equal(again.heatmap.values, run.heatmap.values)


def test_the_document_follows_the_published_schema(run: Run) -> None:
    schema = json.loads(resources.files("bathyscope.runs").joinpath("run.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(run.to_document())), schema)


def test_the_files_agree(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    arrays = load_file(tmp_path / "run" / "arrays.safetensors")
    np.testing.assert_array_equal(arrays["values"], run.heatmap.values)
    with (tmp_path / "run" / "scores.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == run.heatmap.values.size
    for line in lines:
        row, column = int(line["row"]), int(line["column"])
        assert float(line["value"]) == run.heatmap.values[row, column]
        assert line["row_label"] == run.heatmap.rows.labels[row]


def test_gap_and_sums() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 00", method="leave_one_out")
    values = run.heatmap.values
    np.testing.assert_array_equal(run.gap, values.sum(axis=1) - (run.all - run.none))
    np.testing.assert_array_equal(run.whole_target, values.sum(axis=0))
    assert np.abs(run.gap).max() > 1e-3, "leave-one-out is not complete"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: d.pop("heatmap"), "damaged"),
        (lambda d: d["heatmap"].pop("values"), "damaged"),
        (lambda d: d["heatmap"]["columns"].update(ids=[1]), "labels but 1 ids"),
        (lambda d: d.update(schema=99), "schema 99"),
        (lambda d: d.pop("schema"), "names no schema"),
        (lambda d: d.update(kind="riddle"), "unknown kind"),
    ],
)
def test_damaged_runs_are_refused(run: Run, tmp_path: Path, damage: Any, message: str) -> None:
    run.save(tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    document = json.loads(path.read_text())
    # As in runs of earlier versions: what else is wrong is seen where no digest says it first.
    del document["digest"]
    (tmp_path / "run" / "arrays.safetensors").unlink()
    damage(document)
    path.write_text(json.dumps(document))
    with pytest.raises(bs.InputError, match=message):
        bs.open_run(tmp_path / "run")


def test_truncated_and_missing_documents_are_refused(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    path.write_text(path.read_text()[:50])
    with pytest.raises(bs.InputError, match="not complete JSON"):
        bs.open_run(tmp_path / "run")
    path.unlink()
    with pytest.raises(bs.InputError, match="not a run"):
        bs.open_run(tmp_path / "run")
