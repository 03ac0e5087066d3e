"""A process beside this one that answers line by line, and is ended where it takes too long."""

import atexit
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Timer


class TooLong(Exception):
    """The process did not answer in time."""


class StoppableProcess:
    """A script of this folder as a process: started when first asked, and kept for what follows.

    A question is a line on its standard input, an answer a line on its standard output. It starts
    anew where it has died, was stopped, or belongs to the process that this one was forked from.
    """

    def __init__(self, script: str) -> None:
        """Remember the script; nothing is started yet."""
        self._script = Path(__file__).with_name(script)
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = -1
        self._lock = Lock()
        atexit.register(self._stop)

    def ask(self, line: str, seconds: float) -> str | None:
        """Return the answer to a question; None where the process died of it.

        Raises:
            TooLong: It took longer, and was stopped.
        """
        with self._lock:
            kept = self._lives()
            said = self._asked(line, seconds)
            # What it has kept of former questions must not be the reason why it dies of this one.
            return self._asked(line, seconds) if said is None and kept else said

    def _lives(self) -> bool:
        """Tell whether a process of ours is there to be asked."""
        own = self._owner == os.getpid()
        return own and self._process is not None and self._process.poll() is None

    def _asked(self, line: str, seconds: float) -> str | None:
        if not self._lives():
            self._start()
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        late = Event()
        timer = Timer(seconds, _stopped, (process, late))
        timer.start()
        said = b""
        try:
            process.stdin.write(line.encode("ascii") + b"\n")
            process.stdin.flush()
            said = process.stdout.readline()
        except (BrokenPipeError, OSError):  # it has died; what it said is not whole
            pass
        finally:
            timer.cancel()
            if not said.endswith(b"\n"):  # died, stopped, or an interrupt: its answer would be late
                self._stop()
        if late.is_set():
            self._stop()
            raise TooLong
        return said.decode("ascii") if said else None

    def _start(self) -> None:
        if self._owner == os.getpid():
            self._stop()
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(self._script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._owner = os.getpid()

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was still to be written has nobody to read it
                    pipe.close()


def _stopped(process: "subprocess.Popen[bytes]", late: Event) -> None:
    """End a process that has taken too long, and say so."""
    late.set()
    process.kill()
