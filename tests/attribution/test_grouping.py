"""Columns summed into parents, with what is known of the errors of sums."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.games.replicates import jackknife_error
from tests.conftest import tiny

SOURCE = "1 + 1 = 2\n\nQ: a\nA: 2 + 2 = 4 3 + 3 = 6\n\nQ: b\nA: 4 + 4 = 8\n\nQ: c\nA:"
SUMS = bs.Prompt.segmented(SOURCE, "expressions")
BLOCKS = bs.Prompt.segmented(SOURCE, "demonstrations")
WORDS = bs.Prompt.segmented("a b c d. e f g h. i j: ", "words")
CLAUSES = bs.Prompt.segmented(WORDS.text, r"regex:\w[^.:]*[.:]")


@pytest.fixture(scope="module")
def sampled() -> bs.AttributionRun:
    return bs.attribute(tiny("llama"), WORDS, "xyz", budget=300, seed=3)


def test_an_exact_run_adds_up_and_stays_exact() -> None:
    run = bs.attribute(tiny("llama"), SUMS, " 10")
    found = bs.group_columns(run, BLOCKS)
    assert found.heatmap.columns.spans == (SUMS.features[0], *BLOCKS.features)
    first, second, third, fourth = run.heatmap.values.T
    np.testing.assert_array_equal(found.heatmap.values.T, [first, second + third, fourth])
    np.testing.assert_allclose(found.gap, run.gap, atol=1e-12)
    np.testing.assert_allclose(found.whole_target.sum(), run.whole_target.sum())
    assert found.standard_error is None and found.margin is None
    assert found.heatmap.provenance["grouped_from"] == [list(span) for span in SUMS.features]
    assert found.heatmap.provenance["segmenter"] == "demonstrations"


def test_errors_are_those_of_the_sums(sampled: bs.AttributionRun) -> None:
    found = bs.group_columns(sampled, CLAUSES)
    assert found.standard_error is not None and sampled.standard_error is not None
    assert found.standard_error.shape == found.heatmap.values.shape == (3, 3)
    assert found.replicates is not None and found.whole_target_error is not None
    assert found.degrees_of_freedom == len(found.replicates) - 1
    np.testing.assert_allclose(
        found.whole_target_error, jackknife_error(found.replicates.sum(axis=1))
    )
    assert found.halves is not None and sampled.halves is not None
    np.testing.assert_allclose(found.halves[:, :, 0], sampled.halves[:, :, :4].sum(axis=-1))
    # The standard deviation of a sum is at most the sum of the standard deviations.
    at_most = sampled.standard_error[:, :4].sum(axis=1)
    assert (found.standard_error[:, 0] < 1.3 * at_most).all()
    assert found.margin is not None and "sampled" in bs.describe(found)


def test_the_sum_of_a_whole_row_is_known_without_error(sampled: bs.AttributionRun) -> None:
    """Every estimate gives all − none: sums of cells know what single cells do not."""
    everything = bs.Prompt(WORDS.text, ((0, len(WORDS.text)),))
    found = bs.group_columns(sampled, everything)
    np.testing.assert_allclose(found.heatmap.values[:, 0], sampled.all - sampled.none)
    assert found.standard_error is not None and sampled.standard_error is not None
    assert found.standard_error.max() < 1e-12 < 0.01 < sampled.standard_error.max()


def test_a_contrasts_whole_is_its_last_row() -> None:
    run = bs.attribute(tiny("llama"), WORDS, "xyz", against="xz", budget=300)
    found = bs.group_columns(run, CLAUSES)
    assert found.standard_error is not None and found.whole_target_error is not None
    np.testing.assert_array_equal(found.whole_target_error, found.standard_error[-1])


def test_a_saved_run_is_grouped_as_before(sampled: bs.AttributionRun, tmp_path: Path) -> None:
    sampled.save(tmp_path / "run")
    again = bs.open_run(tmp_path / "run")
    assert isinstance(again, bs.AttributionRun)
    expected = bs.group_columns(sampled, CLAUSES)
    found = bs.group_columns(again, CLAUSES)
    assert found.to_document() == expected.to_document()
    found.save(tmp_path / "grouped")
    opened = bs.open_run(tmp_path / "grouped")
    assert opened.to_document() == expected.to_document()
    (tmp_path / "run" / "arrays.safetensors").write_bytes(b"\xff" * 20)
    with pytest.raises(bs.InputError, match="is damaged"):
        bs.open_run(tmp_path / "run")
    (tmp_path / "run" / "arrays.safetensors").unlink()
    without = bs.open_run(tmp_path / "run")
    assert isinstance(without, bs.AttributionRun)
    assert "without arrays.safetensors" in without.notes[-1]
    assert replace(without, notes=again.notes).to_document() == again.to_document()
    with pytest.raises(bs.InputError, match="does not hold the replicates"):
        bs.group_columns(without, CLAUSES)


def test_what_cannot_be_grouped(sampled: bs.AttributionRun) -> None:
    with pytest.raises(bs.InputError, match="another text"):
        bs.group_columns(sampled, BLOCKS)
    with pytest.raises(bs.InputError, match="crosses the edge"):
        bs.group_columns(
            bs.attribute(tiny("llama"), CLAUSES, "x"), bs.Prompt(WORDS.text, ((0, 2),))
        )
    axis = replace(sampled.heatmap.columns, spans=None)
    placeless = replace(sampled, heatmap=replace(sampled.heatmap, columns=axis))
    with pytest.raises(bs.InputError, match="another text"):
        bs.group_columns(placeless, CLAUSES)


def test_a_grouped_run_is_not_evaluated(sampled: bs.AttributionRun) -> None:
    """Its columns leave out what their parts are, not the whole text they are named after."""
    with pytest.raises(bs.InputError, match="columns were grouped"):
        bs.evaluate_run(tiny("llama"), bs.group_columns(sampled, CLAUSES))
