"""Which colours stand for which values: one place for every medium."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bathyscope.errors import InputError
from bathyscope.heatmap import Heatmap

DIVERGING, SEQUENTIAL = "RdBu", "YlOrBr"
PALETTES = ("RdBu", "PuOr", "RdYlGn", "YlOrBr", "Blues", "viridis", "cividis", "Greys")
"""Names as in matplotlib. RdBu (red negative), PuOr, YlOrBr, Blues, viridis, cividis and Greys
can be told apart with every kind of colour vision; RdYlGn is the look of published figures."""


@dataclass(frozen=True)
class Scale:
    """From values to colours.

    Attributes:
        palette: A name in `PALETTES`.
        low: Value of the first colour.
        high: Value of the last colour.
    """

    palette: str
    low: float
    high: float

    def colours(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return red, green, blue and opacity in 0..1, shape (..., 4)."""
        from matplotlib import colormaps

        share = (values - self.low) / (self.high - self.low)
        colours: NDArray[np.float64] = colormaps[self.palette](share)
        return colours

    def ink(self, values: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return "black" or "white" for each value, whichever contrasts more with its colour.

        Contrast as WCAG 2 defines it; the better of the two is always at least 4.5 : 1.
        """
        rgb = self.colours(values)[..., :3]
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
        return np.where((luminance + 0.05) ** 2 > 1.05 * 0.05, "black", "white")


def scale_of(heatmap: Heatmap, palette: str | None = None) -> Scale:
    """Return the scale of a map: its bounds, or symmetric about its neutral value, or its range.

    Nothing is ever clipped.

    Raises:
        InputError: The palette is not known.
    """
    require_palette(palette)
    quantity, values = heatmap.quantity, heatmap.values
    if quantity.bounds is not None:
        low, high = quantity.bounds
    elif quantity.neutral is not None:
        reach = float(np.abs(values - quantity.neutral).max())
        low, high = quantity.neutral - reach, quantity.neutral + reach
    else:
        low, high = float(values.min()), float(values.max())
    if low == high:  # a map of one value only: any width will do, zero will not
        low, high = low - 1.0, high + 1.0
    return Scale(palette or (SEQUENTIAL if quantity.neutral is None else DIVERGING), low, high)


def require_palette(palette: str | None) -> None:
    """Raise InputError where a palette is named that is not known."""
    if palette is not None and palette not in PALETTES:
        raise InputError(
            f"The palette {palette!r} is not known; choose one of {', '.join(PALETTES)}."
        )
