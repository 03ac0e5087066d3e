"""Figures of a given width: what stands in the written files, and in strips."""

import re
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from PIL import Image

import bathyscope as bs
from bathyscope.core.heatmap import Axis, Heatmap
from tests.render.figure.test_draw import (
    SIGNED,
    array_of,
    assert_legible,
    depth_run,
    made,
    normal,
    texts,
)

ROOT = Path(__file__).parent.parent.parent
KEPT = ROOT / "kept_runs" / "schema-1"
TABLE = ROOT / "figures" / "division.csv"
INCHES = {"column": 3.25, "5.5": 5.5}


def sizes_in_pdf(content: bytes) -> set[float]:
    """Return the sizes of all letters that a PDF writes, points."""
    found: set[float] = set()
    for stream in re.finditer(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            page = zlib.decompress(stream[1])
        except zlib.error:
            continue
        found |= {float(size) for size in re.findall(rb"/F\d+ ([\d.]+) Tf", page)}
    return found


def sizes_in_svg(path: Path) -> dict[str, set[float]]:
    """Return the sizes of all letters that an SVG writes as text, with what is so large."""
    found: dict[str, set[float]] = {}
    for text in ElementTree.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text"):
        size = re.search(r"font-size: ([\d.]+)px|font: ([\d.]+)px", text.get("style") or "")
        assert size is not None, text.get("style")
        found.setdefault("".join(text.itertext()), set()).add(float(size[1] or size[2]))
    return found


@pytest.mark.parametrize("width", list(INCHES))
def test_text_has_eight_points_in_files_of_just_that_width(tmp_path: Path, width: Any) -> None:
    points = 72 * INCHES[width]
    bs.draw(bs.read_table(TABLE), tmp_path / "f.pdf", width=width, totals=True)
    content = (tmp_path / "f.pdf").read_bytes()
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) [\d.]+ \]", content)
    assert float(box) == pytest.approx(points, abs=0.01)
    assert sizes_in_pdf(content) == {8, 6}, "6: the marks of spaces"
    bs.draw(bs.read_table(TABLE), tmp_path / "f.svg", width=width, totals=True, text=True)
    root = ElementTree.parse(tmp_path / "f.svg").getroot()
    assert float((root.get("viewBox") or "").split()[2]) == pytest.approx(points, abs=0.01)
    sizes = sizes_in_svg(tmp_path / "f.svg")
    assert sizes.pop("␣") == {6} and len(sizes) > 20
    assert set().union(*sizes.values()) == {8}


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("attribution-sampled", {"hatch": True, "totals": True}),
        ("attribution-contrast", {"totals": True}),
        ("chain", {"transpose": True}),
        ("comparison", {}),
        ("depth-groups", {}),
        ("depth-readings", {"settling": True, "top_tokens": True}),
        ("faithfulness", {}),
        ("settling", {}),
    ],
)
def test_every_kind_fits_a_column(name: str, look: dict[str, Any]) -> None:
    figure = bs.figure(bs.open_run(KEPT / name), width="column", **look)
    assert figure.get_figwidth() == 3.25
    assert_legible(figure)
    assert {float(text.get_fontsize()) for text in texts(figure)} == {8}
    said = " ".join(text.get_text() for text in texts(figure)).replace("\n", " ")
    assert "given" in said  # all of them are


def test_long_depth_maps_are_wrapped_like_text() -> None:
    run = depth_run(tokens=50)
    figure = bs.figure(run, width="column", settling=True)
    rows = [axes for axes in figure.axes if axes.images]
    assert len(rows) == 3
    shown = [label.get_text() for axes in rows for label in axes.get_xticklabels()]
    assert shown == [f"␣{token}" for token in range(50)]
    assert np.hstack([array_of(axes.images[0]) for axes in rows]).tolist() == (
        run.heatmap.values.tolist()
    )
    heights = np.concatenate(
        [
            patch.get_data()[0]
            for axes in rows
            for patch in axes.patches
            if isinstance(patch, StepPatch)
        ]
    )
    np.testing.assert_array_equal(heights, run.settling_depth - 1.5)
    boxes = [axes.get_tightbbox() for axes in rows]
    assert all(one.y0 > other.y1 for one, other in pairwise(boxes))  # type: ignore[union-attr]
    cells = {
        round(axes.get_window_extent().width / array_of(axes.images[0]).shape[1], 3)
        for axes in rows
    }
    assert len(cells) == 1, "all cells are equally wide"
    assert_legible(figure)
    assert len([axes for axes in bs.figure(run, width=9.0).axes if axes.images]) == 1


def test_digits_are_as_many_as_have_room() -> None:
    def decimals(**look: Any) -> set[int]:
        cells = bs.figure(bs.read_table(TABLE), **look).axes[0].texts
        return {len(text.get_text().partition(".")[2]) for text in cells if "." in text.get_text()}

    assert decimals(width="page") == {4}
    assert decimals(width="column") in ({2}, {3})
    assert decimals(digits=1) == {1} and decimals() == {4}
    wrapped = bs.figure(bs.read_table(TABLE), width="column", digits=6)
    assert len([axes for axes in wrapped.axes if axes.images]) == 2
    assert_legible(wrapped)
    with pytest.raises(bs.InputError, match=r"no room for a column.*fewer --digits"):
        bs.figure(bs.read_table(TABLE), width=1.5, digits=12)


