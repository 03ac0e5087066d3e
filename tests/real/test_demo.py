"""The demo on the embedded model: what it promises, in the files it writes."""

from pathlib import Path

import pytest

import bathyscope as bs
from bathyscope.comparison.changes import swaps
from bathyscope.demo.demo import compute, write
from bathyscope.model.language_model import LanguageModel

pytestmark = pytest.mark.real


def test_the_demo(smollm: LanguageModel, tmp_path: Path) -> None:
    runs = compute(smollm)
    write(runs, tmp_path / "demo")
    division, multiplication, depth = runs["division"], runs["multiplication"], runs["depth"]
    assert len(division.heatmap.rows) == len(multiplication.heatmap.rows) == 13
    assert smollm.tokens.decode(division.heatmap.rows.ids or ()) == " $16,000 / 0.8 ="
    assert smollm.tokens.decode(multiplication.heatmap.rows.ids or ()) == " 16,000 x 0.8 ="
    assert depth.heatmap.values.shape == (29, 47)
    page = (tmp_path / "demo" / "index.html").read_text()
    assert 'href="explore.html"' in page
    explore = (tmp_path / "demo" / "explore.html").read_text(encoding="utf-8")
    for name, run in runs.items():
        assert f'"name": "{name}"' in explore
        folder = tmp_path / "demo" / name
        assert (folder / "figure.png").stat().st_size > 20_000
        assert f'src="{name}/figure.png"' in page
        assert bs.open_run(folder).to_document() == run.to_document()
        assert (folder / "description.md").read_text() == bs.describe(run)

    assert isinstance(division, bs.AttributionRun)
    assert isinstance(multiplication, bs.AttributionRun)
    compared = bs.compare(division, multiplication)
    assert len(compared.rows.pairs) == 11 and compared.columns.pairs == ()
    _, operator = swaps(compared)
    (slash,), (cross,) = operator.a, operator.b
    assert division.heatmap.columns.labels[slash.columns[0]] == "4900 / 100 = 49"
    pulled = [multiplication.heatmap.columns.labels[column] for column in cross.columns[:2]]
    assert pulled == ["8 x 48 = 384", "3 x 4 = 12"]
