import base64

import numpy as np
import pytest
from numpy.typing import NDArray

from bathyscope.page.palettes import at_night, tables
from bathyscope.render.palette import PALETTES, Scale, lookup_table


@pytest.mark.parametrize("name", PALETTES)
def test_a_page_has_the_colours_of_a_figure(name: str) -> None:
    drawn = Scale(name, 0.0, 1.0).colours((np.arange(256) + 0.5) / 256)
    expected = (drawn * 255).round()
    embedded = np.frombuffer(base64.b64decode(tables()["day"][name]), dtype=np.uint8)
    assert (embedded.reshape(256, 3) == expected).all()


def luminance(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", ["RdBu", "PuOr", "YlOrBr", "Blues", "Greys"])
def test_at_night_no_effect_is_dark_and_more_is_lighter(name: str) -> None:
    light = luminance(at_night(lookup_table(name)))
    neutral = 128 if name in ("RdBu", "PuOr") else 0
    assert light[neutral] < 0.03
    assert (np.diff(light[neutral:]) > -0.01).all()
    assert light[-1] > 0.2
    if neutral:
        assert (np.diff(light[:neutral]) < 0.01).all()
        assert light[0] > 0.2


def test_at_night_hues_stay() -> None:
    night = at_night(lookup_table("RdBu")).astype(int)
    assert night[10, 0] > night[10, 2] + 40  # red stays negative
    assert night[-10, 2] > night[-10, 0] + 40  # blue stays positive


def test_palettes_that_begin_dark_serve_both() -> None:
    assert tables()["night"]["viridis"] == tables()["day"]["viridis"]
    assert tables()["night"]["RdBu"] != tables()["day"]["RdBu"]
