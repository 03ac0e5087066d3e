from pathlib import Path

import pytest

from bathyscope.core.errors import InputError
from bathyscope.core.files import new_file, new_folder, sha256


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole(tmp_path: Path) -> None:
    with new_file(tmp_path / "deep" / "a.txt") as partial:
        partial.write_text("x")
        assert partial.suffix == ".txt"
        assert not (tmp_path / "deep" / "a.txt").exists()
    assert names(tmp_path / "deep") == ["a.txt"]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_file_leaves_nothing(tmp_path: Path, stop: type[BaseException]) -> None:
    (tmp_path / "a.txt").write_text("before")
    with pytest.raises(stop), new_file(tmp_path / "a.txt") as partial:
        partial.write_text("half")
        raise stop
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "before"


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_an_interrupted_folder_leaves_the_old_one(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old").touch()
    with pytest.raises(stop), new_folder(tmp_path / "run", overwrite=True) as partial:
        (partial / "new").touch()
        raise stop
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["old"]


def test_overwriting_replaces_the_whole_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old").touch()
    with new_folder(tmp_path / "run", overwrite=True) as partial:
        (partial / "new").touch()
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["new"]


def test_existing_outputs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="--overwrite"), new_folder(tmp_path / "run"):
        pass
    with pytest.raises(InputError, match="is a file"), new_folder(tmp_path / "file"):
        pass


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")
