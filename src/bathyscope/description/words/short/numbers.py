"""Numbers with the few digits that a sentence needs, and a true minus sign."""

import math
from decimal import ROUND_CEILING, Context

from bathyscope.core.text import true_minus

_EXPONENT_FROM = 1e6
_TWO_DIGITS_UP = Context(prec=2, rounding=ROUND_CEILING)
_TOLD = 0.05, 1000.0  # of smaller effects "1 times as likely" would be said; larger tell nothing


def rounded(value: float, digits: int = 3) -> str:
    """Return a number with a few significant digits; of many only the whole ones."""
    size = abs(value)
    if 10**digits - 0.5 <= size < _EXPONENT_FROM:
        places = digits - 1 - math.floor(math.log10(size))
        written = f"{round(size, min(places, 0)):,.0f}"
    else:
        written = f"{size:#.{digits}g}".removesuffix(".") if size else "0"
    return true_minus(f"-{written}" if value < 0 else written)


def signed(value: float) -> str:
    """Return a number with its sign, three digits of it; 0 has none."""
    return f"+{rounded(value)}" if value > 0 else rounded(value)


def at_most(size: float) -> str:
    """Return two digits of a size, rounded up."""
    return rounded(float(_TWO_DIGITS_UP.create_decimal(repr(float(size)))), 2)


def margin(half: float | None) -> str:
    """Return ± half the width of a 95 % interval; nothing where there is none."""
    return "" if half is None else f" ± {rounded(half, 2)}"


def factor(nats: float) -> str | None:
    """Return by what nats of log-probability multiply a probability; None where none is told."""
    if not _TOLD[0] <= abs(nats) <= _TOLD[1]:
        return None
    decades = nats / math.log(10)
    if abs(decades) < 6:
        return rounded(math.exp(nats), 2)
    exponent = math.floor(decades)
    mantissa = f"{10 ** (decades - exponent):.1f}"
    if mantissa == "10.0":
        mantissa, exponent = "1.0", exponent + 1
    return true_minus(f"{mantissa}e{exponent:+03d}")
