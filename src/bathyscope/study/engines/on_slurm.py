"""Slurm through submitit: jobs take many shards each, and hand over every one that is done."""

import os
import pickle
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from bathyscope.core.errors import BathyscopeError, InputError, first_sentence
from bathyscope.study.engines.engine import Engine, EngineOptions, Finished, Pending
from bathyscope.study.packages import submitit

if TYPE_CHECKING:
    from bathyscope.study.questions import Shard
    from bathyscope.study.work import Work

CLUSTER = "cluster"
"""The parameter that names submitit's executor: slurm, local, debug; None lets it choose."""

_SECONDS = 0.2  # between two looks


class OnSlurm(Engine):
    """Jobs of a cluster; what a job that ended has left undone is given to another."""

    name = "slurm"
    summary = "Slurm jobs through submitit; --set partition=…, --set gpus_per_node=1"

    def __init__(self, options: EngineOptions) -> None:
        """Take the number of jobs, and what submitit's executor is told."""
        self.jobs, self.folder = options.workers or 1, options.folder
        self.parameters: dict[str, Any] = {
            name: int(value) if value.isdecimal() else value
            for name, value in options.parameters.items()
        }

    def results(self, work: "Work", shards: "Sequence[Shard]") -> Iterator[Finished]:
        """Yield each shard as it is done."""
        self.folder.mkdir(parents=True, exist_ok=True)
        place = Path(mkdtemp(prefix="slurm-", dir=self.folder))
        jobs = _Jobs(self._executor(place), work, place)
        pending = {number: Pending(shard) for number, shard in enumerate(shards)}
        try:
            for first in range(min(self.jobs, len(shards))):
                jobs.submit({n: pending[n] for n in list(pending)[first :: self.jobs]})
            yield from jobs.results(pending)
        finally:
            jobs.cancel()
            shutil.rmtree(place, ignore_errors=True)

    def _executor(self, place: Path) -> Any:
        parameters = dict(self.parameters)
        cluster = parameters.pop(CLUSTER, None)
        try:
            executor = submitit().AutoExecutor(folder=place / "log", cluster=cluster)
            executor.update_parameters(**parameters)
        except InputError:
            raise
        except Exception as error:  # submitit raises whatever a parameter makes it stumble over
            raise InputError(
                f"Slurm jobs cannot be described so: {first_sentence(error)}."
            ) from error
        return executor


class _Jobs:
    """The jobs that run, and what each has been given."""

    def __init__(self, executor: Any, work: "Work", place: Path) -> None:
        self.executor, self.work, self.place = executor, work, place
        self.running: list[tuple[Any, dict[int, Pending]]] = []

    def submit(self, given: dict[int, Pending]) -> None:
        """Submit a job that computes some shards."""
        shards = {number: pending.shard for number, pending in given.items()}
        try:
            job = self.executor.submit(_serve, self.work, shards, self.place)
        except Exception as error:  # sbatch may refuse for any reason
            raise InputError(f"The job was refused: {first_sentence(error)}.") from error
        self.running.append((job, given))

    def results(self, pending: dict[int, Pending]) -> Iterator[Finished]:
        """Yield each shard as it appears; shards of jobs that have ended are submitted again."""
        while pending:
            ended = [entry for entry in self.running if entry[0].done()]
            for number in list(pending):
                answer = _taken(self.place / f"{number}.pickle")
                if isinstance(answer, BathyscopeError):
                    raise answer
                if answer is not None:
                    del pending[number]
                    yield answer
            for entry in ended:
                self.running.remove(entry)
                yield from self._again(entry, pending)
            if pending:
                time.sleep(_SECONDS)

    def _again(
        self, entry: tuple[Any, dict[int, Pending]], pending: dict[int, Pending]
    ) -> Iterator[Finished]:
        job, given = entry
        left = [number for number in given if number in pending]
        if not left:
            return
        how = f"job {job.job_id} {str(job.state).lower()}"
        # Shards are computed in order: the job ended over the first that is missing.
        tried = pending.pop(left[0])
        again = {number: pending[number] for number in left[1:]}
        for one in tried.after_an_end():
            if one.hopeless:
                yield Finished(one.given_up(how), {})
            else:
                number = 1 + max([*pending, *given, -1])
                pending[number] = again[number] = one
        if again:
            self.submit(again)

    def cancel(self) -> None:
        """Cancel what still runs."""
        for job, _ in self.running:
            with suppress(Exception):
                job.cancel(check=False)


def _serve(work: "Work", shards: "dict[int, Shard]", place: Path) -> None:
    """Compute shards one after the other, each handed over in a file of its own."""
    try:
        worker = work.begin()
    except BathyscopeError as error:
        for number in shards:
            _hand_over(error, place / f"{number}.pickle")
        return
    for number, shard in shards.items():
        _hand_over(Finished(worker(shard), worker.provenance), place / f"{number}.pickle")


def _hand_over(answer: object, path: Path) -> None:
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_bytes(pickle.dumps(answer))
    beside.rename(path)


def _taken(path: Path) -> Any:
    """Return what a job of this batch has handed over; None where it is not there yet."""
    try:
        answer = pickle.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    path.unlink()
    return answer
