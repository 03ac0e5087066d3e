"""The command in copies of this process: real ones, that have imported everything already.

A new Python imports for two seconds before it begins. What belongs to its start (the locale, what
is imported, `python -m bathyscope`) is tested in new ones.
"""

import atexit
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

needs_copies = pytest.mark.skipif(
    sys.platform != "linux", reason="needs processes that are copies of this one"
)
quietly = pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")


def _nothing() -> None:
    pass


class Copy:
    """A command at work in the folder in which this process is.

    Attributes:
        output: The file of what it says on standard output; `errors` likewise.
    """

    def __init__(
        self,
        place: Path,
        *arguments: str,
        output: Path | None = None,
        input: int | None = None,
        before: Callable[[], None] = _nothing,
    ) -> None:
        """Begin.

        Args:
            place: A folder for what it says.
            arguments: Of the command.
            output: Where standard output goes instead.
            input: An open file that is its standard input.
            before: What is done in the new process first.
        """
        place.mkdir(parents=True, exist_ok=True)
        self.output, self.errors = output or place / "output", place / "errors"
        self.errors.touch()
        given = arguments, input, self.output, self.errors, before
        self._process = multiprocessing.get_context("fork").Process(target=_command, args=given)
        self._process.start()

    def interrupted_once(self, said: str, seconds: float = 0) -> int:
        """Send a Ctrl-C when it has said something, and a while later; return its exit code."""
        while said not in self.errors.read_text() and self._process.is_alive():
            time.sleep(0.01)
        time.sleep(seconds)
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGINT)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; return its exit code."""
        self._process.join(120)
        assert self._process.exitcode is not None, "it does not end"
        return self._process.exitcode


def limited(bytes: int) -> Callable[[], None]:
    """Return what refuses files of more bytes to a process, as on a full disk."""

    def limit() -> None:
        import resource

        from bathyscope.core.files import outputs

        outputs._ROOM = bytes // 2  # the disk fills up after it was looked at
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes, bytes))

    return limit


def _command(
    arguments: tuple[str, ...],
    input: int | None,
    output: Path,
    errors: Path,
    before: Callable[[], None],
) -> NoReturn:
    from bathyscope.cli import main

    atexit._clear()  # what was registered is to be done by the process that this is a copy of
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if input is not None:
        os.dup2(input, 0)
        sys.stdin = os.fdopen(0)
    for stream, path in ((1, output), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    sys.argv = ["bathyscope", *arguments]
    before()
    main()
    raise AssertionError("the command ends the process")
