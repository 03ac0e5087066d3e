"""The symbols of arithmetic in running text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

_CURRENCY = "$€£¥₹"
# Grouped by thousands (16,000 · 16 000 · 16’000), with decimals (0.8, 3,5, .5), or a fraction (½).
_DIGITS = (
    r"(?:\d{1,3}(?:[ \u00a0\u2009\u202f'’]\d{3})++(?!\d)|\d++)(?:[.,]\d++)*+"
    r"|(?<!\d)\.\d++|[¼½¾⅐-⅞]"
)
_SYMBOL = re.compile(
    rf"""
      (?P<clock>\d+(?::\d+)+)                                    # 10:30 is no operand
    | (?P<number>(?:[{_CURRENCY}]\ ?)?(?:{_DIGITS})[²³]?(?:\ ?[%‰°{_CURRENCY}])?)
    | (?P<relation>={{1,2}}(?![=>])|[≈≃≅])
    | (?P<hyphen>[-–])
    | (?P<slash>[/∕⁄])
    | (?P<operator>\*\*?|[+−×·⋅∙÷^]|\\times|\\cdot|\\div)
    | (?P<cross>(?<=[\d\s)%‰°²³{_CURRENCY}])[xX](?=[^\S\n]*[\d.(¼½¾⅐-⅞{_CURRENCY}]))
    | (?P<share>(?<=%\ )of(?=\ [\d({_CURRENCY}]))                # 20% of 50 = 10
    | (?P<opening>\()
    | (?P<closing>\))
    | (?P<word>[^\W\d_]\w*)
    | (?P<other>\n|\S)
    """,
    re.VERBOSE,
)


class Kind(Enum):
    """Function of a symbol in an expression."""

    NUMBER = auto()
    OPERATOR = auto()
    RELATION = auto()
    OPENING = auto()
    CLOSING = auto()
    WORD = auto()
    OTHER = auto()


_KINDS = {
    "number": Kind.NUMBER,
    "relation": Kind.RELATION,
    "hyphen": Kind.OPERATOR,
    "slash": Kind.OPERATOR,
    "operator": Kind.OPERATOR,
    "cross": Kind.OPERATOR,
    "share": Kind.OPERATOR,
    "opening": Kind.OPENING,
    "closing": Kind.CLOSING,
    "word": Kind.WORD,
}


@dataclass(frozen=True)
class Symbol:
    """One symbol and where it stands.

    Attributes:
        kind: What it does.
        name: The finer kind of an operator: hyphen, slash, operator, cross, share.
        text: Its characters.
        start: Where it begins.
        end: Where it ends.
    """

    kind: Kind
    name: str
    text: str
    start: int
    end: int


def symbols(text: str) -> Iterator[Symbol]:
    """Yield the symbols of a text in order; spaces are none, a line break is of kind OTHER."""
    for match in _SYMBOL.finditer(text):
        name = str(match.lastgroup)
        kind = _KINDS.get(name, Kind.OTHER)
        yield Symbol(kind, name, match[0], *match.span())
