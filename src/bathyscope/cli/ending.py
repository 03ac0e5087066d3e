"""End of a process of the command line."""

import atexit
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def ending_at_once() -> Iterator[None]:
    """End the process with the exit code that is raised inside, without taking it apart first.

    To free a model and a few hundred thousand objects one by one takes a second, before the
    system frees them all at once. What is registered to be done at the end is done; an error that
    is no exit passes through.
    """
    try:
        yield
        code: object = 0
    except SystemExit as ended:
        code = ended.code
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads that do not want to be cut off
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.flush()
    os._exit(code or 0)
