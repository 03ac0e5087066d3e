"""The process ends with its code, after all that was to be done."""

import subprocess
import sys

import pytest

_ENDS = """
import atexit, sys, threading, time
from bathyscope.cli.ending import ending_at_once
class Object:
    def __del__(self): print("taken apart")
kept = Object()
atexit.register(print, "at exit")
def late():
    time.sleep(0.05)
    print("thread")
with ending_at_once():
    threading.Thread(target=late).start()
    print("inside")
    {ending}
"""


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        ("sys.exit(2)", 2, ""),
        ("sys.exit()", 0, ""),
        ("pass", 0, ""),
        ("sys.exit('words')", 1, "words\n"),
        ("raise RuntimeError('bad')", 1, None),
    ],
)
def test_what_was_to_be_done_is_done(ending: str, code: int, said: str | None) -> None:
    found = subprocess.run(
        [sys.executable, "-c", _ENDS.format(ending=ending)], capture_output=True, text=True
    )
    assert found.returncode == code
    lines = found.stdout.split("\n")[:-1]
    assert lines[:3] == ["inside", "thread", "at exit"]
    if said is None:
        assert "RuntimeError: bad" in found.stderr
    else:
        assert found.stderr == said and len(lines) == 3  # nothing was taken apart
