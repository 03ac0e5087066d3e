"""Sums beside a map, against sums by hand and errors from replicates."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import bathyscope as bs
from bathyscope.core.heatmap import FloatArray, Quantity
from bathyscope.core.intervals import student_quantile
from bathyscope.render.figure.sums import sums_of
from bathyscope.render.look import part_of
from tests.render.figure.test_draw import assert_legible, made, normal

ROOT = Path(__file__).parent.parent.parent
KEPT = ROOT / "kept_runs" / "schema-1"


def numbers(figure: Figure) -> list[float]:
    said = [text.get_text().replace("−", "-") for text in figure.axes[0].texts]
    return [float(text) for text in said if text.lstrip("+-")[:1].isdigit()]


@pytest.mark.parametrize("turned", [False, True])
def test_sums_stand_beside_the_cells(turned: bool) -> None:
    values = normal(5, 3)
    figure = bs.figure(made(values), totals=True, transpose=turned, digits=6)
    assert_legible(figure)
    shown = values.T if turned else values
    expected = [*shown.sum(axis=1), *shown.sum(axis=0), values.sum(), *shown.ravel()]
    np.testing.assert_allclose(numbers(figure), expected, atol=5e-7)


def test_a_window_sums_what_it_shows() -> None:
    values = normal(9, 3)
    figure = bs.figure(made(values), totals=True, window=(3, 5), digits=6)
    np.testing.assert_allclose(numbers(figure)[3:6], values[2:5].sum(axis=0), atol=5e-7)
    assert any("sums of what is shown" in text.get_text() for text in figure.axes[0].texts)


def test_where_numbers_have_no_room_there_are_bars() -> None:
    values = normal(300, 40)
    figure = bs.figure(made(values), totals=True)
    assert_legible(figure)
    side, foot = figure.axes[0].child_axes
    bars = [[bar for bar in edge.patches if isinstance(bar, Rectangle)] for edge in (side, foot)]
    np.testing.assert_allclose([bar.get_width() for bar in bars[0]], values.sum(axis=1))
    np.testing.assert_allclose([bar.get_height() for bar in bars[1]], values.sum(axis=0))
    said = " ".join(text.get_text() for text in figure.axes[0].texts).replace("\n", " ")
    longest = values.sum(axis=1)[np.abs(values.sum(axis=1)).argmax()]
    assert f"the longest {longest:+.4f}".replace("-", "−") in said
    assert f"sum of all {values.sum():+.4f}".replace("-", "−") in said


def jackknife(replicates: FloatArray) -> FloatArray:
    """Return standard errors by the definition: √((R − 1)/R · Σ (θ_r − mean)²)."""
    many = len(replicates)
    spread = sum((one - sum(replicates) / many) ** 2 for one in replicates)
    return np.asarray(np.sqrt((many - 1) / many * spread))


def test_margins_of_sums_are_those_of_replicates() -> None:
    prompt = bs.Prompt.marked(" ".join(f"[[{i}]]" for i in range(9)) + " sum:")
    from tests.conftest import tiny

    run = bs.attribute(tiny("llama"), prompt, " 36", budget=120)
    assert run.replicates is not None and run.whole_target_margin is not None
    whole = sums_of(run, part_of(run.heatmap, None))
    assert whole.row_margin is None, "rows sum to all − none, whatever was sampled"
    np.testing.assert_allclose(whole.of_rows, run.all - run.none, atol=1e-9)
    assert whole.column_margin is not None
    np.testing.assert_array_equal(whole.column_margin, run.whole_target_margin)
    part = part_of(run.heatmap, (2, 5))
    assert part.columns == range(1, 5), "features are the longer axis"
    some = sums_of(run, part)
    assert some.row_margin is not None
    quantile = student_quantile(len(run.replicates) - 1)
    error = jackknife(run.replicates[:, :, 1:5].sum(axis=2))
    unseen = 0 if run.unseen is None else np.nan_to_num(run.unseen[:, 1:5]).sum(axis=1)
    np.testing.assert_allclose(some.row_margin, error * quantile + unseen)
    figure = bs.figure(run, totals=True)
    assert_legible(figure)
    assert sum(text.get_text().startswith("± ") for text in figure.axes[0].texts) == 9
    lost = sums_of(replace(run, replicates=None), part)
    assert lost.unsure and lost.row_margin is None
    said = bs.figure(replace(run, replicates=None), totals=True).axes[0].texts
    assert any("how sure the sums are" in text.get_text() for text in said)


def test_the_last_row_of_a_contrast_is_its_sum_already() -> None:
    run = bs.open_run(KEPT / "attribution-contrast")
    sums = sums_of(run, part_of(run.heatmap, None))
    assert sums.of_columns is None
    np.testing.assert_allclose(sums.of_rows, run.heatmap.values.sum(axis=1))
    assert_legible(bs.figure(run, totals=True, transpose=True))


@pytest.mark.parametrize(
    ("name", "words"),
    [("depth", "do not add up"), ("interactions", "each pair twice"), ("settling", "--totals")],
)
def test_what_does_not_add_up_has_no_totals(name: str, words: str) -> None:
    with pytest.raises(bs.InputError, match=words):
        bs.figure(bs.open_run(KEPT / name), totals=True)


def test_cells_without_sign_or_number_have_no_false_total() -> None:
    plain = made(np.abs(normal(2, 2)), quantity=Quantity("strength"))
    with pytest.raises(bs.InputError, match="Cells of strength do not add up"):
        bs.figure(plain, totals=True)
    values = normal(3, 3)
    values[1, 1] = np.nan
    figure = bs.figure(made(values), totals=True)
    assert [text.get_text() for text in figure.axes[0].texts].count("NaN") == 4
    assert_legible(figure)
