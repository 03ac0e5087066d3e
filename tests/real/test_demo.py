"""The demo on the embedded model: what it promises, in the files it writes."""

import json
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest

import bathyscope as bs
from bathyscope.comparison.changes import swaps
from bathyscope.demo.demo import greedy_answers, write
from bathyscope.model.language_model import LanguageModel
from bathyscope.runs.base import Run

pytestmark = pytest.mark.real

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "operators.json"


class Marked(HTMLParser):
    """What stands in marks of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.inside = tag == "mark"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.found.append(data)
            self.inside = False


def test_the_demo(smollm: LanguageModel, demo_runs: dict[str, Run], tmp_path: Path) -> None:
    runs = demo_runs
    answers = greedy_answers(smollm, runs)
    write(runs, tmp_path / "demo", answers)
    assert runs["depth"].heatmap.values.shape == (29, 47)
    page = (tmp_path / "demo" / "index.html").read_text(encoding="utf-8")
    explore = (tmp_path / "demo" / "explore.html").read_text(encoding="utf-8")
    assert 'href="explore.html"' in page and page.count("<details>") == len(runs) == 5
    for name, run in runs.items():
        assert f'"name": "{name}"' in explore
        folder = tmp_path / "demo" / name
        assert (folder / "figure.png").stat().st_size > 20_000
        assert f'src="{name}/figure.png"' in page
        assert bs.open_run(folder).to_document() == run.to_document()
        assert (folder / "description.md").read_text() == bs.describe(run)
    marks = Marked()
    marks.feed(page)
    shown = [label for run in [*runs.values()][:4] for label in run.heatmap.columns.labels]
    assert marks.found == shown
    _require_own(runs, answers)
    _require_given(smollm, runs, answers)


def _require_own(runs: dict[str, Run], answers: dict[str, str]) -> None:
    """What the model writes by itself, found by `benchmarks.operators` and nothing else."""
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    asked = json.loads(resources.files("bathyscope.demo").joinpath("written.json").read_text())
    for name, drove in (("division", "16 / 8 = 2"), ("multiplication", "9 x 8 = 72")):
        run = runs[name]
        assert asked[name]["prompt"] == found[name]["prompt"]
        assert run.provenance["generated"] and run.text == f" {found[name]['asked']}"
        assert found[name]["written"].startswith(answers[name])
        (row,) = [k for k, label in enumerate(run.heatmap.rows.labels) if label in ("▁/", "▁x")]
        assert run.heatmap.columns.labels[run.heatmap.values[row].argmax()] == drove


def _require_given(model: LanguageModel, runs: dict[str, Run], answers: dict[str, str]) -> None:
    """The published pair: given, and not what the model writes."""
    division, multiplication = runs["given-division"], runs["given-multiplication"]
    assert division.text == " $16,000 / 0.8 =" and multiplication.text == " 16,000 x 0.8 ="
    for name in ("given-division", "given-multiplication"):
        assert answers[name] != runs[name].text and answers[name].startswith(" 16000")
    assert isinstance(division, bs.AttributionRun)
    assert isinstance(multiplication, bs.AttributionRun)
    compared = bs.compare(division, multiplication)
    assert len(compared.rows.pairs) == 11 and compared.columns.pairs == ()
    _, operator = swaps(compared)
    (slash,), (cross,) = operator.a, operator.b
    assert division.heatmap.columns.labels[slash.columns[0]] == "4900 / 100 = 49"
    pulled = [multiplication.heatmap.columns.labels[column] for column in cross.columns[:2]]
    assert pulled == ["8 x 48 = 384", "3 x 4 = 12"]
