"""A short version of `make reliability`, and the page that shows what the long one found."""

import json
import subprocess
import sys
from pathlib import Path

from tests.reliability.kills import CASES, RESULTS, Place, Whole, faults
from tests.reliability.page import PAGE, page

RUN = '{"schema": 1, "kind": "attribution"'


def test_nothing_is_lost_by_a_few_kills(tmp_path: Path) -> None:
    figures = tmp_path / "kills.json"
    command = [sys.executable, "-m", "tests.reliability.kills", "--count", "2", "--output"]
    cases = ["depth --overwrite"]
    done = subprocess.run([*command, figures, "--cases", *cases], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text())
    assert [found[case]["kills"] for case in cases] == [2]
    assert all(case["faults"] == [] for case in found.values())


def test_faults_are_seen(tmp_path: Path) -> None:
    """The judge is judged: each kind of harm, done by hand, is told."""
    place = Place(tmp_path)
    (place.work / "out").mkdir(parents=True)
    for stream in ("output", "errors"):
        (tmp_path / stream).write_text("")
    (place.work / "beside").write_text("finished")
    (place.work / "out" / "scores.csv").write_text("old")
    before = place.tree()
    whole = Whole({**before, "out/scores.csv": "new"}, b"numbers", 1, b"", 1)
    assert faults(place, before, whole) == []
    (tmp_path / "errors").write_text("saved: out")
    assert faults(place, before, whole) == ["lost: it was told to be saved, and is not there"]
    (tmp_path / "errors").write_text("")
    (tmp_path / "output").write_text("nonsense")
    assert faults(place, before, whole) == ["wrong: other numbers were printed"]
    (tmp_path / "output").write_text("numb")
    (place.work / "out" / "scores.csv").write_text("half")
    assert "half-written" in faults(place, before, whole)[0]
    (place.work / "out" / "scores.csv").write_text("old")
    (place.work / "beside").unlink()
    assert faults(place, before, whole) == ["lost: a finished file beside the output"]
    (place.work / "beside").write_text("finished")
    (place.work / "run.json").write_text(RUN)
    assert "is damaged" in faults(place, before, whole)[0]


def test_the_page_is_what_the_figures_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run make reliability"
    kills = json.loads((RESULTS / "kills.json").read_text())
    assert kills and set(kills) <= set(CASES)
    assert all(case["kills"] > 0 and case["faults"] == [] for case in kills.values())
