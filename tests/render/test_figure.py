import json
import re
from pathlib import Path

import matplotlib
import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import bathyscope as bs
from bathyscope.heatmap import Axis, Heatmap, Quantity
from bathyscope.render import figure
from bathyscope.render.palette import scale_of
from tests.conftest import tiny

FIGURES = Path(__file__).parent.parent / "figures"


def drawn(heatmap: Heatmap, palette: str | None = None) -> Figure:
    with matplotlib.rc_context(figure._style()):
        result = figure._figure(heatmap, scale_of(heatmap, palette), "")
        result.canvas.draw()
    return result


@pytest.mark.parametrize("name", ["division", "multiplication"])
def test_the_published_tables_look_as_published(name: str) -> None:
    table = bs.read_table(FIGURES / f"{name}.csv")
    picture = drawn(table, "RdYlGn")
    axes, bar = picture.axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(table.rows.labels)
    assert len(axes.get_yticklabels()) == 13
    assert [tick.get_text() for tick in axes.get_xticklabels()] == list(table.columns.labels)
    assert all(0 < tick.get_rotation() < 90 for tick in axes.get_xticklabels())
    assert axes.xaxis.get_ticks_position() == "top"
    written = [text.get_text() for text in axes.texts]
    assert written == [f"{value:.4f}" for value in table.values.ravel()]
    image = axes.images[0]
    assert image.get_cmap().name == "RdYlGn"
    assert image.get_clim() == (-np.abs(table.values).max(), np.abs(table.values).max())
    assert bar.get_ylabel() == "Token Attribution"
    assert bar.get_position().x0 > axes.get_position().x1
    assert axes.yaxis_inverted(), "the first token is on top"


def test_depth_is_drawn_from_the_first_layer_upwards() -> None:
    run = bs.depth(tiny("llama-36"), "Q: 8 + 5?\nA:", " it is 13.")
    axes, bar = drawn(run.heatmap).axes
    assert not axes.yaxis_inverted()
    odd = [str(layer) for layer in range(1, 36, 2)]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == odd
    assert list(bar.get_yticks()) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert axes.images[0].get_clim() == (0, 1)


def test_long_axes_thin_their_ticks_out() -> None:
    values = np.zeros((300, 400))
    rows = Axis("token", tuple(str(i) for i in range(300)))
    columns = Axis("feature", tuple(str(i) for i in range(400)))
    axes, _ = drawn(Heatmap(values, rows, columns, Quantity("a", neutral=0.0))).axes
    boxes = [tick.get_window_extent() for tick in axes.get_yticklabels()]
    assert 10 < len(boxes) < 300
    assert all(a.y0 >= b.y1 for a, b in zip(boxes, boxes[1:], strict=False)), "labels overlap"
    assert not axes.texts


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_same_numbers_give_the_same_bytes(tmp_path: Path, ending: str) -> None:
    table = bs.read_table(FIGURES / "division.csv")
    for name in ("one", "two"):
        bs.draw(table, tmp_path / f"{name}.{ending}")
    one = (tmp_path / f"one.{ending}").read_bytes()
    assert one == (tmp_path / f"two.{ending}").read_bytes()
    assert len(one) > 5000


def test_the_pixels_are_the_numbers(tmp_path: Path) -> None:
    """Each cell of the picture has the colour of its value."""
    table = bs.read_table(FIGURES / "division.csv")
    bs.draw(table, tmp_path / "f.png", palette="RdYlGn")
    pixels = matplotlib.image.imread(tmp_path / "f.png")[..., :3]
    expected = scale_of(table, "RdYlGn").colours(table.values)
    # The colour of the extreme cell occurs nowhere else: find the grid by it.
    map_only = pixels[:, : int(pixels.shape[1] * 0.8)]  # the colour bar has that colour, too
    extreme = np.argwhere(np.abs(map_only - expected[7, 2]).max(axis=-1) < 0.004)
    top, left = extreme.min(axis=0)
    height, width = 0.4 * 150, 1.0 * 150
    for row in range(13):
        for column in range(5):
            y = int(top + (row - 7 + 0.15) * height)
            x = int(left + (column - 2 + 0.1) * width)
            np.testing.assert_allclose(pixels[y, x], expected[row, column], atol=0.01)


def test_provenance_is_inside(tmp_path: Path) -> None:
    run = bs.depth(tiny("llama"), "Q: 8 + 5?\nA:", " 13")
    for ending in ("png", "svg", "pdf"):
        bs.draw(run, tmp_path / f"f.{ending}")
    with Image.open(tmp_path / "f.png") as image:
        assert json.loads(image.info["Description"]) == run.heatmap.provenance
    assert "target_ids" in (tmp_path / "f.svg").read_text()
    assert b"/Keywords" in (tmp_path / "f.pdf").read_bytes()


def test_labels_are_text_not_formulas(tmp_path: Path) -> None:
    labels = ("$x$", "a_b^c", "\\frac", "<script>", "$1", "&amp;")
    heatmap = Heatmap(np.eye(6), Axis("token", labels), Axis("feature", labels), Quantity("a"))
    axes, _ = drawn(heatmap).axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(labels)
    assert not any(tick.get_parse_math() for tick in axes.get_yticklabels())
    bs.draw(heatmap, tmp_path / "f.svg")
    assert "<script>" not in re.sub(r"<!--.*?-->", "", (tmp_path / "f.svg").read_text(), flags=re.S)


def test_a_missing_glyph_is_reported_once_with_a_remedy(tmp_path: Path) -> None:
    labels = ("\U00012000", "\U00012001", "a")  # cuneiform
    heatmap = Heatmap(np.eye(3), Axis("token", labels), Axis("feature", labels), Quantity("a"))
    with pytest.warns(UserWarning, match="fonts-noto") as caught:
        bs.draw(heatmap, tmp_path / "f.png")
    assert len(caught) == 1


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(bs.InputError, match=r"\.png, \.svg, \.pdf"):
        bs.draw(bs.read_table(FIGURES / "division.csv"), tmp_path / "f.bmp")
    assert list(tmp_path.iterdir()) == []
