"""Numbers as figures and tables write them: a true minus sign, and no sign before a zero."""

import numpy as np

from bathyscope.core.heatmap import FloatArray
from bathyscope.core.text import true_minus

DIGITS, MANTISSA_DIGITS = 4, 2
"""Decimals of a cell where none are asked for, and those before an exponent."""

_SMALLEST, _LARGEST = 1e-3, 1e5  # beyond, four decimals show nothing of a value, or too much


def number_format(values: FloatArray, digits: int | None = None) -> str:
    """Return how the numbers of one map are written: decimals, or an exponent.

    Args:
        values: All that are to be written alike.
        digits: Decimals, of the mantissa where there is an exponent; None takes `DIGITS`, or
            `MANTISSA_DIGITS`.
    """
    size = float(np.abs(values[np.isfinite(values)]).max(initial=0))
    least = _SMALLEST if digits is None else 0.5 * 10.0**-digits
    if digits is None and size and are_whole(values):
        return ".0f" if size < _LARGEST else f".{MANTISSA_DIGITS}e"
    if size == 0 or least <= size < _LARGEST:
        return f".{DIGITS if digits is None else digits}f"
    return f".{MANTISSA_DIGITS if digits is None else digits}e"


def are_whole(values: FloatArray) -> bool:
    """Tell whether all finite values are whole numbers: layers, ranks, ratings."""
    finite = values[np.isfinite(values)]
    return bool((finite == np.round(finite)).all())


def shorter_formats(values: FloatArray) -> list[str]:
    """Return how the numbers of one map may be written where room is short, the longest first.

    The largest value keeps two digits that count.
    """
    form = number_format(values)
    if form.endswith("e"):
        return [form, *(f".{digits}e" for digits in range(MANTISSA_DIGITS - 1, -1, -1))]
    if form == ".0f":
        return [form]
    size = float(np.abs(values[np.isfinite(values)]).max(initial=0))
    fewer = (digits for digits in range(DIGITS - 1, 0, -1) if size >= 10.0 ** (1 - digits))
    return [form, *(f".{digits}f" for digits in fewer)]


def written(value: float, form: str, *, signed: bool = False) -> str:
    """Return a number as it stands in a cell.

    Args:
        value: The number.
        form: As `number_format` gives it.
        signed: Whether a plus sign is written.
    """
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "+∞" if value > 0 else "−∞"
    text = f"{value:{form}}"
    if float(text) == 0:
        return text.lstrip("-")
    return true_minus(f"+{text}" if signed and value > 0 else text)
