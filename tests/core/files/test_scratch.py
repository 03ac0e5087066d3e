"""What killed processes leave: found by name, never a live one's, put back or removed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bathyscope.core.files.scratch import is_scratch, scratch, tidy
from bathyscope.core.files.writing import new_file

DAYS = 86_400


def leftover(parent: Path, name: str = ".bathyscope-k3j2h1x8", *, days: float = 2.0) -> Path:
    """Make what a killed process leaves, of an age."""
    folder = parent / name
    (folder / "new" / "run").mkdir(parents=True)
    (folder / "new" / "run" / "run.json").write_text("{")
    then = time.time() - days * DAYS
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (then, then))
    return folder


def test_the_next_to_write_there_removes_what_is_older_than_a_day(tmp_path: Path) -> None:
    old, young = leftover(tmp_path), leftover(tmp_path, ".bathyscope-00000000", days=0.9)
    with new_file(tmp_path / "a.txt") as partial:
        partial.touch()
    assert not old.exists() and young.exists()


def test_what_was_written_into_lately_is_not_old(tmp_path: Path) -> None:
    folder = leftover(tmp_path)
    os.utime(folder / "new" / "run" / "run.json")
    tidy(tmp_path)
    assert folder.exists()


@pytest.mark.parametrize(
    "name",
    [".bathyscope", ".bathyscope-k3j2h1x", ".bathyscope-notes-of-mine", "bathyscope-k3j2h1x8"],
)
def test_other_names_are_not_ours(tmp_path: Path, name: str) -> None:
    folder = leftover(tmp_path, name)
    tidy(tmp_path)
    assert folder.exists() and not is_scratch(name)


def test_other_contents_files_and_links_are_not_ours(tmp_path: Path) -> None:
    folder = leftover(tmp_path)
    (folder / "diary").touch()
    (tmp_path / "elsewhere").mkdir()
    target = leftover(tmp_path / "elsewhere")
    (tmp_path / ".bathyscope-11111111").symlink_to(target)
    (tmp_path / ".bathyscope-22222222").touch()
    for path in (folder / "diary", folder, tmp_path / ".bathyscope-22222222"):
        os.utime(path, (0, 0))
    before = sorted(tmp_path.rglob("*"))
    tidy(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_live_process_keeps_its_folder_however_old_and_loses_it_when_killed(
    tmp_path: Path,
) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from bathyscope.core.files.scratch import scratch\n"
        "with scratch(Path(sys.argv[1])) as work: print(work, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip()).parent
        for path in (folder / "new", folder):
            os.utime(path, (0, 0))
        tidy(tmp_path)
        assert folder.exists(), "its process is alive"
        process.kill()
    assert folder.exists(), "kill -9 leaves it"
    tidy(tmp_path)
    assert not folder.exists()


def test_what_was_set_aside_when_a_process_was_killed_returns_at_once(tmp_path: Path) -> None:
    folder = leftover(tmp_path, days=0)
    (folder / "old" / "run").mkdir(parents=True)
    (folder / "old" / "run" / "x").write_text("finished")
    tidy(tmp_path)
    assert (tmp_path / "run" / "x").read_text() == "finished"


def test_what_was_set_aside_never_replaces_what_came_after(tmp_path: Path) -> None:
    folder = leftover(tmp_path)
    for place in (folder / "old" / "run", tmp_path / "run"):
        place.mkdir(parents=True)
    (tmp_path / "run" / "x").write_text("newer")
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (0, 0))
    tidy(tmp_path)
    assert (tmp_path / "run" / "x").read_text() == "newer" and not folder.exists()


def test_nothing_stays_of_work_that_ends(tmp_path: Path) -> None:
    with scratch(tmp_path / "a" / "b") as work:
        (work / "x").touch()
        assert is_scratch(work.parent.name)
    assert [*(tmp_path / "a" / "b").iterdir()] == []
