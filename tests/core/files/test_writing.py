"""Writing whole files and folders: what appears, what stays, what is said."""

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bathyscope.core.errors import InputError, WriteError
from bathyscope.core.files import renaming
from bathyscope.core.files.writing import new_file, new_folder, new_numbered_folder, sha256
from bathyscope.runs.opening import open_run
from tests.comparison.maps import depth

FIRST, SECOND = (depth([[value, 0.2], [0.1, 0.1]], "xy", [2, 1]) for value in (0.9, 0.8))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=["system call", "portable"])
def renames(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the system call of Linux, and as on systems and file systems that lack it."""
    if request.param == "portable":
        monkeypatch.setattr(renaming, "_system_call", lambda: None)
    elif renaming._system_call() is None:
        pytest.skip("this system has no renameat2")
    return str(request.param)


def test_a_file_appears_whole(tmp_path: Path, renames: str) -> None:
    with new_file(tmp_path / "deep" / "a.txt") as partial:
        partial.write_text("x")
        assert partial.name == "a.txt"
        assert not (tmp_path / "deep" / "a.txt").exists()
    assert names(tmp_path / "deep") == ["a.txt"]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_file_leaves_nothing(tmp_path: Path, stop: type[BaseException]) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(stop), new_file(tmp_path / "a.txt", overwrite=True) as partial:
        partial.write_text("half")
        raise stop
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == ""


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_an_interrupted_folder_leaves_the_old_one(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    FIRST.save(tmp_path / "run")
    with pytest.raises(stop), new_folder(tmp_path / "run", overwrite=True) as partial:
        (partial / "new").touch()
        raise stop
    assert names(tmp_path) == ["run"]
    assert open_run(tmp_path / "run").heatmap.values[0, 0] == 0.9


def test_overwriting_replaces_the_whole_folder(tmp_path: Path, renames: str) -> None:
    FIRST.save(tmp_path / "run")
    (tmp_path / "run" / "figure.png").touch()
    SECOND.save(tmp_path / "run", overwrite=True)
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["arrays.safetensors", "run.json", "scores.csv"]
    assert open_run(tmp_path / "run").heatmap.values[0, 0] == 0.8


def test_existing_outputs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="add overwrite=True"), new_folder(tmp_path / "run"):
        pass
    with pytest.raises(InputError, match="is a file"), new_folder(tmp_path / "file"):
        pass


@pytest.mark.parametrize("folder", [True, False], ids=["folder", "file"])
def test_what_appears_meanwhile_is_not_replaced(tmp_path: Path, renames: str, folder: bool) -> None:
    path = tmp_path / "out"
    write = new_folder if folder else new_file
    with pytest.raises(WriteError, match="it exists by now"), write(path) as second:
        with write(path) as first:
            (first / "mine" if folder else first).write_text("first")
        (second / "mine" if folder else second).write_text("second")
    assert (path / "mine" if folder else path).read_text() == "first"
    assert names(tmp_path) == ["out"]


def at_once(count: int, work: Callable[[int], object]) -> None:
    """Run functions of a number in threads that begin together."""
    gate = threading.Barrier(count)

    def run(number: int) -> None:
        gate.wait()
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_runs_at_once_take_different_numbers(tmp_path: Path, renames: str) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "run-2").mkdir()
    given: list[Path] = []

    def save(number: int) -> None:
        def write(folder: Path) -> None:
            (folder / "x").write_text(f"{number}")

        given.append(new_numbered_folder(tmp_path / "runs" / "run", write))

    at_once(8, save)
    assert sorted(given) == sorted({*given}) and len(given) == 8
    assert tmp_path / "runs" / "run-2" not in given
    assert {path.joinpath("x").read_text() for path in given} == {*map(str, range(8))}
    assert len(names(tmp_path / "runs")) == 9


def test_overwriting_at_once_leaves_one_whole_run_and_the_name_never_stands_for_nothing(
    tmp_path: Path,
) -> None:
    if renaming._system_call() is None:
        pytest.skip("without the system call there is a moment between two renames")
    FIRST.save(tmp_path / "run")
    done, seen = threading.Event(), 0

    def save(number: int) -> None:
        for _ in range(20):
            (FIRST if number else SECOND).save(tmp_path / "run", overwrite=True)

    def look() -> None:
        nonlocal seen
        while not done.is_set():
            os.stat(tmp_path / "run" / ".")
            seen += 1

    watcher = threading.Thread(target=look)
    watcher.start()
    at_once(2, save)
    done.set()
    watcher.join()
    assert seen > 40, "the name was watched while it was replaced"
    assert names(tmp_path) == ["run"]
    assert open_run(tmp_path / "run").heatmap.values[0, 0] in (0.8, 0.9)


def test_what_is_put_into_a_run_while_the_next_is_written_comes_back(
    tmp_path: Path, renames: str
) -> None:
    FIRST.save(tmp_path / "run")
    refused = pytest.raises(InputError, match=r"run/notes\.txt was not written by bathyscope")
    with refused, new_folder(tmp_path / "run", overwrite=True) as partial:
        SECOND.write(partial)
        (tmp_path / "run" / "notes.txt").write_text("mine")
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"
    assert open_run(tmp_path / "run").heatmap.values[0, 0] == 0.9
    assert names(tmp_path) == ["run"]


def test_a_run_that_vanishes_while_it_is_replaced_is_written(tmp_path: Path, renames: str) -> None:
    FIRST.save(tmp_path / "run")
    with new_folder(tmp_path / "run", overwrite=True) as partial:
        SECOND.write(partial)
        (tmp_path / "run").rename(tmp_path / "elsewhere")
    assert names(tmp_path) == ["elsewhere", "run"]


@pytest.mark.parametrize("dangling", [True, False])
@pytest.mark.parametrize("folder", [True, False], ids=["folder", "file"])
def test_links_are_left_alone(tmp_path: Path, dangling: bool, folder: bool) -> None:
    if not dangling:
        FIRST.save(tmp_path / "there") if folder else (tmp_path / "there").touch()
    (tmp_path / "link").symlink_to("there")
    before = names(tmp_path)
    write = new_folder if folder else new_file
    for overwrite in (False, True):
        with pytest.raises(InputError, match="symbolic link"):
            with write(tmp_path / "link", overwrite=overwrite):
                pass
    assert names(tmp_path) == before and (tmp_path / "link").is_symlink()


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077, 0o002])
def test_permissions_are_those_of_any_new_file(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        with new_folder(tmp_path / "folder") as partial:
            (partial / "inner").mkdir()
            (partial / "open").touch()
            (partial / "inner" / "closed").touch(mode=0o600)
        with new_file(tmp_path / "file") as partial:
            partial.touch(mode=0o600)
        SECOND.save(tmp_path / "run")
        (tmp_path / "probe").touch()
    wanted = 0o666 & ~mask
    assert stat.S_IMODE((tmp_path / "probe").stat().st_mode) == wanted
    for path in tmp_path.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o777 & ~mask if path.is_dir() else wanted), path


@pytest.mark.parametrize("folder", [True, False], ids=["folder", "file"])
def test_what_the_file_system_refuses_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, folder: bool
) -> None:
    refused = pytest.raises(
        WriteError, match=r"out cannot be written \(No space left on device\); nothing half-written"
    )
    write = new_folder if folder else new_file
    with refused, write(tmp_path / "out"), new_file(tmp_path / "inner"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")