def test_a_width_that_is_none_is_refused() -> None:
    for width in ("broad", 0.5, 1000, -3, float("nan"), True):
        with pytest.raises(bs.InputError, match=r"a column \(3\.25 inches\)"):
            bs.figure(bs.read_table(TABLE), width=width)
    axes = Figure().subplots()
    with pytest.raises(bs.InputError, match="width of their own"):
        bs.figure(bs.read_table(TABLE), axes, width="page")


def test_text_stays_text_only_where_it_can(tmp_path: Path) -> None:
    for ending in ("png", "pdf"):
        with pytest.raises(bs.InputError, match="leave out --text"):
            bs.draw(bs.read_table(TABLE), tmp_path / f"f.{ending}", text=True)
    assert list(tmp_path.iterdir()) == []
    bs.draw(bs.read_table(TABLE), tmp_path / "f.svg")
    assert sizes_in_svg(tmp_path / "f.svg") == {}


def test_the_mark_of_a_space_stands_on_the_line(tmp_path: Path) -> None:
    """In the row of "␣/" no ink is lower than the letter's, and the mark is grey."""
    heatmap = Heatmap(np.zeros((2, 1)), Axis("t", ("▁H", "H")), Axis("f", ("x",)), SIGNED)
    figure = bs.figure(heatmap)
    label = figure.axes[0].get_yticklabels()[0]
    assert label.get_text() == "␣H"
    figure.savefig(tmp_path / "f.png", dpi=600)
    figure.draw_without_rendering()
    box, height = label.get_window_extent(), figure.bbox.height
    scale = 600 / figure.dpi
    with Image.open(tmp_path / "f.png") as image:
        grey = np.asarray(image.convert("L"))
    low, high = (int((height - y) * scale) for y in (box.y1, box.y0))
    inside = grey[low:high, int(box.x0 * scale) : int(box.x1 * scale)]
    inked = np.argwhere(inside < 200)
    columns = inked[:, 1]
    gap = np.flatnonzero(np.diff(np.unique(columns)) > 1)
    edge = np.unique(columns)[gap[0]]  # the mark ends here, the letter begins behind it
    mark, letter = inked[columns <= edge], inked[columns > edge]
    assert mark[:, 0].max() <= letter[:, 0].max() + 2
    assert inside[tuple(mark.T)].min() > 60 > inside[tuple(letter.T)].min()


def test_figures_transposed() -> None:
    run = depth_run(tokens=9)
    figure = bs.figure(run, transpose=True, settling=True)
    axes = figure.axes[0]
    np.testing.assert_array_equal(array_of(axes.images[0]), run.heatmap.values.T)
    assert axes.yaxis_inverted() and not axes.xaxis_inverted()
    assert axes.get_xlabel() == "layer" and axes.get_ylabel() == "response token"
    stairs = next(patch for patch in axes.patches if isinstance(patch, StepPatch))
    np.testing.assert_array_equal(stairs.get_data()[0], run.settling_depth - 1.5)
    assert stairs.orientation == "horizontal"
    assert_legible(figure)
    table = bs.figure(bs.read_table(TABLE), transpose=True)
    assert [t.get_text() for t in table.axes[0].get_yticklabels()][2] == "4900 / 100 = 49"
    assert_legible(table)


def test_numbers_stay_where_there_are_a_few_more_rows() -> None:
    assert len(bs.figure(made(normal(41, 3))).axes[0].texts) >= 41 * 3
    assert len(bs.figure(made(normal(20, 17))).axes[0].texts) < 5
    assert len(bs.figure(made(normal(4, 17)), digits=2).axes[0].texts) >= 4 * 17


def test_powers_of_ten_and_pointed_bars_fit_a_column_too() -> None:
    labels = tuple(f"{'long ' * (index % 3) or 'x' * 60}{index}" for index in range(12))
    for size, look in ((1e-9, {}), (1e8, {"symmetric": True}), (1.0, {"limit": 0.5})):
        values = normal(12, 5, size)
        heatmap = Heatmap(values, Axis("token", labels), Axis("feature", labels[:5]), SIGNED)
        figure = bs.figure(heatmap, width="column", totals=True, **look)
        assert_legible(figure)
        assert {float(text.get_fontsize()) for text in texts(figure)} == {8}


def test_bars_of_sums_have_one_scale_in_all_strips() -> None:
    values = normal(4, 30)
    values[:, 0] += 5
    figure = bs.figure(made(values), width="column", totals=True)
    feet = [axes.child_axes[-1] for axes in figure.axes if axes.images]
    assert len(feet) > 1 and len({foot.get_ylim() for foot in feet}) == 1
    heights = [bar.get_height() for foot in feet for bar in foot.containers[0].patches]  # type: ignore[attr-defined]
    np.testing.assert_allclose(heights, values.sum(axis=0))
