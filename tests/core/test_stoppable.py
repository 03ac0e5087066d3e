"""A process that is kept, and ended where it takes too long."""

import os
import signal
import time
from threading import Thread

import pytest

from bathyscope.core.patterns import all_matches
from bathyscope.core.stoppable import StoppableProcess, TooLong

ENDLESS = '{"pattern": "(a|aa)+$", "text": "%sb"}' % ("a" * 60)
QUICK = '{"pattern": "b", "text": "ab"}'
ANSWER = '{"found": [[[1, 2]]]}\n'


def process_of(asked: StoppableProcess) -> int:
    assert asked._process is not None
    return asked._process.pid


def test_one_process_answers_many_questions() -> None:
    asked = StoppableProcess("pattern_process.py")
    assert asked.ask(QUICK, 10) == ANSWER
    first = process_of(asked)
    assert all(asked.ask(QUICK, 10) == ANSWER for _ in range(50))
    assert process_of(asked) == first
    asked._stop()


def test_what_takes_too_long_is_ended_and_the_next_question_answered() -> None:
    asked = StoppableProcess("pattern_process.py")
    begun = time.monotonic()
    with pytest.raises(TooLong):
        asked.ask(ENDLESS, 0.5)
    assert time.monotonic() - begun < 8
    assert asked.ask(QUICK, 10) == ANSWER
    asked._stop()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_process_that_was_killed_meanwhile_is_started_anew() -> None:
    asked = StoppableProcess("pattern_process.py")
    assert asked.ask(QUICK, 10) == ANSWER
    first = process_of(asked)
    os.kill(first, signal.SIGKILL)
    assert asked.ask(QUICK, 10) == ANSWER and process_of(asked) != first
    asked._stop()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks of POSIX")
def test_a_fork_has_a_process_of_its_own() -> None:
    asked = StoppableProcess("pattern_process.py")
    assert asked.ask(QUICK, 10) == ANSWER
    first = process_of(asked)
    child = os.fork()
    if not child:
        own = asked.ask(QUICK, 10) == ANSWER and process_of(asked) != first
        asked._stop()
        os._exit(0 if own else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert asked.ask(QUICK, 10) == ANSWER and process_of(asked) == first
    asked._stop()


def test_threads_get_their_own_answers() -> None:
    found: dict[int, object] = {}

    def ask(at: int) -> None:
        found[at] = all_matches("b", "a" * at + "b")

    threads = [Thread(target=ask, args=(at,)) for at in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {at: [[(at, at + 1)]] for at in range(20)}
