import numpy as np
import pytest

from bathyscope.errors import InputError
from bathyscope.heatmap import Axis, Heatmap, Quantity
from bathyscope.render.palette import PALETTES, Scale, scale_of


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
    red, _, blue, _ = Scale("RdBu", -1, 1).colours(np.array([-0.8, 0.8])).T
    assert red[0] > blue[0] and blue[1] > red[1]


@pytest.mark.parametrize("palette", PALETTES)
def test_ink_can_be_read(palette: str) -> None:
    scale = Scale(palette, 0, 1)
    values = np.linspace(0, 1, 257)
    rgb = scale.colours(values)[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    background = linear @ [0.2126, 0.7152, 0.0722]
    ink = np.where(scale.ink(values) == "white", 1.0, 0.0)
    light, dark = np.maximum(background, ink), np.minimum(background, ink)
    assert ((light + 0.05) / (dark + 0.05)).min() >= 4.5


def test_an_unknown_palette_is_refused() -> None:
    with pytest.raises(InputError, match="RdYlGn"):
        scale_of(heatmap([[1]], Quantity("a")), "rainbow")
