"""A cell that never varies, through everything that shows a run: nowhere is it certain."""

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from io import StringIO
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.console import Console

import bathyscope as bs
from bathyscope.comparison.compare import compare
from bathyscope.core.heatmap import FloatArray
from bathyscope.games.replicates import jackknife_error
from bathyscope.page.data import Shown, page_data
from bathyscope.render.caption import caption
from bathyscope.render.terminal.table import table
from bathyscope.runs.opening import open_run
from tests.conftest import tiny

WORDS = bs.Prompt.segmented("a b c d. e f g h. i j: ", "words")
LAST = len(WORDS.features) - 1
STILL = 1
"""The token for which no fit of either run gives the silent feature a weight."""


def deaf(prompt: bs.Prompt, present: Sequence[bool]) -> str:
    """Leave out what is absent, but never the last feature: it has no effect on anything."""
    return prompt.masked((*present[:LAST], True))


@pytest.fixture(scope="module")
def run() -> bs.AttributionRun:
    found = sampled(3)
    assert found.standard_error is not None and found.standard_error[STILL, LAST] == 0
    assert found.heatmap.values[STILL, LAST] == 0
    return found


def sampled(seed: int) -> bs.AttributionRun:
    return bs.attribute(
        tiny("llama"), WORDS, "xyz", method="surrogate", budget=600, seed=seed, baseline=deaf
    )


def bounds(run: bs.AttributionRun) -> FloatArray:
    assert run.unseen is not None
    return run.unseen


def test_the_run_bounds_it(run: bs.AttributionRun) -> None:
    assert run.margin is not None and run.whole_target_margin is not None
    assert bounds(run)[STILL, LAST] > 0 and (run.margin[:, LAST] > 0).all()
    assert np.isnan(bounds(run)).any(), "other cells were seen to vary"
    assert run.whole_target_margin[LAST] > 0


def test_it_is_kept_and_published(run: bs.AttributionRun, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    opened = open_run(tmp_path / "run")
    assert isinstance(opened, bs.AttributionRun)
    np.testing.assert_array_equal(bounds(opened), bounds(run))
    assert opened.whole_target_unseen is not None and run.whole_target_unseen is not None
    np.testing.assert_array_equal(opened.whole_target_unseen, run.whole_target_unseen)
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    schema = json.loads((resources.files("bathyscope.runs") / "run.schema.json").read_text())
    jsonschema.validate(document, schema)
    assert document["unseen"][STILL][LAST] > 0 and None in document["unseen"][STILL]
    lines = (tmp_path / "run" / "scores.csv").read_text().splitlines()
    assert lines[0].endswith("standard_error,unseen")
    line = lines[1 + STILL * len(WORDS.features) + LAST]
    assert float(line.rsplit(",", 1)[1]) == bounds(run)[STILL, LAST]
    document["unseen"][STILL][LAST] = -1.0
    (tmp_path / "run" / "run.json").write_text(json.dumps(document))
    with pytest.raises(bs.InputError, match="damaged"):
        open_run(tmp_path / "run")


def test_every_medium_says_so(run: bs.AttributionRun) -> None:
    still = int(np.isfinite(bounds(run)).sum())
    assert f"{still} of {bounds(run).size} cells not seen to vary" in caption(run)
    assert f"{still} cell{'s were' * (still > 1) or ' was'} not seen to vary" in bs.describe(run)
    assert json.loads(bs.describe(run, "json"))["sampling"]["unvaried"] == still
    console = Console(width=400, record=True, file=StringIO())
    console.print(table(run, wide=True))
    shown = console.export_text()
    assert "*: not seen to vary" in shown and "cells not seen to vary" in shown
    assert f"0.0000 ±{bounds(run)[STILL, LAST]:.4f}*" in shown
    sampling = page_data([Shown(run, "run")])["maps"][0]["sampling"]
    assert sampling["unvaried"] is not None


def test_no_comparison_finds_a_difference_that_it_may_have_missed(run: bs.AttributionRun) -> None:
    other = sampled(4)
    cells = compare(run, other).cells
    assert cells is not None and cells.margin is not None and cells.standard_error is not None
    assert cells.standard_error[STILL, LAST] == 0
    expected = bounds(run)[STILL, LAST] + bounds(other)[STILL, LAST]
    np.testing.assert_allclose(cells.margin[STILL, LAST], expected)
    whole = compare(run, other).whole_target
    assert whole is not None and whole.margin is not None and whole.margin[LAST] > 0


def test_a_group_is_no_surer_than_its_columns(run: bs.AttributionRun) -> None:
    """Alone, the silent column keeps its bound; with others, its bound widens theirs."""
    clauses = bs.Prompt.segmented(WORDS.text, r"regex:\w[^.:]*[.:]")
    found = bs.group_columns(run, clauses)
    assert found.margin is not None and found.replicates is not None
    members = np.nan_to_num(bounds(run)[STILL, 8:]).sum()
    np.testing.assert_allclose(bounds(found)[STILL, -1], members)
    assert members > 0
    alone = jackknife_error(found.replicates)[STILL, -1]
    assert found.margin[STILL, -1] > members and alone > 0


def test_interactions_keep_their_bounds(tmp_path: Path) -> None:
    found = bs.interact(tiny("llama"), WORDS, "xyz", budget=120)
    pairs = replace(found, unseen=np.where(np.eye(len(found.heatmap.values)) > 0, np.nan, 0.25))
    pairs.save(tmp_path / "run")
    opened = open_run(tmp_path / "run")
    assert isinstance(opened, bs.InteractionRun) and opened.unseen is not None
    np.testing.assert_array_equal(opened.unseen, pairs.unseen)
    assert "not seen to vary" in caption(pairs) and "not seen to vary" in bs.describe(pairs)
