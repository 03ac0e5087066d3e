"""Numbers as people write them, and the one way in which they are counted.

docs/answers.md says what is read, in which order, with examples that are tested.
"""

import re
from collections.abc import Iterator
from fractions import Fraction

from bathyscope.thinking.answer_rules.plain import plain

_MOST_DIGITS = 400
"""Longer numbers, 10^1000000 among them, are not written out."""

_BEFORE = 24  # characters that may tell a number's sign, currency, or that it is part of a name

_NUMBER = re.compile(
    r"""
    (?<![\d^])
    (?: (?P<whole>\d+)\s(?P<part>\d+/\d+)(?![\d/])                         # 2 1/2
      | (?<!/)(?P<fraction>\d+/\d+)(?!\s*/|\d)                             # 3/4, not 3/4/2024
      | (?P<decimal>
          \d{1,3}(?:\.\d{3})+,\d+(?!\d)                                    # 1.234,5
        | \d{1,3}(?:\.\d{3}){2,}(?![.,]?\d)                                # 1.234.567
        | (?P<comma>(?<![\d.,([{])(?<!,\s)                                 # 2,5
            (?: 0,\d+ | \d+,(?!\d{3}(?!\d))(?!(?:19|20)\d\d(?!\d))\d+ )   # not 2,500 or 12,2024
            (?![.,]?\d|\s*[,/]\s*\d) )
        | (?: \d{1,3}(?:,\d{3})+(?!,?\d)                                   # 1,234,567
            | \d{1,2}(?:,\d{2})+,\d{3}(?!,?\d)                             # 12,34,567
            | \d{1,3}(?P<gap>[\u00a0\u2009\u202f'’_])\d{3}(?:(?P=gap)\d{3})*(?!\d)
            | \d{1,3}(?:(?:\ \d{3}){2,}|\ 000)(?!\d)                       # 1 234 567, 10 000
            | \d+
          )(?:\.\d+)?
        | (?<![\w.)])\.\d+                                                 # .75
        )
        (?:[eE](?P<exponent>[-+]?\d+)(?!\w))?                              # 1e3
        (?:(?:\^|\*\*(?=-?\d))(?P<power>[-+]?\d+))?                        # 10^5
        (?:\s*[×x*·⋅]\s*10(?:\^|\*\*)(?P<scale>[-+]?\d+))?                 # 3 × 10^5
    )
    """,
    re.VERBOSE,
)
_CURRENCY = re.compile(r"(?:(?:US)?[$€£¥₹]|\b(?:USD|EUR|GBP|CHF|INR|JPY|Rs\.?))\s*$")
_PART_OF_A_NAME = re.compile(r"[^\W\d_](?:_\{?)?$|\^[-+{(]?$")  # H2O, x_1, cm^2
_NEGATIVE_WORD = re.compile(r"\bnegative\s+$", re.IGNORECASE)


def last_number(text: str) -> str | None:
    """Return the last number of a text as a plain decimal, or p/q where no decimal is equal.

    A number takes its sign, its thousands separators, power and fraction with it. Currency,
    percent sign and unit are not part of it.
    """
    return next(_from_the_last(plain(text)), None)


def whole_number_or_none(text: str) -> str | None:
    """Return the number where a text, already plain, is one and nothing else."""
    stripped = text.strip()
    for match in _NUMBER.finditer(stripped):
        whole = match.end() == len(stripped) and stripped[: match.start()] in ("", "-", "+")
        if whole and not match["comma"]:  # alone, 2,5 may as well be two solutions
            return _written(match, negative=stripped.startswith("-"))
    return None


def _from_the_last(text: str) -> Iterator[str]:
    for match in reversed(list(_NUMBER.finditer(text))):
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        money = _CURRENCY.search(before)
        if money:
            before = before[: money.start()]
        elif _PART_OF_A_NAME.search(before):
            continue
        yield _written(match, negative=_is_negative(before))


def _is_negative(before: str) -> bool:
    """Tell whether what stands before a number makes it negative: no range, no subtraction."""
    if not re.search(r"-\s*$", before):
        return bool(_NEGATIVE_WORD.search(before))
    left = before.rstrip()[:-1]
    if before.endswith("-"):
        return not re.search(r"[\w)\]}%.°-]$|[\d)]\s+$", left)
    return bool(re.search(r"[=≈<>≤≥(\[{:]\s*$", left)) and "\n" not in before[len(left) :]


def _written(match: re.Match[str], negative: bool) -> str:
    """Return a number in the one way that is counted."""
    sign = -1 if negative else 1
    small = len(match[0]) <= _MOST_DIGITS
    value = _value(match) if small else None
    if value is None:
        return ("-" if negative else "") + re.sub(r"[\s,'’_]", "", match[0])
    return _decimal(sign * value)


def _value(match: re.Match[str]) -> Fraction | None:
    """Return what a number is worth; None where it is too long to write, or divided by 0."""
    try:
        if match["fraction"]:
            return Fraction(match["fraction"])
        if match["whole"]:
            return int(match["whole"]) + Fraction(match["part"])
        powers = [int(match[name] or 0) for name in ("exponent", "power", "scale")]
        base = Fraction(_digits(match))
        if match["power"] is not None:
            digits = len(str(base.numerator)) + len(str(base.denominator))
            powers[1] *= digits
        if sum(map(abs, powers)) > _MOST_DIGITS:
            return None
        base *= Fraction(10) ** int(match["exponent"] or 0)
        raised = base if match["power"] is None else base ** int(match["power"])
        return raised * Fraction(10) ** int(match["scale"] or 0)
    except (ZeroDivisionError, ValueError):
        return None


def _digits(match: re.Match[str]) -> str:
    """Return a number without its thousands separators."""
    if match["comma"]:
        return match["comma"].replace(",", ".")
    written = re.match(r"[\d.,\s'’_]*\d", match["decimal"])
    assert written is not None
    digits = re.sub(r"[\s'’_]", "", written[0])
    if "." in digits and digits.rfind(",") > digits.rfind("."):
        return digits.replace(".", "").replace(",", ".")
    return digits.replace(".", "") if digits.count(".") > 1 else digits.replace(",", "")


def _decimal(value: Fraction) -> str:
    """Return a number as a decimal without needless zeros; as p/q where that would not end."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest > 1:
        return f"{value.numerator}/{value.denominator}"
    places = max(twos, fives)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"
