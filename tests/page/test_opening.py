"""What a page opens on and offers to ask: never a comma, where there is anything else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.heatmap import Heatmap
from bathyscope.page.data import Shown, page_data
from bathyscope.page.opening import at_answer, at_deepest, at_largest
from bathyscope.page.questions import questions
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.table import as_run
from tests.page.hand_made import attribution, depth, table

KEPT = Path(__file__).parents[1] / "kept_runs" / "schema-1"


def with_values(run: AttributionRun, values: np.ndarray) -> AttributionRun:
    heatmap = run.heatmap
    return replace(
        run,
        heatmap=Heatmap(
            values, heatmap.rows, heatmap.columns, heatmap.quantity, heatmap.provenance
        ),
    )


@pytest.mark.parametrize("silent", [",", "\n", " ", " .", "\n\n", "<|im_end|>"])
def test_a_map_opens_on_what_says_something(silent: str) -> None:
    run = attribution(tokens=(silent, " 8", " /", " 2", silent))
    values = np.full((5, 4), 0.5)
    values[0, 2], values[4, 0], values[2, 3] = 9.0, -8.0, -0.7
    assert at_largest(with_values(run, values)) == (2, 3)


def test_where_nothing_says_anything_the_largest_of_all_is_taken() -> None:
    run = attribution(tokens=(",", "\n", "."))
    values = np.full((3, 4), 0.5)
    values[1, 2] = -9.0
    assert at_largest(with_values(run, values)) == (1, 2)
    assert at_largest(as_run(table([[1.0, -3.0], [np.nan, 2.0]]))) == (0, 1)
    assert at_largest(as_run(table([[np.nan, np.nan]]))) == (0, 0)


def test_a_depth_map_opens_on_its_deepest_token() -> None:
    run = depth(tokens=(" 8", ",", " b", " x"))
    deep = replace(run, settling_depth=np.array([2, 6, 5, 3]))
    assert at_deepest(deep) == (4, 2)
    assert at_deepest(replace(run, settling_depth=np.array([6, 6, 6, 6]))) == (4, 0)


def test_a_chain_opens_on_the_answer() -> None:
    assert at_answer(as_run(table([[5.0, 0.0, 0.0], [1.0, -2.0, 1.0]]))) == (1, 1)


def test_questions_are_of_every_map_and_lead_to_what_answers_them() -> None:
    drove, deep = attribution(tokens=(" 8", ",", " b", "\n")), depth(tokens=(" 8", ",", " b", "\n"))
    asked = questions([drove, deep])
    row, column = at_largest(drove)
    part = int(np.abs(drove.whole_target).argmax())
    token = "8" if row == 0 else "b"
    assert asked[0] == {
        "text": f"What drove “{token}”?", "map": 0, "row": row, "column": column, "choose": "row"
    }  # fmt: skip
    layer, settled = at_deepest(deep)
    label = deep.heatmap.columns.labels[settled].strip("▁")
    assert asked[1]["text"] == f"Where was “{label}” decided?"
    assert (asked[1]["map"], asked[1]["row"], asked[1]["column"]) == (1, layer, settled)
    named = drove.heatmap.columns.labels[part]
    assert asked[2]["text"] == f"What did “{named}” drive?" and asked[2]["column"] == part
    assert (
        abs(drove.heatmap.values[asked[2]["row"], part])
        == np.abs(drove.heatmap.values[:, part]).max()
    )
    assert len(questions([drove, deep, attribution(4), depth(5)])) == 3
    assert questions([as_run(table([[1.0]]))]) == []


@pytest.mark.parametrize("folder", sorted(one for one in KEPT.iterdir() if one.is_dir()))
def test_every_kind_opens_and_is_asked_within_its_map(folder: Path) -> None:
    data = page_data([Shown(bs.open_run(folder), folder.name)])
    sizes = [[len(one[side]["labels"]) for side in ("rows", "columns")] for one in data["maps"]]
    for one, (rows, columns) in zip(data["maps"], sizes, strict=True):
        assert 0 <= one["opening"]["row"] < rows and 0 <= one["opening"]["column"] < columns
    for asked in data["questions"]:
        rows, columns = sizes[asked["map"]]
        assert 0 <= asked["row"] < rows and 0 <= asked["column"] < columns
    assert len({one["id"] for one in data["maps"]}) == len(data["maps"])
