"""Other names for rows and columns."""

import json
from pathlib import Path
from typing import Any

import pytest

import bathyscope as bs
from bathyscope.core.heatmap import Axis, Heatmap, Quantity
from bathyscope.render.labels import read_labels, relabelled
from bathyscope.runs.table import as_run

KEPT = Path(__file__).parent.parent / "kept_runs" / "schema-1"
MAP = Heatmap([[1.0, 2.0, 3.0]], Axis("row", ("a",)), Axis("c", ("x", "y", "x")), Quantity("q"))  # type: ignore[arg-type]


def test_names_by_position_and_by_the_old_name() -> None:
    run = as_run(MAP)
    assert relabelled(run, None) is run
    new = relabelled(run, {"columns": ["1", "2", "3"]}).heatmap
    assert new.columns.labels == ("1", "2", "3") and new.rows == MAP.rows
    new = relabelled(run, {"columns": {"x": "z"}, "rows": ["r"]}).heatmap
    assert (new.columns.labels, new.rows.labels) == (("z", "y", "z"), ("r",))
    assert run.heatmap.columns.labels == ("x", "y", "x")


@pytest.mark.parametrize("name", [path.name for path in sorted(KEPT.iterdir()) if path.is_dir()])
def test_every_kind_of_run_is_drawn_with_other_names(name: str) -> None:
    run = bs.open_run(KEPT / name)
    names = [f"new {index}" for index in range(len(run.heatmap.columns))]
    new = relabelled(run, {"columns": names})
    assert type(new) is type(run) and list(new.heatmap.columns.labels) == names
    assert (new.heatmap.values is not None and "new 0" in bs.describe(new)) or name in {
        "comparison", "faithfulness", "depth-groups", "think",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"columns": ["1", "2"]}, "There are 2 names for 3 columns"),
        ({"columns": {"w": "z"}}, "None of the columns is called 'w'"),
        ({"columns": "xyz"}, "neither a list nor"),
        ({"columns": [1, 2, 3]}, "is a text, not 1"),
        ({"rows": {"a": None}}, "is a text, not None"),
        ({"layers": ["1"]}, '"rows" or "columns"'),
        ({}, '"rows" or "columns"'),
        (["a"], '"rows" or "columns"'),
    ],
)
def test_other_names_are_refused(labels: Any, words: str) -> None:
    with pytest.raises(bs.InputError, match=words):
        relabelled(as_run(MAP), labels)


def test_names_are_read_from_files(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_bytes("\ufeffone\r\n二\r\n three \r\n".encode())
    assert read_labels(file) == {"columns": ["one", "二", " three "]}
    document = {"rows": {"a": "b"}, "columns": ["1", "2", "3"]}
    (tmp_path / "names.json").write_text(json.dumps(document))
    assert read_labels(tmp_path / "names.json") == document
    for name, content, words in (
        ("bad.json", b"{", "is no JSON"),
        ("list.json", b"[1]", "does not hold an object"),
        ("bytes.txt", b"\xff\xfe\x00", "UTF-16"),
        ("bytes2.txt", b"a\xff", "UTF-8"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(bs.InputError, match=words):
            read_labels(tmp_path / name)
    with pytest.raises(bs.InputError, match="cannot be read"):
        read_labels(tmp_path / "none.txt")


def test_new_names_stand_in_notes_and_alternative_text(tmp_path: Path) -> None:
    table = bs.read_table(Path(__file__).parent.parent / "figures" / "division.csv")
    names = [f"demo {index}" for index in range(1, 6)]
    bs.draw(table, tmp_path / "f.svg", labels={"columns": names}, limit=1.0)
    words = (tmp_path / "f.svg").read_text()
    assert "× “demo 3”; 1 cell beyond" in words and "4900 / 100" not in words
