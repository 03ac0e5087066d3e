import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import PathPatch
from matplotlib.text import Text
from numpy.typing import NDArray

import bathyscope as bs
from bathyscope.core.heatmap import Axis, FloatArray, Heatmap, Quantity
from bathyscope.render.figure.canvas import DPI
from bathyscope.render.figure.heading import write_heading
from bathyscope.render.lettering import lettering
from bathyscope.render.palette import UNKNOWN, lookup_table, scale_of
from bathyscope.runs.readings import Readings
from tests.conftest import tiny

FIGURES = Path(__file__).parent.parent.parent / "figures"
SIGNED = Quantity("attribution", "nats", neutral=0.0, legend="nats: + supports, − opposes")


def made(values: FloatArray, label: str = "label", quantity: Quantity = SIGNED) -> Heatmap:
    rows, columns = (
        Axis(name, tuple(f"{label} {index}" for index in range(size)))
        for name, size in zip(("token", "feature"), values.shape, strict=True)
    )
    return Heatmap(values, rows, columns, quantity)


def normal(rows: int, columns: int, size: float = 1.0) -> FloatArray:
    return size * np.random.default_rng(rows * columns).normal(size=(rows, columns))


def array_of(image: AxesImage) -> NDArray[np.float64]:
    array = image.get_array()
    assert array is not None
    return array


