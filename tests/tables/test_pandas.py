"""What pandas itself writes, in every form; pandas is a dependency of these tests only."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.tables.reading import read_table

VALUES = np.array([[1.5, -2.0, np.nan], [0.0, 1e-3, 4.0]])
COLUMNS = ("9 + 3 = 12", "b", "c")
BY_INDEX = pd.DataFrame(VALUES, index=["▁/", "0"], columns=list(COLUMNS))
BY_COLUMN = pd.DataFrame({"token": ["▁/", "0"]} | dict(zip(COLUMNS, VALUES.T, strict=True)))


def read(path: Path, text: str) -> Heatmap:
    path.write_text(text, encoding="utf-8")
    return read_table(path)


def require_same(table: Heatmap, rows: tuple[str, ...] = ("▁/", "0")) -> None:
    np.testing.assert_allclose(table.values, VALUES, rtol=1e-12)
    assert (table.rows.labels, table.columns.labels) == (rows, COLUMNS)


@pytest.mark.parametrize("frame", [BY_INDEX, BY_COLUMN], ids=["index", "column"])
@pytest.mark.parametrize("options", [{}, {"na_rep": "NA"}, {"sep": ";", "decimal": ","}], ids=str)
def test_the_default_csv(tmp_path: Path, frame: pd.DataFrame, options: dict[str, str]) -> None:
    text = frame.to_csv(**options)
    assert text.startswith((",", ";")), "the index is written, as pandas does unless told otherwise"
    require_same(read(tmp_path / "t.csv", text))


def test_a_csv_whose_index_alone_says_anything(tmp_path: Path) -> None:
    table = read(tmp_path / "t.csv", pd.DataFrame(VALUES, columns=list(COLUMNS)).to_csv())
    require_same(table, ("0", "1"))


@pytest.mark.parametrize("orient", ["split", "records", "index", "columns", "table"])
def test_every_orient_of_json_with_a_column_of_labels(tmp_path: Path, orient: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        require_same(read(tmp_path / "t.json", BY_COLUMN.to_json(orient=orient)))


@pytest.mark.parametrize("orient", ["split", "table", "columns"])
def test_every_orient_of_json_that_keeps_the_index(tmp_path: Path, orient: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if orient == "columns" else "error")
        require_same(read(tmp_path / "t.json", BY_INDEX.to_json(orient=orient)))


def test_which_way_nested_objects_stand_is_said_where_it_cannot_be_known(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="taken as columns.*orient='split'"):
        read(tmp_path / "t.json", BY_INDEX.to_json())


def test_values_alone_are_numbered(tmp_path: Path) -> None:
    table = read(tmp_path / "t.json", BY_INDEX.to_json(orient="values"))
    np.testing.assert_array_equal(table.values, VALUES)
    assert (table.rows.labels, table.columns.labels) == (("1", "2"), ("1", "2", "3"))
    labelled = read(tmp_path / "t.json", BY_COLUMN.to_json(orient="values"))
    assert labelled.rows.labels == ("▁/", "0")
    np.testing.assert_array_equal(labelled.values, VALUES)


def test_lines_of_records(tmp_path: Path) -> None:
    require_same(read(tmp_path / "t.jsonl", BY_COLUMN.to_json(orient="records", lines=True)))


@pytest.mark.parametrize("orient", ["split", "records", "index", "columns", "values", "table"])
def test_every_cut_and_every_other_value_is_refused_or_read(tmp_path: Path, orient: str) -> None:
    text = BY_COLUMN.to_json(orient=orient)
    document = json.loads(text)
    for length in range(0, len(text), 5):
        refused_or_read(tmp_path, text[:length])
    parts = list(document) if isinstance(document, dict) else list(range(len(document)))
    for part in parts:
        others: list[Any] = [None, 3, "x", [], {}, [[]], [{}], {"x": 1}, True]
        for other in others:
            changed = json.loads(text)
            changed[part] = other
            refused_or_read(tmp_path, json.dumps(changed))


def refused_or_read(folder: Path, text: str) -> None:
    try:
        assert isinstance(read(folder / "t.json", text), Heatmap)
    except InputError as error:
        assert "t.json" in str(error)
