"""Runs of every schema that ever was open with the same numbers: the promise of docs/files.md."""

import csv
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.runs.opening import RUN_KINDS

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "tests" / "kept_runs"
FOLDERS = sorted(path.parent for path in KEPT.glob("schema-*/*/run.json"))
NUMBERS = (
    "all",
    "none",
    "gap",
    "standard_error",
    "halves",
    "settling_depth",
    "deep_thinking_ratio",
)


def _document(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return document


def _published() -> dict[str, Any]:
    text = resources.files("bathyscope.runs").joinpath("run.schema.json").read_text("utf-8")
    properties: dict[str, Any] = json.loads(text)["properties"]
    return properties


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: "/".join(folder.parts[-2:]))
def test_a_kept_run_opens_with_the_same_numbers(folder: Path, tmp_path: Path) -> None:
    document = _document(folder)
    run = bs.open_run(folder)
    _same_numbers(run, document)
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    rows, columns = run.heatmap.values.shape
    assert len(lines) == rows * columns > 0
    for line in lines:
        value = run.heatmap.values[int(line["row"]), int(line["column"])]
        assert repr(float(value)) == line["value"]
        assert run.heatmap.rows.labels[int(line["row"])] == line["row_label"]
        assert run.heatmap.columns.labels[int(line["column"])] == line["column_label"]
    run.save(tmp_path / "anew")
    _same_numbers(bs.open_run(tmp_path / "anew"), document)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: "/".join(folder.parts[-2:]))
def test_a_kept_run_is_described_and_drawn(folder: Path, tmp_path: Path) -> None:
    run = bs.open_run(folder)
    assert run.kind == "table" or "LlamaForCausalLM" in bs.describe(run)
    bs.draw(run, tmp_path / "figure.svg")
    assert (tmp_path / "figure.svg").stat().st_size > 5000


def test_every_schema_and_kind_is_kept() -> None:
    """A schema that grows leaves a folder here, and a line in docs/files.md."""
    published = _published()
    current = published["schema"]["const"]
    kept = {(_document(folder)["schema"], _document(folder)["kind"]) for folder in FOLDERS}
    assert {schema for schema, _ in kept} == set(range(1, current + 1))
    assert {kind for _, kind in kept} >= set(RUN_KINDS)
    for folder in FOLDERS:
        assert folder.parent.name == f"schema-{_document(folder)['schema']}"
    listed = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "files.md").read_text("utf-8"), re.M)
    assert [int(schema) for schema in listed] == list(range(1, current + 1))


def _same_numbers(run: Any, document: dict[str, Any]) -> None:
    heatmap = document["heatmap"]
    np.testing.assert_array_equal(run.heatmap.values, np.array(heatmap["values"], dtype=float))
    for axis in ("rows", "columns"):
        found = getattr(run.heatmap, axis)
        assert list(found.labels) == heatmap[axis]["labels"]
        assert found.name == heatmap[axis]["name"]
    assert run.heatmap.quantity.unit == heatmap["quantity"]["unit"]
    for name in NUMBERS:
        expected = document.get(name)
        if expected is not None:
            # `float`, because what is not a number stands as null in JSON.
            np.testing.assert_array_equal(getattr(run, name), np.array(expected, dtype=float))
