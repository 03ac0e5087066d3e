"""Bars for work that lasts: who sees them, from when on, and that they go away."""

import io
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import bathyscope as bs
from bathyscope.core import bars as bars_module
from bathyscope.core.bars import AFTER, Bars, displayed
from bathyscope.core.noting import notes_kept
from bathyscope.core.progress import silent, standard
from tests.conftest import tiny


class Seen:
    """A display that writes down what becomes of its bars, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.now = 0.0
        self.bars = Bars(lambda: self._made, lambda: self.now)

    def _made(self, stage: str, total: int) -> Any:
        self.told.append(("begun", stage, total))
        return SimpleNamespace(
            reach=lambda done: self.told.append(("reached", done)),
            close=lambda: self.told.append(("closed", stage)),
        )

    def at(self, now: float, stage: str, done: int, total: int | None) -> None:
        self.now = now
        self.bars(stage, done, total)


def test_a_stage_of_less_than_two_seconds_has_no_bar() -> None:
    seen = Seen()
    for now, done in ((0.0, 0), (1.0, 1), (1.9, 2), (AFTER + 1, 3)):
        seen.at(now, "work", done, 3)
    assert seen.told == []


def test_a_stage_that_lasts_has_one_until_it_is_done() -> None:
    seen = Seen()
    for now, done in ((0.0, 0), (1.0, 1), (2.5, 2), (3.0, 3), (3.5, 4)):
        seen.at(now, "work", done, 4)
    assert seen.told == [("begun", "work", 4), ("reached", 2), ("reached", 3), ("closed", "work")]


def test_a_stage_that_begins_again_has_a_new_bar() -> None:
    seen = Seen()
    for now, done in ((0.0, 0), (2.5, 3), (3.0, 0), (5.5, 1)):
        seen.at(now, "work", done, 4)
    assert [what for what, *_ in seen.told] == ["begun", "reached", "closed", "begun", "reached"]


def test_of_unknown_length_or_with_nobody_looking_there_is_none() -> None:
    seen = Seen()
    for now in (0.0, 5.0):
        seen.at(now, "work", 1, None)
    assert seen.told == []
    nobody = Bars(lambda: None, lambda: 0.0)
    nobody("work", 0, 5)
    nobody.close()


def test_bars_go_away_where_a_verb_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen()
    monkeypatch.setattr(bars_module, "BARS", seen.bars)
    monkeypatch.setattr("bathyscope.core.noting.BARS", seen.bars)

    def fails() -> Any:
        seen.at(0.0, "work", 0, 5)
        seen.at(3.0, "work", 1, 5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        notes_kept(fails)()
    assert seen.told[-1] == ("closed", "work")


def test_the_library_shows_bars_unless_it_is_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    def hear(stage: str, done: int, total: int | None) -> None:
        heard.append(stage)

    monkeypatch.setattr(bars_module, "BARS", hear)
    assert bs.DepthSettings().progress is standard
    bs.depth(tiny("llama"), "Q: 5?", " 00")
    assert heard
    heard.clear()
    try:
        bs.progress(False)
        bs.depth(tiny("llama"), "Q: 5?", " 00")
        assert heard == []
    finally:
        bs.progress(True)
    silent("work", 1, 2)
    own: list[str] = []
    bs.depth(tiny("llama"), "Q: 5?", " 00", progress=lambda stage, *_: own.append(stage))
    assert own and heard == []


@pytest.mark.parametrize(
    ("terminal", "shell", "expected"),
    [
        (True, None, "_RichBar"),
        (False, None, None),
        (False, SimpleNamespace(kernel=object()), "_notebook_bar"),
        (False, SimpleNamespace(), None),
    ],
)
def test_where_bars_are_shown(
    terminal: bool, shell: Any, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    found: Callable[..., Any] | None = displayed()
    assert (None if found is None else found.__name__) == expected


@pytest.mark.parametrize("kind", ["_RichBar", "_TqdmBar"])
def test_real_bars_move_and_leave_nothing(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    bar = getattr(bars_module, kind)("work", 5)
    bar.reach(2)
    bar.reach(5)
    bar.close()
    assert capsys.readouterr().out == ""
