"""Leave-one-out behind a screen: exact where it has a number, and nowhere an estimate."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import bathyscope as bs
from bathyscope.attribution.forecast import forecast_attribution
from bathyscope.attribution.screening import let_through
from bathyscope.attribution.settings import AttributionSettings
from bathyscope.comparison.origins import origins
from bathyscope.render.caption import caption
from bathyscope.render.terminal.table import table
from tests.conftest import tiny

WORDS = bs.Prompt.segmented("a b c d. e f g h. i j: ", "words")
ASKED: dict[str, Any] = {"method": "leave_one_out", "screen": 4}


@pytest.fixture(scope="module")
def run() -> bs.AttributionRun:
    return bs.attribute(tiny("llama"), WORDS, "xyz", **ASKED)


def test_what_it_lets_through_is_exact_and_the_rest_a_gap(run: bs.AttributionRun) -> None:
    whole = bs.attribute(tiny("llama"), WORDS, "xyz", method="leave_one_out")
    screen = bs.attribute(tiny("llama"), WORDS, "xyz", method="input_x_gradient").heatmap.values
    kept = np.isfinite(run.heatmap.values).all(axis=0)
    assert kept.sum() == 4 and np.isnan(run.heatmap.values[:, ~kept]).all()
    np.testing.assert_allclose(
        run.heatmap.values[:, kept], whole.heatmap.values[:, kept], atol=1e-5
    )
    sizes = np.abs(screen).max(axis=0)
    assert sizes[kept].min() >= sizes[~kept].max()
    np.testing.assert_allclose(run.all, whole.all, atol=1e-5)
    np.testing.assert_allclose(run.none, whole.none, atol=1e-5)
    assert run.provenance["method"]["evaluations"] == 6
    assert np.isnan(run.whole_target[~kept]).all() and np.isnan(run.gap).all()


def test_the_first_are_those_of_the_largest_size_in_any_row() -> None:
    screen = np.array([[0.1, -5.0, 0.0, 2.0], [3.0, 0.0, np.nan, -2.0]])
    assert let_through(screen, 2).tolist() == [0, 1]
    assert let_through(screen, 9).tolist() == [0, 1, 2, 3]


def test_a_screen_that_holds_nothing_back_is_none() -> None:
    run = bs.attribute(tiny("llama"), WORDS, "x", method="leave_one_out", screen=10)
    assert np.isfinite(run.heatmap.values).all() and not any("screen" in one for one in run.notes)


def test_every_medium_says_so(run: bs.AttributionRun, tmp_path: Path) -> None:
    assert any(note.startswith("6 of 10 features were not left out") for note in run.notes)
    assert "leave-one-out of the first 4 by input × gradient" in caption(run)
    assert "6 of 10 features were not left out" in bs.describe(run)
    assert "18 of 30 cells" in bs.describe(run, short=True)
    console = Console(width=400, record=True, file=StringIO())
    console.print(table(run, wide=True))
    assert "leave-one-out of the first 4" in console.export_text()
    bs.draw(run, tmp_path / "figure.svg")
    assert "no number (18 cells)" in (tmp_path / "figure.svg").read_text()
    run.save(tmp_path / "run")
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    assert document["provenance"]["method"]["screen"] == 4
    assert document["heatmap"]["values"][0].count(None) == 6


def test_it_is_computed_again_compared_and_asked_of_many(
    run: bs.AttributionRun, tmp_path: Path
) -> None:
    run.save(tmp_path / "run")
    assert bs.rerun(tmp_path / "run", tiny("llama")).agrees(1e-5)
    ((_, together),) = bs.attribute_many(tiny("llama"), [WORDS], ["xyz"], **ASKED)
    np.testing.assert_allclose(together.heatmap.values, run.heatmap.values, atol=1e-5)
    whole = bs.attribute(tiny("llama"), WORDS, "xyz", method="leave_one_out")
    _, different = origins(run.heatmap, whole.heatmap)
    assert [one.name for one in different] == ["screen"]


def test_a_contrast_is_screened_by_its_rows() -> None:
    asked: dict[str, Any] = {"target": "xyz", "against": "xzz"}
    run = bs.attribute(tiny("llama"), WORDS, **asked, **ASKED)
    screen = bs.attribute(tiny("llama"), WORDS, **asked, method="input_x_gradient")
    kept = np.flatnonzero(np.isfinite(run.heatmap.values).all(axis=0))
    np.testing.assert_array_equal(kept, let_through(screen.heatmap.values, 4))


def test_the_forecast_counts_what_passes_and_the_gradients() -> None:
    settings = AttributionSettings(**ASKED)
    found = forecast_attribution(tiny("llama"), WORDS, ["xyz"], settings)
    plain = forecast_attribution(
        tiny("llama"), WORDS, ["xyz"], AttributionSettings(method="input_x_gradient")
    )
    assert found.evaluations == 6 and found.tokens > plain.tokens


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"method": "shapley", "screen": 3}, "A screen belongs to leave_one_out, not to shapley"),
        ({"screen": 0, "method": "leave_one_out"}, "at least 1 feature through, not 0"),
        ({"screen": 9, "method": "leave_one_out", "budget": 10}, "takes 11 evaluations"),
    ],
)
def test_what_cannot_be_is_refused(asked: dict[str, Any], why: str) -> None:
    with pytest.raises(bs.InputError, match=why):
        bs.attribute(tiny("llama"), WORDS, "x", **asked)
