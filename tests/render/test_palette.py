import numpy as np
import pytest
from matplotlib import colormaps

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, Heatmap, Quantity
from bathyscope.render.palette import (
    PALETTES,
    UNKNOWN,
    Scale,
    lookup_table,
    require_scale,
    scale_of,
)


def heatmap(values: list[list[float]], quantity: Quantity) -> Heatmap:
    rows = Axis("row", tuple(map(str, range(len(values)))))
    columns = Axis("column", tuple(map(str, range(len(values[0])))))
    return Heatmap(np.array(values), rows, columns, quantity)


def test_signed_maps_are_symmetric_about_neutral() -> None:
    scale = scale_of(heatmap([[-1, 3]], Quantity("a", neutral=0.0)))
    assert (scale.low, scale.high, scale.palette) == (-3, 3, "RdBu")


def test_bounded_maps_show_what_is_possible() -> None:
    scale = scale_of(heatmap([[0.2, 0.3]], Quantity("a", bounds=(0.0, 1.0))))
    assert (scale.low, scale.high, scale.palette) == (0, 1, "YlOrBr")


def test_other_maps_show_their_range() -> None:
    scale = scale_of(heatmap([[2, 5]], Quantity("a")))
    assert (scale.low, scale.high) == (2, 5)


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_a_map_of_one_value_has_a_scale(value: float) -> None:
    for quantity in (Quantity("a"), Quantity("a", neutral=0.0)):
        scale = scale_of(heatmap([[value]], quantity))
        assert scale.low < scale.high


def test_negative_is_red_and_positive_blue() -> None:
    red, _, blue = Scale("RdBu", -1, 1).colours(np.array([-0.8, 0.8])).T
    assert red[0] > blue[0] and blue[1] > red[1]


@pytest.mark.parametrize("palette", PALETTES)
def test_ink_can_be_read(palette: str) -> None:
    scale = Scale(palette, 0, 1)
    values = np.linspace(0, 1, 257)
    rgb = scale.colours(values)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    background = linear @ [0.2126, 0.7152, 0.0722]
    ink = np.where(scale.ink(values) == "white", 1.0, 0.0)
    light, dark = np.maximum(background, ink), np.minimum(background, ink)
    assert ((light + 0.05) / (dark + 0.05)).min() >= 4.5


def test_an_unknown_palette_is_refused() -> None:
    with pytest.raises(InputError, match="RdYlGn"):
        scale_of(heatmap([[1]], Quantity("a")), "rainbow")


@pytest.mark.parametrize("palette", PALETTES)
def test_one_table_serves_matplotlib_and_everyone_else(palette: str) -> None:
    table = lookup_table(palette)
    assert table.dtype == np.uint8 and table.shape == (256, 3)
    values = np.linspace(-1.2, 1.2, 1001)
    expected = colormaps[palette]((values + 1) / 2, bytes=True)[:, :3]
    found = Scale(palette, -1, 1).colours(values)
    np.testing.assert_array_equal(np.round(found * 255).astype(int), expected)


def test_a_limit_ends_the_scale_and_tells_what_lies_beyond() -> None:
    signed = heatmap([[-1, 3, 0.5, np.nan, np.inf]], Quantity("a", neutral=0.0))
    scale = scale_of(signed, limit=0.5)
    assert (scale.low, scale.high) == (-0.5, 0.5)
    assert scale.beyond(signed.values).tolist() == [[True, True, False, False, False]]
    assert scale_of(heatmap([[2, 5]], Quantity("a")), limit=4).high == 4
    assert scale_of(heatmap([[0.2]], Quantity("a", bounds=(0.0, 1.0))), limit=0.5).high == 0.5


@pytest.mark.parametrize("limit", [0.0, -1.0, np.nan, np.inf])
def test_a_limit_that_leaves_no_scale_is_refused(limit: float) -> None:
    with pytest.raises(InputError, match="--limit"):
        scale_of(heatmap([[1, -1]], Quantity("a", neutral=0.0)), limit=limit)


def test_what_is_not_finite_has_no_part_in_the_scale() -> None:
    signed = heatmap([[np.nan, np.inf, -2, 1]], Quantity("a", neutral=0.0))
    scale = scale_of(signed)
    assert (scale.low, scale.high) == (-2, 2)
    unknown, infinite, *_ = scale.colours(signed.values)[0]
    assert tuple(unknown) == UNKNOWN
    np.testing.assert_array_equal(infinite, lookup_table("RdBu")[255] / 255)
    assert scale_of(heatmap([[np.nan]], Quantity("a", neutral=0.0))).high == 1


def test_a_symmetric_log_scale() -> None:
    signed = heatmap([[-3.7, 3.7]], Quantity("a", neutral=0.0))
    assert scale_of(signed, kind="symlog").linear == 0.04
    scale = scale_of(signed, kind="symlog:0.1")
    values = np.array([-3.7, -1, -0.1, -0.05, 0, 0.02, 0.1, 10**0.5, 3.7])
    # 0.05 is half of the linear part; 1 is one decade beyond its end.
    expected = [-1 - np.log10(37), -2, -1, -0.5, 0, 0.2, 1, 2.5, 1 + np.log10(37)]
    np.testing.assert_allclose(scale.stretched(values), expected)
    np.testing.assert_allclose(scale.unstretched(scale.stretched(values)), values)
    assert scale.shares(np.array([-3.7, 0, 3.7])).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("kind", ["log", "symlog:0", "symlog:x", "symlog:", "linear:1"])
def test_an_unknown_scale_is_refused(kind: str) -> None:
    with pytest.raises(InputError, match="symlog:T"):
        require_scale(kind)
