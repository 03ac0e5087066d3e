"""Real DataFrames; pandas is a dependency of these tests only."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import bathyscope as bs


def opened(thing: object) -> bs.Heatmap:
    found = bs.open_map(thing)
    assert isinstance(found, bs.Heatmap)
    return found


def test_the_index_labels_the_rows() -> None:
    frame = pd.DataFrame(
        [[1, -2.5], [np.nan, np.inf]], index=pd.Index(["0", "0"], name="token"), columns=["a", "a"]
    )
    table = opened(frame)
    np.testing.assert_array_equal(table.values, [[1, -2.5], [np.nan, np.inf]])
    assert table.rows == bs.Axis("token", ("0", "0"))
    assert table.columns.labels == ("a", "a")
    assert table.quantity.neutral == 0.0


def test_a_first_column_of_texts_labels_the_rows() -> None:
    frame = pd.DataFrame({"token": ["x", "y"], "a": [1, 2], "b": [3, None]})
    table = opened(frame)
    np.testing.assert_array_equal(table.values, [[1, 3], [2, np.nan]])
    assert table.rows == bs.Axis("token", ("x", "y"))


def test_numbers_with_gaps_of_pandas_own() -> None:
    frame = pd.DataFrame({"a": [1, None]}, dtype="Int64", index=["x", "y"])
    np.testing.assert_array_equal(opened(frame).values, [[1], [np.nan]])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame(), "0 row labels"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), "'y' in row 1"),
        (pd.DataFrame({"a": [True]}), "of type bool"),
        (pd.DataFrame({"a": pd.to_datetime(["2024-01-01"])}), "not numbers"),
    ],
)
def test_frames_of_something_else_are_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(bs.InputError, match=message):
        bs.open_map(frame)


@pytest.mark.parametrize("thing", [None, 3, [[1.0]], np.eye(2)])
def test_other_objects_are_refused(thing: object) -> None:
    with pytest.raises(bs.InputError, match="is no map; expected a run"):
        bs.open_map(thing)


def test_maps_pass() -> None:
    table = opened(pd.DataFrame({"a": [1.0]}))
    assert bs.open_map(table) is table


def test_nothing_there_is_said() -> None:
    with pytest.raises(bs.InputError, match="There is no nowhere"):
        bs.open_map("nowhere")


def test_reading_tables_imports_no_pandas() -> None:
    code = "import sys, bathyscope; bathyscope.open_map; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