def texts(figure: Figure) -> Iterator[Text]:
    """Yield every text that is drawn: matplotlib keeps labels of ticks out of view, too."""
    unseen = {
        id(label)
        for axes in figure.findobj(Axes)
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in unseen:
            yield text


def corners(text: Text) -> NDArray[np.float64]:
    """Return the corners of a text's box as it is drawn, turned with the text, pixels."""
    upright = text.get_rotation()
    text.set_rotation(0)
    box = text.get_window_extent()
    text.set_rotation(upright)
    anchor = text.get_transform().transform(text.get_position())
    angle = np.radians(upright)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = np.array([(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)])
    if text.get_rotation_mode() == "anchor":
        return np.asarray((points - anchor) @ turn.T + anchor)
    whole = text.get_window_extent()
    return np.array(
        [(whole.x0, whole.y0), (whole.x1, whole.y0), (whole.x1, whole.y1), (whole.x0, whole.y1)]
    )


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Tell whether two convex shapes share an area: no edge of either separates them."""
    for shape in (one, other):
        for edge in np.roll(shape, -1, axis=0) - shape:
            across = np.array([-edge[1], edge[0]]) / np.hypot(*edge)
            a, b = one @ across, other @ across
            if a.max() <= b.min() + 0.5 or b.max() <= a.min() + 0.5:  # half a pixel is no overlap
                return False
    return True


def assert_legible(figure: Figure) -> None:
    """Every text has at least 6 points, lies inside the figure, and overlaps no other."""
    figure.draw_without_rendering()
    drawn = [(text.get_text(), float(text.get_fontsize()), corners(text)) for text in texts(figure)]
    assert drawn
    assert min(size for _, size, _ in drawn) >= 6
    whole = figure.bbox
    for name, _, box in drawn:
        assert (box >= -0.5).all(), f"{name!r} is cut off"
        assert (box[:, 0] <= whole.x1 + 0.5).all() and (box[:, 1] <= whole.y1 + 0.5).all(), name
    for index, (name, _, box) in enumerate(drawn):
        low, high = box.min(axis=0), box.max(axis=0)
        for other_name, _, other in drawn[index + 1 :]:
            if (other.min(axis=0) < high).all() and (other.max(axis=0) > low).all():
                assert not overlap(box, other), f"{name!r} overlaps {other_name!r}"


SHAPES = [(1, 1), (1, 9), (9, 1), (2, 3), (13, 5), (41, 16), (5, 17), (30, 47), (3, 400)]


@pytest.mark.parametrize(("rows", "columns"), [*SHAPES, (300, 2), (12, 4000)])
def test_text_is_never_small_and_never_overlaps(rows: int, columns: int) -> None:
    assert_legible(bs.figure(made(normal(rows, columns), "▁label"), limit=1, scale="symlog"))


@pytest.mark.parametrize("size", [1e-9, 1e-3, 1e4, 1e29])
def test_values_of_any_size_fit_their_cells(size: float) -> None:
    figure = bs.figure(made(normal(6, 16, size)))
    assert_legible(figure)
    axes = figure.axes[0]
    cell = axes.get_window_extent().width / 16
    written = [
        text.get_window_extent().width
        for text in axes.texts
        if text.get_text()[0] in "+−0123456789"
    ]
    assert max(written[: 6 * 16]) < cell


@pytest.mark.filterwarnings("ignore:No installed font")
def test_labels_of_any_length_and_script_do_not_overlap() -> None:
    labels = ("日本語", "x" * 100, "مرحبا بالعالم", "é\u0301", "😀" * 30, "", " ", "\n\t", "a b")
    heatmap = Heatmap(normal(9, 9), Axis("token", labels), Axis("feature", labels), SIGNED)
    assert_legible(bs.figure(heatmap))


def depth_run(tokens: int = 9, layers: int = 12) -> bs.DepthRun:
    """Return a depth run whose numbers are known: token t settles at layer 2 t + 1, at most L."""
    settling = np.minimum(2 * np.arange(tokens) + 1, layers)
    below = np.arange(1, layers)[:, None] < settling
    rows = Axis("layer", tuple(map(str, range(1, layers))))
    columns = Axis("response token", tuple(f"▁{index}" for index in range(tokens)))
    provenance = {
        "model": {"name": "m", "dtype": "float32"}, "lens": "norm", "threshold": 0.5,
        "deep_layer": 11, "depth_fraction": 0.85, "generated": True, "target": "t",
    }  # fmt: skip
    quantity = Quantity("divergence", "bits", bounds=(0.0, 1.0), legend="bits")
    heatmap = Heatmap(np.where(below, 0.9, 0.1), rows, columns, quantity, provenance)
    ids = np.arange((layers - 1) * tokens).reshape(layers - 1, tokens, 1) % 7
    labels = {id: f"▁word{id}" * (id + 1) for id in range(7)}
    readings = Readings({}, ids, np.ones(ids.shape), labels, {})
    return bs.DepthRun(heatmap, settling, float((settling >= 11).mean()), readings)


def test_depth_figures_carry_settling_depths_and_the_ratio() -> None:
    run = depth_run()
    figure = bs.figure(run, settling=True, top_tokens=True)
    assert_legible(figure)
    axes = figure.axes[0]
    stairs = next(patch for patch in axes.patches if hasattr(patch, "get_data"))
    heights, edges, _ = stairs.get_data()
    # The row of layer l has its centre at l − 1: below a line at l − 1.5 nothing has settled.
    np.testing.assert_array_equal(heights, run.settling_depth - 1.5)
    np.testing.assert_array_equal(edges, np.arange(10) - 0.5)
    for token, height in enumerate(heights):
        column = array_of(axes.images[0])[:, token]
        assert (column[: int(height + 0.5)] > 0.5).all() and (
            column[int(height + 0.5) :] <= 0.5
        ).all()
    (strip,) = axes.child_axes
    np.testing.assert_array_equal(strip.images[0].get_array(), [run.settling_depth >= 11])
    assert [text.get_text() for text in strip.texts] == ["ratio 0.444 (4 of 9)"]


def test_what_a_map_does_not_have_is_refused() -> None:
    table = bs.read_table(FIGURES / "division.csv")
    for look, words in (
        ({"settling": True}, "--settling"),
        ({"top_tokens": True}, "--top-k 1"),
        ({"window": (14, 20)}, "ends at 13"),
        ({"window": (3, 2)}, "from 3 to 2"),
        ({"limit": 0.0}, "other than 0"),
        ({"scale": "log"}, "symlog:T"),
    ):
        with pytest.raises(bs.InputError, match=words):
            bs.figure(table, **look)


@pytest.mark.parametrize("name", ["division", "multiplication"])
def test_the_published_tables_look_as_published(name: str) -> None:
    table = bs.read_table(FIGURES / f"{name}.csv")
    picture = bs.figure(table, palette="RdYlGn")
    assert_legible(picture)
    axes, bar = picture.axes
    marked = [label.replace("▁", "␣") for label in table.rows.labels]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == marked
    assert len(axes.get_yticklabels()) == 13
    assert [tick.get_text() for tick in axes.get_xticklabels()] == list(table.columns.labels)
    assert all(0 < tick.get_rotation() < 90 for tick in axes.get_xticklabels())
    assert axes.xaxis.get_ticks_position() == "top"
    written = [text.get_text() for text in axes.texts]
    assert [float(text.replace("−", "-")) for text in written] == list(table.values.round(4).flat)
    assert all(
        ("+" in text) == (value > 0) for text, value in zip(written, table.values.flat, strict=True)
    )
    assert not [text for text in written if "-" in text or text == "−0.0000"]
    image = axes.images[0]
    assert image.get_cmap().name == "RdYlGn"
    assert image.get_clim() == (-np.abs(table.values).max(), np.abs(table.values).max())
    assert bar.get_ylabel() == "Token Attribution"
    assert bar.get_position().x0 > axes.get_position().x1
    assert axes.yaxis_inverted(), "the first token is on top"


def test_depth_is_drawn_from_the_first_layer_upwards() -> None:
    run = bs.depth(tiny("llama-36"), "Q: 8 + 5?\nA:", " it is 13.")
    axes, bar = bs.figure(run.heatmap).axes
    assert not axes.yaxis_inverted()
    odd = [str(layer) for layer in range(1, 36, 2)]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == odd
    assert list(bar.get_yticks()) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert axes.images[0].get_clim() == (0, 1)


def lines_below(axes: Axes) -> str:
    return " ".join(axes.texts[0].get_text().split())


def test_clipping_is_announced_with_its_place() -> None:
    table = bs.read_table(FIGURES / "division.csv")
    figure = bs.figure(table, limit=0.65, scale="symlog:0.01")
    text = lines_below(figure.axes[0])
    assert "max 1.907 at “ /” × “4900 / 100 = 49”; 2 cells beyond the scale" in text
    assert "symmetric log scale, linear within ±0.01" in text
    assert figure.axes[0].images[0].colorbar.extend == "max"  # type: ignore[union-attr]
    assert not [
        text for text in bs.figure(table, limit=5).axes[0].texts if "beyond" in text.get_text()
    ]


@pytest.mark.parametrize("kind", ["linear", "symlog:0.05"])
def test_cells_have_the_colours_of_the_table(kind: str) -> None:
    heatmap = made(normal(7, 9))
    image = bs.figure(heatmap, palette="PuOr", limit=1.2, scale=kind).axes[0].images[0]
    shown = image.to_rgba(array_of(image), bytes=True)[..., :3]
    expected = scale_of(heatmap, "PuOr", 1.2, kind).colours(heatmap.values) * 255
    np.testing.assert_array_equal(shown, np.round(expected).astype(int))


def test_the_bar_shows_what_the_cells_use() -> None:
    """No unused half, colours stay those of the whole scale; both ends only where asked for."""
    positive = np.abs(normal(30, 4)) + 0.5
    for values, low in ((positive, 0.0), (-positive, -positive.max()), (positive - 1, None)):
        high = max(float(values.max()), 0.0)
        axes, bar = bs.figure(made(values)).axes
        assert axes.images[0].get_clim() == (-np.abs(values).max(), np.abs(values).max())
        assert bar.get_ylim() == pytest.approx((values.min() if low is None else low, high))
        box = bar.get_window_extent()
        assert box.height < axes.get_window_extent().height and box.height / DPI <= 2.5
        whole = bs.figure(made(values), symmetric=True).axes[1]
        assert whole.get_ylim() == pytest.approx(axes.images[0].get_clim())
    for limit in (0.1, 100.0):  # an end that was asked for is shown
        assert bs.figure(made(positive), limit=limit).axes[1].get_ylim()[1] == limit
    ticks = bs.figure(made(-positive)).axes[1].get_yticklabels()
    assert any("−" in tick.get_text() for tick in ticks)
    assert not any("-" in tick.get_text() for tick in ticks)


def test_what_has_no_sign_has_no_other_end_to_show() -> None:
    """Refused in the figure and in print; a comparison has a difference, which has a sign."""
    run = bs.depth(tiny("llama"), "Q: 8 + 5?\nA:", " 13.")
    for width in (None, "column"):
        with pytest.raises(bs.InputError, match=r"divergence .*no sign; leave out --symmetric\.$"):
            bs.figure(run, symmetric=True, width=width)
    assert bs.figure(bs.compare(run, run), symmetric=True).axes


def test_axes_are_named_and_the_text_is_quoted() -> None:
    run = bs.depth(tiny("llama"), "Q: 8 + 5?\nA:", " it is\n13.")
    axes = bs.figure(run).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("response token", "layer")
    assert axes.get_title() == "Response “\N{NO-BREAK SPACE}it is⏎13.”"
    table = bs.figure(bs.read_table(FIGURES / "division.csv")).axes[0]
    assert (table.get_title(), table.get_xlabel(), table.get_ylabel()) == ("", "", "token")


def test_a_heading_has_at_most_two_lines() -> None:
    letters, axes = lettering([]), Figure().subplots()
    for text in ("Response “" + "long words " * 40 + "”", "Response “" + "x" * 400):
        write_heading(axes, text, letters, 2.0)
        lines = axes.get_title().split("\n")
        assert len(lines) == 2 and lines[-1].endswith("…")
        assert all(letters.inches(line)[0] <= 2.0 for line in lines)
    write_heading(axes, "Response “" + "word " * 9 + "”", letters, 2.0)
    assert "…" not in axes.get_title()


def test_a_window_shows_its_part_and_says_so() -> None:
    wide = made(normal(3, 50))
    axes = bs.figure(wide, window=(11, 20)).axes[0]
    np.testing.assert_array_equal(array_of(axes.images[0]), wide.values[:, 10:20])
    assert axes.get_xticklabels()[0].get_text() == "label 10"
    assert lines_below(axes) == "features 11 to 20 of 50"
    # One scale for all windows, so that they can be laid side by side.
    assert axes.images[0].get_clim()[1] == np.abs(wide.values).max()
    depth = bs.figure(depth_run(tokens=3), window=(2, 2)).axes[0]
    assert array_of(depth.images[0]).shape == (11, 1)


def test_pages_hold_every_position_once(tmp_path: Path) -> None:
    wide = made(normal(2, 23))
    paths = bs.draw(wide, tmp_path / "f.png", per_page=10)
    assert [path.name for path in paths] == ["f-1.png", "f-2.png", "f-3.png"]
    assert sorted(tmp_path.iterdir()) == paths
    assert bs.draw(wide, tmp_path / "f.pdf", per_page=10) == [tmp_path / "f.pdf"]
    assert len(re.findall(rb"/Type /Page\b", (tmp_path / "f.pdf").read_bytes())) == 3
    assert bs.draw(wide, tmp_path / "g.svg", per_page=23) == [tmp_path / "g.svg"]


def test_what_is_no_number_is_drawn_as_such() -> None:
    values = normal(6, 5)
    values[1, 2], values[3, 3], values[4, 0] = np.nan, np.inf, -np.inf
    figure = bs.figure(made(values))
    axes = figure.axes[0]
    image = axes.images[0]
    shown = image.to_rgba(array_of(image))
    np.testing.assert_allclose(shown[1, 2, :3], UNKNOWN)
    np.testing.assert_allclose(shown[3, 3, :3], lookup_table("RdBu")[255] / 255)
    np.testing.assert_allclose(shown[4, 0, :3], lookup_table("RdBu")[0] / 255)
    assert sum(isinstance(patch, PathPatch) for patch in axes.patches) == 3
    legend = axes.get_legend()
    assert legend is not None
    entries = [text.get_text() for text in legend.get_texts()]
    assert entries == ["no number (1 cell)", "+∞ (1 cell)", "−∞ (1 cell)"]
    assert {"NaN", "+∞", "−∞"} <= {text.get_text() for text in axes.texts}
    assert_legible(figure)
    assert_legible(bs.figure(made(np.full((3, 3), np.nan))))


def test_a_map_too_large_for_a_page_is_refused() -> None:
    with pytest.raises(bs.InputError, match="--per-page"):
        bs.figure(made(np.zeros((1, 40_000)), ""))


def test_given_axes_are_drawn_on() -> None:
    whole = Figure(figsize=(10, 4), layout="constrained")
    left, right = whole.subplots(1, 2)
    assert bs.figure(bs.read_table(FIGURES / "division.csv"), left) is whole
    assert bs.figure(depth_run(tokens=40), right, settling=True) is whole
    right.set_title("mine")
    assert_legible(whole)
    assert len(left.images) == 1 and len(right.get_xticklabels()) < 40


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
    height, width = 0.4 * DPI, 1.0 * DPI
    for row in range(13):
        for column in range(5):
            y = int(top + (row - 7 + 0.15) * height)
            x = int(left + (column - 2 + 0.1) * width)
            np.testing.assert_allclose(pixels[y, x], expected[row, column], atol=0.01)


def test_an_svg_says_what_it_shows(tmp_path: Path) -> None:
    labels = ("<script>alert(1)</script>", "]]>", "&amp;", "-->", "\x07", "\ud800")
    heatmap = Heatmap(np.eye(6), Axis("token", labels), Axis("feature", labels), SIGNED)
    bs.draw(heatmap, tmp_path / "f.svg")
    root = ElementTree.parse(tmp_path / "f.svg").getroot()
    title, words = root[0], root[1]
    assert title.tag.endswith("title") and words.tag.endswith("desc")
    assert root.get("role") == "img" and root.get("aria-labelledby") == title.get("id")
    assert root.get("aria-describedby") == words.get("id")
    expected = bs.describe(heatmap).replace("\x07", r"\x07").replace("\ud800", r"\ud800")
    assert words.text == expected
    assert not root.findall(".//{*}script")


def test_labels_are_text_not_formulas() -> None:
    labels = ("$x$", "a_b^c", "\\frac", "<script>", "$1", "&amp;")
    heatmap = Heatmap(np.eye(6), Axis("token", labels), Axis("feature", labels), Quantity("a"))
    axes, _ = bs.figure(heatmap).axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(labels)
    assert not any(tick.get_parse_math() for tick in axes.get_yticklabels())


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(bs.InputError, match=r"\.png, \.svg, \.pdf"):
        bs.draw(bs.read_table(FIGURES / "division.csv"), tmp_path / "f.bmp")
    assert list(tmp_path.iterdir()) == []


def test_cells_that_may_be_zero_are_hatched_when_asked() -> None:
    prompt = bs.Prompt.marked(" ".join(f"[[{i}]]" for i in range(9)) + " sum:")
    run = bs.attribute(tiny("llama"), prompt, " 36", budget=120)
    assert run.margin is not None
    covered = np.argwhere(np.abs(run.heatmap.values) <= run.margin)
    assert 0 < len(covered) < run.heatmap.values.size
    axes = bs.figure(run, hatch=True).axes[0]
    (patch,) = (patch for patch in axes.patches if isinstance(patch, PathPatch))
    first_corners = np.asarray(patch.get_path().vertices)[::5] + 0.5
    np.testing.assert_array_equal(first_corners[:, ::-1], covered)
    assert not bs.figure(run).axes[0].patches
