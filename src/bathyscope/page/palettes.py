"""The colours of a page: those of `render.palette`, and the same for a dark background."""

import base64
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bathyscope.render.palette import PALETTES, lookup_table

_DARK_FIRST = ("viridis", "cividis")
"""Palettes whose low end is dark already: they serve on both backgrounds."""

_DARKEST, _LIGHTEST = 0.24, 0.8
"""OKLab lightness, on a dark background, of a palette's palest and of its darkest colour."""

# Linear RGB -> cone responses -> OKLab (Björn Ottosson, 2020).
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@cache
def tables() -> dict[str, dict[str, str]]:
    """Return every palette's 256 colours for a light and for a dark page.

    Returns:
        By "day" and "night", by name: red, green, blue in bytes, base64.
    """
    day = {name: lookup_table(name) for name in PALETTES}
    night = {
        name: colours if name in _DARK_FIRST else at_night(colours) for name, colours in day.items()
    }
    return {"day": _encoded(day), "night": _encoded(night)}


def at_night(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return colours of the same hue with lightness turned over: what was pale is dark.

    "No effect" stays the colour of the page, and more still stands out more. Where a colour so
    light or dark does not exist, it loses saturation, never its hue.
    """
    oklab = np.cbrt(_linear(colours / 255) @ _CONES.T) @ _OKLAB.T
    low, high = oklab[:, 0].min(), oklab[:, 0].max()
    oklab[:, 0] = _LIGHTEST + (_DARKEST - _LIGHTEST) * (oklab[:, 0] - low) / (high - low)
    saturation = np.ones(len(oklab))
    for _ in range(60):
        outside = ((_rgb(oklab, saturation) < 0) | (_rgb(oklab, saturation) > 1)).any(axis=1)
        saturation[outside] *= 0.95
    encoded = _gamma(np.clip(_rgb(oklab, saturation), 0, 1))
    turned: NDArray[np.uint8] = np.round(encoded * 255).astype(np.uint8)
    return turned


def _rgb(oklab: NDArray[np.float64], saturation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return linear red, green, blue of colours whose saturation is scaled."""
    scaled = oklab * np.stack([np.ones_like(saturation), saturation, saturation], axis=1)
    linear: NDArray[np.float64] = (scaled @ np.linalg.inv(_OKLAB).T) ** 3 @ np.linalg.inv(_CONES).T
    return linear


def _linear(rgb: Any) -> Any:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _gamma(linear: Any) -> Any:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def _encoded(named: dict[str, NDArray[np.uint8]]) -> dict[str, str]:
    return {
        name: base64.b64encode(colours.tobytes()).decode("ascii") for name, colours in named.items()
    }
