"""Arithmetic inside a text: `9 + 3 = 12`, `50(10x5)`, `$35 ($85 - $50)`.

What counts: two numbers or more, joined by `+ − - × x * · ÷ / ^` or parentheses, with `=` or `≈`
anywhere between, on one line. Numbers may have a currency, thousands separators, decimals, a
percent sign, and units: a unit inside the expression may be any word or two (`7 rows x 5 chairs`),
at its end only one that touches its number (`12kg`), is common (`12 cm`), or has occurred in it.

What does not: a number alone; an equation without an operator (`1 km = 1000 m`); and what is more
often something else, unless an `=` or another operator makes it clear: hyphens without spaces
(`3-5`, `2024-05-01`, `555-1234`) and between years or after words (`2019 - 2021`, `5 pm - 3`),
dashes (`3 – 5`), and slashes between numbers of one or two digits (`12/05/2024`, `1/2`, `24/7`).
"""

from collections.abc import Sequence

from bathyscope.core.heatmap import Span
from bathyscope.prompt.arithmetic import Kind, Symbol, symbols
from bathyscope.prompt.plausibility import is_arithmetic
from bathyscope.prompt.segmenter import Segmenter

_MAX_DEPTH = 8  # of parentheses; bounds the work on texts that are nothing else
_MAX_UNIT_WORDS = 3
_UNITS = frozenset(
    "mm cm m km ft yd mi mile miles mg g kg lb lbs oz ml l s sec min h hr hrs "
    "second seconds minute minutes hour hours day days week weeks month months year years "
    "meter meters metre metres dollar dollars cent cents euro euros percent degrees mph kmh "
    "usd eur gbp".split()
)


class Expressions(Segmenter):
    """Arithmetic such as 9 + 3 = 12."""

    name = "expressions"
    summary = "arithmetic such as 9 + 3 = 12"
    missing = "No arithmetic such as 9 + 3 = 12 was found in the prompt"

    def find(self, text: str) -> list[Span]:
        """Return what `expressions` finds."""
        return expressions(text)


def expressions(text: str) -> list[Span]:
    """Return the arithmetic expressions of a text, longest first from the left."""
    read = list(symbols(text))
    found: list[Span] = []
    index = 0
    while index < len(read):
        last = _Run(read, index).last
        if last is None:
            index += 1
            continue
        start = read[index].start
        if not _glued(text, start) and is_arithmetic(text, read[index : last + 1]):
            found.append((start, read[last].end))
        index = last + 1
    return found


def _glued(text: str, start: int) -> bool:
    """Tell whether what looks like a number is part of a word, a path or a code: covid-19 + 1."""
    before = text[max(0, start - 2) : start]
    return (
        before[-1:].isalnum()
        or before[-1:] in ("_", "/", "\\", ".", "@")
        or (before[-1:] == "-" and before[:1].isalnum() and len(before) == 2)
    )


class _Run:
    """The longest run of symbols from one on that is well formed.

    Attributes:
        last: Index of the run's last symbol, or None where there is no run.
    """

    def __init__(self, read: Sequence[Symbol], first: int) -> None:
        self.read = read
        self.last: int | None = None
        self.operators = 0
        self.units: set[str] = set()
        # Per open parenthesis: the operators that it must hold more than, −1 where none is needed.
        self.open: list[int] = []
        index: int | None = first
        while index is not None and index < len(read):
            operand = self._operand(index)
            index = None if operand is None else self._after_operand(operand + 1)

    def _operand(self, index: int) -> int | None:
        """Return the index of the number after an optional sign and opening parentheses."""
        if self._is_sign(index):
            index += 1
        while index < len(self.read) and self.read[index].kind is Kind.OPENING:
            if len(self.open) == _MAX_DEPTH:
                return None
            self.open.append(-1)
            index += 1
            if self._is_sign(index):
                index += 1
        if index < len(self.read) and self.read[index].kind is Kind.NUMBER:
            self._ends_at(index)
            return index
        return None

    def _after_operand(self, index: int) -> int | None:
        """Return where the next operand begins, after units, parentheses and an operator."""
        while index < len(self.read):
            symbol = self.read[index]
            if self._is_rate(index):
                index += 2
                self._ends_at(index - 1)
            elif symbol.kind in (Kind.OPERATOR, Kind.RELATION):
                self.operators += 1
                return index + 1
            elif symbol.kind is Kind.OPENING and symbol.start - self.read[index - 1].end <= 1:
                # 50(10x5): what follows a number directly is a computation, not a remark.
                if len(self.open) == _MAX_DEPTH:
                    return None
                self.open.append(self.operators)
                return index + 1
            elif symbol.kind is Kind.CLOSING and self.open:
                if self.operators <= self.open.pop():
                    return None
                self._ends_at(index)
                index += 1
            elif symbol.kind is Kind.WORD:
                following = self._after_unit(index)
                if following is None:
                    return None
                index = following
            else:
                return None
        return None

    def _after_unit(self, index: int) -> int | None:
        """Return where a unit of one to three words ends, or None where the words are none."""
        first = self.read[index]
        touches = first.start == self.read[index - 1].end
        if touches or first.text.casefold().rstrip("²³") in _UNITS or first.text in self.units:
            self._ends_at(index)
        end = index
        beyond = min(index + _MAX_UNIT_WORDS + 1, len(self.read))
        while end < beyond and self.read[end].kind is Kind.WORD:
            end += 1
        if end == beyond:
            return None
        closes = self.read[end].kind is Kind.CLOSING and self.open
        if not closes and self.read[end].kind not in (Kind.OPERATOR, Kind.RELATION):
            return None
        self.units |= {symbol.text for symbol in self.read[index:end]}
        return end

    def _is_sign(self, index: int) -> bool:
        """Tell whether a plus or minus stands directly before a number or a parenthesis."""
        if index + 1 >= len(self.read):
            return False
        sign, operand = self.read[index], self.read[index + 1]
        return (
            sign.text in ("+", "-", "−")
            and operand.kind in (Kind.NUMBER, Kind.OPENING)
            and sign.end == operand.start
        )

    def _is_rate(self, index: int) -> bool:
        """Tell whether "/hour" stands directly behind a number or a unit."""
        if index + 1 >= len(self.read):
            return False
        slash, unit = self.read[index], self.read[index + 1]
        return slash.name == "slash" and unit.kind is Kind.WORD and slash.end == unit.start

    def _ends_at(self, index: int) -> None:
        if not self.open:
            self.last = index
