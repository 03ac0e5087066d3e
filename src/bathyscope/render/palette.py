"""Palettes: which colours stand for which values, in one place for every medium."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray, Heatmap

DIVERGING, SEQUENTIAL = "RdBu", "YlOrBr"
PALETTES = ("RdBu", "PuOr", "RdYlGn", "YlOrBr", "Blues", "viridis", "cividis", "Greys")
"""Names as in matplotlib. RdBu (red negative), PuOr, YlOrBr, Blues, viridis, cividis and Greys
can be told apart with every kind of colour vision; RdYlGn is the look of published figures."""

UNKNOWN = (0.72, 0.72, 0.72)
"""Red, green, blue of a cell that holds no number; figures hatch it, too."""

LINEAR, SYMLOG = "linear", "symlog"
_DECADES = 2  # a symmetric log scale of unstated threshold shows this many powers of ten


def lookup_table(palette: str) -> NDArray[np.uint8]:
    """Return the 256 colours of a palette: red, green, blue, uint8 of shape (256, 3).

    A value at the share s of its scale, 0..1, has the colour number min(⌊256 s⌋, 255).

    Raises:
        InputError: The palette is not known.
    """
    from matplotlib import colormaps

    require_palette(palette)
    table: NDArray[np.uint8] = colormaps[palette](np.arange(256), bytes=True)[:, :3]
    return table


@dataclass(frozen=True)
class Scale:
    """From values to colours.

    Attributes:
        palette: A name in `PALETTES`.
        low: Value of the first colour.
        high: Value of the last colour.
        centre: Value about which a symmetric log scale is symmetric.
        linear: Distance from the centre up to which a symmetric log scale is linear; None where
            the whole scale is.
    """

    palette: str
    low: float
    high: float
    centre: float = 0.0
    linear: float | None = None

    def stretched(self, values: FloatArray) -> FloatArray:
        """Return values as distances along the scale: themselves where it is linear.

        On a symmetric log scale, with d the distance from the centre in units of the linear
        threshold: d up to 1, and sign(d) · (1 + log₁₀|d|) beyond.
        """
        if self.linear is None:
            return np.asarray(values, dtype=np.float64)
        distance = (np.asarray(values) - self.centre) / self.linear
        size = np.maximum(np.abs(distance), 1.0)
        beyond = np.sign(distance) * (1 + np.log10(size))
        return np.where(np.abs(distance) <= 1, distance, beyond)

    def unstretched(self, distances: FloatArray) -> FloatArray:
        """Return the values at distances along the scale: the inverse of `stretched`."""
        if self.linear is None:
            return np.asarray(distances, dtype=np.float64)
        size = np.maximum(np.abs(distances), 1.0)
        beyond = np.sign(distances) * 10 ** (size - 1)
        inside = np.abs(distances) <= 1
        return self.centre + self.linear * np.where(inside, distances, beyond)

    def shares(self, values: FloatArray) -> FloatArray:
        """Return how far along the scale values lie: 0 at its low end, 1 at its high end."""
        low, high = self.stretched(np.array([self.low, self.high]))
        shares: FloatArray = (self.stretched(values) - low) / (high - low)
        return shares

    def colours(self, values: FloatArray) -> FloatArray:
        """Return red, green and blue in 0..1, shape (..., 3): the end's colour beyond an end."""
        shares = self.shares(values)
        known = ~np.isnan(shares)
        number = np.minimum(np.where(known, np.clip(shares, 0, 1), 0) * 256, 255).astype(int)
        table = lookup_table(self.palette) / 255
        return np.where(known[..., None], table[number], np.array(UNKNOWN))

    def ink(self, values: FloatArray) -> NDArray[np.str_]:
        """Return "black" or "white" for each value, whichever contrasts more with its colour.

        Contrast as WCAG 2 defines it; the better of the two is always at least 4.5 : 1.
        """
        rgb = self.colours(values)
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
        return np.where((luminance + 0.05) ** 2 > 1.05 * 0.05, "black", "white")

    def beyond(self, values: FloatArray) -> NDArray[np.bool_]:
        """Tell which finite values lie beyond the ends of the scale and are shown as its ends."""
        outside: NDArray[np.bool_] = (values < self.low) | (values > self.high)
        return outside & np.isfinite(values)


def scale_of(
    heatmap: Heatmap,
    palette: str | None = None,
    limit: float | None = None,
    kind: str = LINEAR,
) -> Scale:
    """Return the scale of a map: its bounds, or symmetric about its neutral value, or its range.

    Nothing is clipped unless a limit asks for it. What is not finite has no part in it.

    Args:
        heatmap: The map.
        palette: A name in `PALETTES`; None chooses by the quantity.
        limit: Where the scale ends instead: this far from the neutral value on both sides, or at
            this value where the quantity has no sign.
        kind: "linear", "symlog" or "symlog:T" with the linear threshold T in the map's unit; a
            hundredth of the scale's reach, to one digit, where none is stated.

    Raises:
        InputError: The palette or the kind is not known, or the limit leaves no scale.
    """
    require_palette(palette)
    quantity = heatmap.quantity
    low, high = _ends(heatmap)
    centre = quantity.neutral or 0.0
    if limit is not None:
        low, high = (low, limit) if quantity.neutral is None else (centre - limit, centre + limit)
        if not (low < high < np.inf):
            raise InputError(
                f"The colour scale cannot end at {limit:g}, it begins at {low:g}; give a larger "
                "--limit."
            )
    chosen = palette or (SEQUENTIAL if quantity.neutral is None else DIVERGING)
    reach = max(abs(low - centre), abs(high - centre))
    return Scale(chosen, low, high, centre, _linear_threshold(kind, reach))


def require_palette(palette: str | None) -> None:
    """Raise InputError where a palette is named that is not known."""
    if palette is not None and palette not in PALETTES:
        raise InputError(
            f"The palette {palette!r} is not known; choose one of {', '.join(PALETTES)}."
        )


def require_scale(kind: str) -> None:
    """Raise InputError where a kind of scale is named that is not known."""
    _linear_threshold(kind, 1.0)


def _ends(heatmap: Heatmap) -> tuple[float, float]:
    quantity = heatmap.quantity
    finite = heatmap.values[np.isfinite(heatmap.values)]
    if quantity.bounds is not None:
        low, high = quantity.bounds
    elif not finite.size:
        low = high = quantity.neutral or 0.0
    elif quantity.neutral is not None:
        reach = float(np.abs(finite - quantity.neutral).max())
        low, high = quantity.neutral - reach, quantity.neutral + reach
    else:
        low, high = float(finite.min()), float(finite.max())
    if low == high:  # a map of one value only: any width will do, zero will not
        low, high = low - 1.0, high + 1.0
    return low, high


def _linear_threshold(kind: str, reach: float) -> float | None:
    """Return what the name of a scale says about its linear part; None where all of it is."""
    if kind == LINEAR:
        return None
    name, stated, given = kind.partition(":")
    try:
        threshold = float(given) if stated else float(f"{reach / 10**_DECADES:.0e}")
    except ValueError:
        threshold = np.nan
    if name != SYMLOG or not 0 < threshold < np.inf:
        raise InputError(
            f"The scale {kind!r} is not known; choose linear, symlog, or symlog:T with the value "
            "T > 0 up to which it is linear."
        )
    return threshold
