"""The panels of a comparison: their scale, their pixels, their files."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bathyscope as bs
from bathyscope.comparison.compare import compare
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Quantity
from bathyscope.render.figure.comparison_panels import panels_of
from tests.comparison.maps import attribution, depth, table

RANDOM = np.random.default_rng(5)
A = attribution(RANDOM.normal(size=(3, 2)), "xyz", "ab")
B = attribution(RANDOM.normal(size=(3, 2)) * 3, "xwz", "ab")


def test_three_panels_have_one_scale_that_holds_every_cell() -> None:
    comparison = compare(A, B)
    panels = panels_of(comparison)
    assert [panel.name for panel in panels] == ["A", "B", "B − A"]
    assert len({panel.scale for panel in panels}) == 1
    assert comparison.difference is not None
    maps = (A.heatmap, B.heatmap, comparison.difference)
    reach = max(np.abs(heatmap.values).max() for heatmap in maps)
    assert (panels[0].scale.low, panels[0].scale.high) == (-reach, reach)
    assert panels[0].alone == (frozenset({1}), frozenset())


def test_without_a_sign_the_difference_has_its_own_scale() -> None:
    a, b = depth([[0.2], [0.1]], "a", [1]), depth([[0.3], [0.05]], "a", [1])
    panels = panels_of(compare(a, b), "viridis")
    assert [(p.scale.palette, p.scale.low, p.scale.high) for p in panels] == [
        ("viridis", 0, 1),
        ("viridis", 0, 1),
        ("RdBu", pytest.approx(-0.1), pytest.approx(0.1)),
    ]


def test_without_one_unit_each_panel_has_its_own_scale() -> None:
    other = attribution([[9.0]], quantity=Quantity("attribution", "logits", neutral=0.0))
    panels = panels_of(compare(attribution([[1.0]]), other))
    assert [panel.scale.high for panel in panels] == [1, 9]


def test_without_a_common_cell_there_is_no_third_panel() -> None:
    panels = panels_of(compare(table([[1, 2]], "a", "bc"), table([[5]], "a", "d")))
    assert [panel.name for panel in panels] == ["A", "B"]
    assert panels[0].scale == panels[1].scale
    assert panels[0].scale.high == 5
    assert panels[0].alone == (frozenset(), frozenset())


def test_the_pixels_are_the_numbers() -> None:
    comparison = compare(A, B)
    images = [axes.images[0] for axes in bs.figure(comparison).axes[:3]]
    assert comparison.difference is not None
    for image, heatmap in zip(images, (A.heatmap, B.heatmap, comparison.difference), strict=True):
        np.testing.assert_array_equal(image.get_array(), heatmap.values)


def test_panels_do_not_overlap() -> None:
    for columns in (2, 60):
        maps = [attribution(RANDOM.normal(size=(4, columns))) for _ in range(2)]
        figure = bs.figure(compare(*maps))
        boxes = [axes.get_tightbbox() for axes in figure.axes[:3]]
        for one, other in itertools.pairwise(boxes):
            assert one is not None and other is not None
            assert not one.overlaps(other)
            assert (one.x1 <= other.x0) == (columns == 2)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_same_comparison_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    for name in "ab":
        bs.draw(compare(A, B), tmp_path / f"{name}.{ending}")
    one, other = ((tmp_path / f"{name}.{ending}").read_bytes() for name in "ab")
    assert one == other


def test_where_both_come_from_is_inside(tmp_path: Path) -> None:
    bs.draw(compare(A, table([[1, 2]], "x", "ab", table="t.csv")), tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as image:
        inside = json.loads(image.info["Description"])["provenance"]
    assert inside["a"] == json.loads(json.dumps(A.heatmap.provenance))
    assert inside["b"] == {"table": "t.csv"}


def test_one_cell_and_4000_columns(tmp_path: Path) -> None:
    for shape in ((1, 1), (2, 4000)):
        a, b = (table(RANDOM.normal(size=shape)) for _ in range(2))
        bs.draw(compare(a, b), tmp_path / f"{shape[1]}.png")


def test_unknown_endings_and_palettes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not end in"):
        bs.draw(compare(A, B), tmp_path / "c.gif")
    with pytest.raises(InputError, match="'rainbow' is not known"):
        bs.draw(compare(A, B), tmp_path / "c.png", palette="rainbow")
    assert list(tmp_path.iterdir()) == []


def test_what_panels_do_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave out --limit"):
        bs.draw(compare(A, B), tmp_path / "c.png", limit=1.0)
    with pytest.raises(InputError, match="leave out the axes"):
        bs.figure(compare(A, B), bs.figure(A).axes[0])
