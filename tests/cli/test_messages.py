import pytest

from bathyscope.cli import messages


def test_lines_tell_the_time_left_as_if_the_first_item_had_not_been(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([100.0, 105.0, 120.0, 121.0, 300.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    listen = messages._Lines()
    for stage, done in (("work", 10), ("work", 12), ("work", 20), ("rest", 0), ("rest", 5)):
        listen(stage, done, 50 if stage == "work" else None)
    assert capsys.readouterr().err.splitlines() == [
        "work: 10 of 50",
        "work: 20 of 50, 0.53 a second, about 0:00:56 left",
        "rest",
        "rest: 5 so far",
    ]
