"""Numbers, bars and colours in the terminal."""

import math
from collections.abc import Callable

import numpy as np
from rich.color import Color

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.text import true_minus

_MOST_DECIMALS = 6
_DIGITS = 4  # of the largest number of a column, so many significant ones are shown
_STEPS = "▁▂▃▄▅▆▇█"


def fixed(value: float) -> str:
    """Return a value of a map with four decimals and its sign; what rounds to 0 has none."""
    written = f"{value:+.4f}"
    return written[1:] if float(written) == 0 else true_minus(written)


def alike(largest: float, *, sign: str = "+") -> Callable[[float], str]:
    """Return what writes the numbers of a column, all with as many decimals.

    Args:
        largest: The largest size among them.
        sign: "+" to write a plus, "" to leave it out.
    """
    if largest and not 10.0**-_MOST_DECIMALS < largest < 1e7:
        form = f"{sign}.{_DIGITS - 1}e"
    else:
        whole = math.floor(math.log10(largest)) + 1 if largest else 1
        form = f"{sign}.{min(max(_DIGITS - whole, 0), _MOST_DECIMALS)}f"

    def write(value: float) -> str:
        if not math.isfinite(value):
            return "–"
        written = format(value, form)
        return written.lstrip("+-") if float(written) == 0 else true_minus(written)

    return write


def signed_bar(value: float, least: float, most: float, width: int) -> str:
    """Return a bar that begins at 0, to the right of it where the value is positive.

    Args:
        value: The value.
        least: The smallest value of the column; 0 stands at the left where none is below.
        most: The largest.
        width: Characters of the whole column.
    """
    least, most = min(least, 0.0), max(most, 0.0)
    if not math.isfinite(value) or most == least:
        return ""
    scale = width / (most - least)
    zero = round(-least * scale)
    end = round((value - least) * scale)
    if value and end == zero:
        return " " * (zero - (value < 0)) + ("▏" if value > 0 else "▕")
    return " " * min(zero, end) + "█" * abs(end - zero)


def rich_colour(colour: FloatArray) -> Color:
    """Return a colour, red, green and blue from 0 to 1, as rich takes it."""
    red, green, blue = (round(255 * part) for part in colour.tolist())
    return Color.from_rgb(red, green, blue)


def layer_bars(divergences: FloatArray) -> str:
    """Return one bar per layer for a column of bits: an eighth of a bit to each step."""
    known = np.nan_to_num(divergences, nan=0.0)
    heights = np.minimum((known * len(_STEPS)).astype(int), len(_STEPS) - 1)
    return "".join(_STEPS[height] for height in heights)
