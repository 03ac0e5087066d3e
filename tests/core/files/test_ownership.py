"""Everything that bathyscope writes is told as its own, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.core.errors import InputError
from bathyscope.core.files.outputs import refuse_existing
from bathyscope.core.files.ownership import foreign
from bathyscope.demo.demo import write
from bathyscope.layers.lenses.tuned import TunedLens
from tests.comparison.maps import attribution, depth

MAP = attribution([[1, 2, 3], [4, 5, 6]], error=np.full((2, 3), 0.1), freedom=5)
DEPTH = depth([[0.9, 0.2, 0.7], [0.1, 0.1, 0.6]], "xyz", [2, 1, 3])


def test_files_are_told_by_what_is_in_them(tmp_path: Path) -> None:
    compared = bs.compare(MAP, MAP)
    for ending in (".png", ".svg", ".pdf"):
        bs.draw(MAP, tmp_path / f"f{ending}")
        bs.draw(compared, tmp_path / f"c{ending}")
    bs.view(DEPTH, tmp_path / "page.html")
    TunedLens(torch.zeros(1, 2, 2), torch.zeros(1, 2), {"a": 1}).save(tmp_path / "any.name")
    written = sorted(tmp_path.iterdir())
    assert len(written) == 8
    assert [foreign(path) for path in written] == [None] * 8


def test_folders_of_one_run_of_several_and_of_the_demo(tmp_path: Path) -> None:
    MAP.save(tmp_path / "run")
    bs.draw(MAP, tmp_path / "run" / "figure.png")
    bs.draw(MAP, tmp_path / "run" / "large.pdf")
    for number in (1, 12):
        DEPTH.save(tmp_path / "several" / f"target-{number}")
    write(dict.fromkeys(("division", "multiplication", "depth"), MAP), tmp_path / "demo")
    for name in ("run", "several", "demo"):
        assert foreign(tmp_path / name) is None, name
    assert len([*(tmp_path / "demo").rglob("*")]) == 20
    assert foreign(tmp_path) is not None, "a folder of folders is not one result"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", "mine"),
        ("empty.txt", ""),
        ("bathyscope.md", "bathyscope wrote this <title>bathyscope: a look inside</title>"),
        ("photo.png", "\x89PNG holds bathyscope"),
        ("index.html", "<!doctype html><title>bathyscope and I</title>"),
        ("model.safetensors", '12345678{"__metadata__":{"format":"pt"}}'),
        ("data.json", '{"schema": 1, "kind": "mine"}'),
        ("more/run.json", '{"schema": 1, "kind": "attribution"}'),
        ("target-1/inner/x", ""),
    ],
)
def test_a_foreign_file_is_named(tmp_path: Path, name: str, content: str) -> None:
    MAP.save(tmp_path / "run")
    path = tmp_path / "run" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match="was not written by bathyscope") as refused:
        refuse_existing(tmp_path / "run", overwrite=True)
    assert str(tmp_path / "run" / name.partition("/")[0]) in str(refused.value)
    if content and "/" not in name:
        with pytest.raises(InputError, match="was not written by bathyscope"):
            refuse_existing(path, overwrite=True, folder=False)


def test_files_with_names_of_a_run_are_foreign_where_there_is_no_run(tmp_path: Path) -> None:
    MAP.save(tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text('{"name": "mine"}')
    found = foreign(tmp_path / "run")
    assert found is not None and found.name == "arrays.safetensors"


def test_links_inside_a_run_are_foreign(tmp_path: Path) -> None:
    MAP.save(tmp_path / "run")
    MAP.save(tmp_path / "other")
    (tmp_path / "run" / "target-1").symlink_to(tmp_path / "other")
    assert foreign(tmp_path / "run") == tmp_path / "run" / "target-1"


def test_a_folder_of_runs_is_not_replaced_by_one(tmp_path: Path) -> None:
    MAP.save(tmp_path / "bathyscope-runs" / "attribution-1")
    with pytest.raises(InputError, match="attribution-1 was not written"):
        MAP.save(tmp_path / "bathyscope-runs", overwrite=True)
    assert (tmp_path / "bathyscope-runs" / "attribution-1" / "run.json").exists()
