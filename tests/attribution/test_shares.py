"""Features in groups, through everything that shows a run: no share is taken for a value."""

import json
from importlib import resources
from io import StringIO
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.console import Console

import bathyscope as bs
from bathyscope.attribution.settings import AttributionSettings
from bathyscope.page.data import Shown, page_data
from bathyscope.render.caption import caption
from bathyscope.render.terminal.table import table
from bathyscope.runs.opening import open_run
from tests.conftest import tiny

WORDS = bs.Prompt.segmented("a b c d e f g h i j k l m n. " * 2 + ": ", "words")
ASKED = {"method": "owen", "budget": 190, "seed": 1}


@pytest.fixture(scope="module")
def run() -> bs.AttributionRun:
    found = bs.attribute(tiny("llama"), WORDS, "xy", **ASKED)  # type: ignore[arg-type]
    assert found.group_of is not None and found.shared is not None
    assert 1 < len(set(found.group_of.tolist())) < len(WORDS.features)
    return found


def shared(run: bs.AttributionRun) -> int:
    assert run.shared is not None and run.shared.sum() > 0
    return int(run.shared.sum())


def test_rows_sum_and_groups_share_evenly(run: bs.AttributionRun) -> None:
    assert run.group_of is not None and run.unseen is not None and run.margin is not None
    np.testing.assert_allclose(run.gap, 0, atol=1e-9)
    for group in set(run.group_of.tolist()):
        assert np.ptp(run.heatmap.values[:, run.group_of == group], axis=1).max() < 1e-12
    np.testing.assert_array_equal(np.isfinite(run.unseen).all(axis=0), run.shared)
    assert run.provenance["method"]["evaluations"] <= 190
    assert run.provenance["method"]["draws"] == "groups and pairs"


def test_it_is_kept_and_published(run: bs.AttributionRun, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    opened = open_run(tmp_path / "run")
    assert isinstance(opened, bs.AttributionRun) and opened.group_of is not None
    np.testing.assert_array_equal(opened.group_of, run.group_of)
    np.testing.assert_array_equal(opened.margin, run.margin)
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    schema = json.loads((resources.files("bathyscope.runs") / "run.schema.json").read_text())
    jsonschema.validate(document, schema)
    assert run.group_of is not None and document["group_of"] == run.group_of.tolist()
    lines = (tmp_path / "run" / "scores.csv").read_text().splitlines()
    assert lines[0].endswith("standard_error,unseen,group")
    assert [int(line.rsplit(",", 1)[1]) for line in lines[1 : 1 + len(run.group_of)]] == [
        *run.group_of
    ]


@pytest.mark.parametrize(
    ("groups", "why"), [([0] * 3, "29 columns"), (None, "shares"), ("last", "follows")]
)
def test_groups_that_are_not_the_map_s_are_damage(
    run: bs.AttributionRun, groups: object, why: str
) -> None:
    from bathyscope.runs.consistency import require_attribution

    document = run.to_document()
    assert run.group_of is not None
    if groups is None:
        document["unseen"] = None
    elif groups == "last":
        document["group_of"] = [0] * len(run.group_of)
    else:
        document["group_of"] = groups
    with pytest.raises(ValueError, match=why):
        require_attribution(document, run.heatmap)


def test_every_medium_says_so(run: bs.AttributionRun) -> None:
    count, of = shared(run), len(WORDS.features)
    assert f"{count} of {of} features not measured one by one" in caption(run)
    assert f"{count} of {of} features were not measured one by one" in bs.describe(run)
    short = bs.describe(run, short=True)
    assert f"{count} of {of} features have but an even share of their group" in short
    assert "not seen to vary" not in bs.describe(run) + caption(run)
    facts = json.loads(bs.describe(run, "json"))
    assert facts["shares"]["features"] == count and facts["sampling"]["unvaried"] == 0
    for wide in (False, True):
        console = Console(width=400, record=True, file=StringIO())
        console.print(table(run, wide=wide))
        text = console.export_text()
        assert "≈: not measured by itself, an even share" in text and text.count("≈") > 2
    sampling = page_data([Shown(run, "run")])["maps"][0]["sampling"]
    assert sampling["shared"] is not None


def test_a_figure_hatches_them(run: bs.AttributionRun, tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    bs.draw(run, path)
    assert "an even share of the group" in path.read_text()


def test_it_is_computed_again_and_compared(run: bs.AttributionRun, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    report = bs.rerun(tmp_path / "run", tiny("llama"))
    assert report.agrees(1e-6)
    alone = bs.attribute(tiny("llama"), WORDS, "xy", method="leave_one_out")
    compared = bs.compare(run, alone)
    assert compared.cells is not None and compared.cells.margin is not None
    assert any("features of A were not measured one by one" in note for note in compared.notes)
    assert run.unseen is not None and run.shared is not None
    wide = compared.cells.margin[:, run.shared]
    assert (wide >= run.unseen[:, run.shared]).all()


def test_prompts_asked_together_get_what_each_gets_alone(run: bs.AttributionRun) -> None:
    ((_, together),) = bs.attribute_many(tiny("llama"), [WORDS], ["xy"], **ASKED)  # type: ignore[arg-type]
    np.testing.assert_allclose(together.heatmap.values, run.heatmap.values, atol=1e-5)
    np.testing.assert_array_equal(together.group_of, run.group_of)


def test_a_sum_over_whole_groups_has_no_share_in_it(run: bs.AttributionRun) -> None:
    everything = bs.group_columns(run, bs.Prompt(WORDS.text, ((0, len(WORDS.text)),)))
    assert everything.group_of is None and everything.unseen is not None
    assert np.isnan(everything.unseen).all()
    pairs = bs.Prompt(WORDS.text, tuple((4 * i, 4 * i + 3) for i in range(5)))
    cut = bs.group_columns(run, pairs)
    assert cut.unseen is not None and np.isfinite(cut.unseen).any()
    assert any("share" in note for note in cut.notes)


def test_what_needs_a_value_for_each_refuses_shares() -> None:
    with pytest.raises(bs.InputError, match="passages of a chain each need a value"):
        bs.chain(tiny("llama"), "Q: ", "a. b. c", method="owen")
    with pytest.raises(bs.InputError, match="cited each need a value"):
        bs.support(tiny("llama"), {"a": "b c."}, "d?", answer="e", method="owen")  # type: ignore[arg-type]


def test_the_forecast_says_what_it_may_evaluate() -> None:
    said = AttributionSettings(method="owen").stops(300)
    assert said is not None and "until no standard error exceeds 0.05" in said
