import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from threading import Barrier
from typing import Self

import pytest

from bathyscope.core.noting import note, notes_kept, noting


@dataclass(frozen=True)
class Kept:
    notes: tuple[str, ...] = ()

    def noted(self, notes: Iterable[str]) -> Self:
        return replace(self, notes=(*self.notes, *notes))


@notes_kept
def one(*texts: str) -> Kept:
    """Say texts."""
    for text in texts:
        note(text)
    return Kept(("own",))


@notes_kept
def several() -> list[Kept]:
    note("common")
    return [one("inner"), Kept()]


def test_the_result_of_a_verb_keeps_what_is_noted_once() -> None:
    assert one("a", "b", "a").notes == ("own", "a", "b")
    assert one.__doc__ == "Say texts." and one.__name__ == "one"


def test_the_innermost_receives_and_each_of_several_results_keeps() -> None:
    first, second = several()
    assert first.notes == ("own", "inner", "common")
    assert second.notes == ("common",)


def test_without_a_verb_a_note_is_a_warning() -> None:
    with pytest.warns(UserWarning, match="nobody keeps this") as caught:
        note("nobody keeps this")
    assert caught[0].filename == __file__


def test_an_error_leaves_nothing_open() -> None:
    with pytest.raises(KeyError), noting():
        raise KeyError
    with warnings.catch_warnings(), pytest.raises(UserWarning):
        warnings.simplefilter("error")
        note("after")


def test_verbs_in_threads_do_not_hear_each_other() -> None:
    together = Barrier(8, timeout=20)

    @notes_kept
    def work(number: int) -> Kept:
        together.wait()  # all are at work before the first says anything
        for _ in range(50):
            note(f"of {number}")
        together.wait()
        return Kept()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(8)))
    assert [kept.notes for kept in found] == [(f"of {number}",) for number in range(8)]


def test_a_thread_that_works_for_a_verb_is_heard_by_it() -> None:
    with noting() as heard, ThreadPoolExecutor(1) as pool:
        pool.submit(copy_context().run, note, "from below").result()
    assert heard == ["from below"]
