"""Outputs that could not be written are refused beforehand, and trying leaves nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bathyscope.core.errors import InputError
from bathyscope.core.files.outputs import require_writable

ROOT = os.geteuid() == 0


def test_trying_leaves_nothing(tmp_path: Path) -> None:
    for folder in (True, False):
        require_writable(tmp_path / "a" / "b" / "c", overwrite=False, folder=folder)
    require_writable(tmp_path / ("x" * 255), overwrite=False)
    assert [*tmp_path.iterdir()] == []


def test_names_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    for path, reason in (
        (tmp_path / ("x" * 256), "File name too long"),
        (tmp_path / "a" / ("x" * 256) / "run", "File name too long"),
        (tmp_path / "file" / "run", "file is no folder"),
        (tmp_path / "file" / "a" / "run", "file is no folder"),
        (tmp_path / "dangling" / "run", "dangling is no folder"),
        (tmp_path / "a\0b", "null byte"),
        (tmp_path / "\udcff" / "\ud800", "surrogates"),
    ):
        for folder in (True, False):
            with pytest.raises(InputError, match=reason):
                require_writable(path, overwrite=True, folder=folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "file"]


def test_places_to_work_in_are_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    for path in (Path("."), Path(".."), tmp_path / "a", Path("/")):
        with pytest.raises(InputError, match="exists already"):
            require_writable(path, overwrite=False)
        with pytest.raises(InputError, match="folder inside of it"):
            require_writable(path, overwrite=True)


@pytest.mark.skipif(ROOT, reason="root may write anywhere")
def test_folders_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"):
        require_writable(tmp_path / "run" / "inner", overwrite=False)
    with pytest.raises(InputError, match="protected"):
        require_writable(tmp_path / "run", overwrite=True)


def test_no_room_is_found_before(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk, which a test cannot have."""
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from bathyscope.core.files.outputs import require_writable\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "require_writable(Path(sys.argv[1]) / 'run', overwrite=False)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "InputError" in done.stderr and "File too large" in done.stderr
    assert [*tmp_path.iterdir()] == []
