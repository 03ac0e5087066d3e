"""Every engine gives the same rows, also where its workers are killed."""

import multiprocessing
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bathyscope.core.errors import InputError
from bathyscope.study.doing import Doing
from bathyscope.study.engines.choice import ENGINES
from bathyscope.study.engines.engine import EngineOptions
from bathyscope.study.store import open_study
from tests.study.stub import StubWork
from tests.study.test_driver import lines, run


@pytest.fixture
def note(tmp_path: Path) -> Path:
    folder = tmp_path / "note"
    folder.mkdir()
    return folder


def test_processes_give_the_same_rows_and_replace_one_that_is_killed(
    tmp_path: Path, note: Path
) -> None:
    whole = lines(run(tmp_path / "whole").study)
    work = StubWork(note=note, mortal=("r5",))
    done = run(tmp_path / "study", work, engine="processes", workers=2)
    assert lines(done.study) == whole
    # Another took the place of the one that was killed, and its shard.
    names = [path.name.split("-") for path in note.iterdir()]
    assert len({process for record, process, _ in names if record == "r5"}) == 2
    assert os.getpid() not in {int(process) for _, process, _ in names}
    assert 20 < len(names) <= 23


def test_a_record_that_ends_every_worker_is_a_row_and_spares_its_neighbours(
    tmp_path: Path,
) -> None:
    work = StubWork(deadly=("r5",))
    done = run(tmp_path / "study", work, count=4 + 1, engine="processes", workers=1, shard=2)
    assert list(done.failed) == ["r5"]
    assert "3 workers ended over this record (signal 9)" in done.failed["r5"]
    assert len(done.study.known()) == 5


def _drive(folder: Path, work: StubWork) -> None:
    run(folder, work, engine="processes", workers=2, shard=1)


def test_processes_end_with_a_driver_that_is_killed(tmp_path: Path, note: Path) -> None:
    driver = multiprocessing.get_context("fork").Process(
        target=_drive, args=(tmp_path / "study", StubWork(seconds=0.05, note=note))
    )
    driver.start()
    while len(list(note.iterdir())) < 4:
        assert driver.is_alive()
        time.sleep(0.01)
    driver.kill()
    driver.join()
    workers = {int(path.name.split("-")[1]) for path in note.iterdir()}
    deadline = time.monotonic() + 10
    while any(_runs(process) for process in workers):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert 0 < len(open_study(tmp_path / "study").known()) < 20
    whole = lines(run(tmp_path / "whole").study)
    assert lines(run(tmp_path / "study", shard=1).study) == whole


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A local cluster of Ray's, begun as the engine begins its own."""
    from bathyscope.study.engines.on_ray import _begin, _imported

    ray = _imported(alone=True)
    _begin(ray, None, 2)
    yield ray
    ray.shutdown()


@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_ray_gives_the_same_rows_listens_on_loopback_and_replaces_an_actor(
    tmp_path: Path, note: Path, cluster: Any
) -> None:
    whole = lines(run(tmp_path / "whole").study)
    work = StubWork(note=note, mortal=("r5",))
    done = run(tmp_path / "study", work, engine="ray", workers=2)
    assert lines(done.study) == whole
    assert len({path.name.split("-")[1] for path in note.iterdir()}) == 3
    listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    processes = {os.getpid(), *_children(os.getpid())}
    own = [line for line in listening.splitlines() if any(f"pid={p}," in line for p in processes)]
    assert len(own) > 3, "the ports must have been found"
    assert [line for line in own if "127.0.0.1" not in line.split()[3]] == []


def _children(process: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True)
    own = [int(one) for one in found.stdout.split()]
    return own + [child for one in own for child in _children(one)]


@pytest.mark.filterwarnings("ignore")  # submitit's own
def test_slurm_jobs_give_the_same_rows_and_a_job_that_ends_is_submitted_again(
    tmp_path: Path, note: Path
) -> None:
    whole = lines(run(tmp_path / "whole").study)
    work = StubWork(note=note, mortal=("r5",))
    local = {"cluster": "local", "timeout_min": "5"}
    done = run(tmp_path / "study", work, engine="slurm", workers=2, parameters=local)
    assert lines(done.study) == whole
    assert not list((tmp_path / "study").glob("slurm-*"))


def test_what_an_engine_does_not_take_is_said() -> None:
    for make, sentence in (
        (lambda: Doing(engine="cloud").made(Path()), "engine 'cloud' is not known"),
        (lambda: Doing(workers=0).made(Path()), "At least 1 worker"),
        (lambda: Doing(workers=2).made(Path()), "choose --engine processes"),
        (lambda: Doing(shard=0).made(Path()), "1 question or more"),
        (lambda: Doing(engine="ray", parameters={"num_cpus": "x"}).made(Path()), "is a number"),
    ):
        with pytest.raises(InputError, match=sentence):
            make()
    assert set(ENGINES) == {"here", "processes", "ray", "slurm"}
    assert EngineOptions(3).workers == 3
