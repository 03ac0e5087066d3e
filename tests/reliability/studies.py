"""Studies whose driver, workers or actors are killed at random moments: are the rows the same?

`python -m tests.reliability.studies --count 20` kills each kind so many times (SIGKILL), in batches
of questions that cost a few hundredths of a second, until as many have ended. After every batch all
lines of all tables are compared with those of a batch that nobody disturbed.
"""

import argparse
import multiprocessing
import os
import random
import signal
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from bathyscope.study.store import open_study
from tests.study.stub import StubWork
from tests.study.test_driver import lines, run

QUESTIONS, SHARD, SECONDS = 40, 2, 0.02
_FORK = multiprocessing.get_context("fork")


def driver_killed(place: Path, chance: random.Random, wanted: int) -> int:
    """Kill a driver again and again, until the batch is done or as often as wanted."""
    kills, note = 0, _note(place)
    while kills < wanted:
        work = StubWork(seconds=SECONDS / 4, note=note)
        asked = {"count": QUESTIONS, "shard": SHARD}
        process = _FORK.Process(target=run, args=(place / "study", work), kwargs=asked)
        process.start()
        before = _answered(note)
        while process.is_alive() and _answered(note) == before:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 3 * SECONDS))
        kills += process.is_alive()
        process.kill()
        process.join()
        if (place / "study").exists() and len(open_study(place / "study").known()) == QUESTIONS:
            break
    run(place / "study", count=QUESTIONS, shard=SHARD)
    return kills


def workers_killed(engine: str, place: Path, chance: random.Random, wanted: int) -> int:
    """Kill workers of an engine while a batch runs, as often as wanted."""
    note, over, kills = _note(place), threading.Event(), list[int]()

    def kill() -> None:
        while len(kills) < wanted and not over.wait(chance.uniform(0, 10 * SECONDS)):
            newest = max(note.iterdir(), key=lambda one: one.stat().st_mtime_ns, default=None)
            process = None if newest is None else int(newest.name.split("-")[1])
            if process is not None and process not in (*kills, os.getpid()):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    kills.append(process)

    killer = threading.Thread(target=kill)
    killer.start()
    work = StubWork(seconds=SECONDS, note=note)
    try:
        run(place / "study", work, QUESTIONS, engine=engine, workers=2, shard=SHARD)
    finally:
        over.set()
        killer.join()
    return len(kills)


def killed(kind: str, count: int, seed: int) -> dict[str, int]:
    """Kill one kind of process so many times; return how often, in how many batches.

    Raises:
        AssertionError: A batch has other rows than an undisturbed one, or computed too much anew.
    """
    chance, kills, batches = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        whole = lines(run(Path(folder) / "whole", count=QUESTIONS, shard=SHARD).study)
        while kills < count:
            place, batches = Path(folder) / str(batches), batches + 1
            place.mkdir()
            if kind == "driver":
                own = driver_killed(place, chance, count - kills)
            else:
                own = workers_killed(kind, place, chance, count - kills)
            assert lines(open_study(place / "study")) == whole, f"{kind}: other rows"
            assert _answered(place / "note") <= QUESTIONS + SHARD * own, f"{kind}: lost more"
            kills += own
    return {"killed": kills, "batches": batches}


def _note(place: Path) -> Path:
    note = place / "note"
    note.mkdir()
    return note


def _answered(note: Path) -> int:
    return len(list(note.iterdir()))


def main() -> None:
    """Kill and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default="driver,processes,ray")
    options = parser.parse_args()
    for kind in options.kinds.split(","):
        found = killed(kind, options.count, options.seed)
        print(f"{kind}: killed {found['killed']} times in {found['batches']} batches, no row lost")


if __name__ == "__main__":
    main()
