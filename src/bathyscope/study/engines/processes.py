"""Processes of this machine, each with the model; one that ends is replaced."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from bathyscope.core.errors import BathyscopeError, InputError
from bathyscope.study.engines.engine import Ends, Engine, EngineOptions, Finished, Pending

if TYPE_CHECKING:
    from bathyscope.study.questions import Shard
    from bathyscope.study.work import Work

_SPAWN = multiprocessing.get_context("spawn")


class Processes(Engine):
    """So many processes; the model is loaded once in each."""

    name = "processes"
    summary = "processes of this machine, --workers of them"

    def __init__(self, options: EngineOptions) -> None:
        """Take the number of processes; where none is given, one for each core."""
        self.workers = options.workers or os.cpu_count() or 1

    def results(self, work: "Work", shards: "Sequence[Shard]") -> Iterator[Finished]:
        """Yield each shard as it is done."""
        waiting = deque(Pending(shard) for shard in shards)
        self.ends = Ends()
        count = min(self.workers, len(waiting))
        threads = max(1, (os.cpu_count() or 1) // max(1, count))
        members = [_Member(work, threads) for _ in range(count)]
        try:
            while waiting or any(member.pending for member in members):
                for member in members:
                    if waiting and member.pending is None:
                        member.give(waiting.popleft())
                busy = {member.connection: member for member in members if member.pending}
                for connection in wait(list(busy)):
                    member = busy[connection]  # type: ignore[index]
                    yield from self._received(member, waiting)
        finally:
            for member in members:
                member.stop()

    def _received(self, member: "_Member", waiting: deque[Pending]) -> Iterator[Finished]:
        """Take what a member sends; where it has ended, another takes its place and its shard."""
        pending = member.pending
        assert pending is not None
        try:
            answer = member.connection.recv()
        except (EOFError, OSError):
            how = member.ended()
            self.ends.ended(how)
            member.start()
            for again in pending.after_an_end():
                if again.hopeless:
                    yield Finished(again.given_up(how), member.provenance)
                else:
                    waiting.appendleft(again)
            member.pending = None
            return
        if isinstance(answer, BathyscopeError):
            raise answer
        self.ends.answered()
        member.pending = None
        member.provenance = answer.provenance
        yield answer


class _Member:
    """One process and the shard that it has."""

    def __init__(self, work: "Work", threads: int) -> None:
        self.work, self.threads = work, threads
        self.pending: Pending | None = None
        self.provenance: dict[str, Any] = {}
        self.start()

    def start(self) -> None:
        """Start the process."""
        self.connection, theirs = _SPAWN.Pipe()
        arguments = theirs, self.work, self.threads
        self.process = _SPAWN.Process(target=_serve, args=arguments, daemon=True)
        try:
            self.process.start()
        except (AttributeError, TypeError, ValueError) as error:  # what pickle says
            raise InputError(
                f"The work cannot be sent to another process ({error}); use --engine here."
            ) from error
        theirs.close()

    def give(self, pending: Pending) -> None:
        """Send a shard; that the process has ended is found when it is waited for."""
        self.pending = pending
        with suppress(OSError):
            self.connection.send(pending.shard)

    def ended(self) -> str:
        """Return in words how the process ended."""
        self.connection.close()
        self.process.join(5)
        code = self.process.exitcode
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"

    def stop(self) -> None:
        """End the process, whatever it does."""
        self.connection.close()
        self.process.kill()
        self.process.join(5)


def _serve(connection: "Connection[Any, Any]", work: "Work", threads: int) -> None:
    """Answer shards until nobody sends any more."""
    _end_with_parent()
    try:
        worker = work.begin(threads)
        while True:
            shard = connection.recv()
            connection.send(Finished(worker(shard), worker.provenance))
    except (EOFError, OSError, KeyboardInterrupt):
        return
    except BathyscopeError as error:
        connection.send(error)


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, also in the midst of a shard."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
