"""Text with the many ways to type a number reduced to one: digits, minus signs, LaTeX."""

import re
import unicodedata
from collections.abc import Callable

_SIGNS = str.maketrans(
    {"−": "-", "﹣": "-", "－": "-", "‐": "-", "‑": "-", "–": "-", "⁄": "/", "．": ".", "，": ","}
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")


def _fraction(match: re.Match[str]) -> str:
    r"""Return `\frac{3}{4}` as 3/4, apart from a whole number before it: 1 3/4."""
    before, numerator, denominator = match.groups()
    return f"{before} {numerator}/{denominator}" if before else f"{numerator}/{denominator}"


def _vulgar(match: re.Match[str]) -> str:
    """Return ½ as 1/2, likewise."""
    written = unicodedata.normalize("NFKC", match[2]).replace("⁄", "/")
    return f"{match[1]} {written}" if match[1] else written


_REWRITTEN: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r"(?<=\d)[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+"), lambda match: "^" + match[0].translate(_RAISED)),
    (re.compile(r"(\d?)([¼½¾⅐⅑⅒⅓-⅞])"), _vulgar),
    (re.compile(r"\\!|\\(?:left|right)(?![a-zA-Z])"), ""),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"(?<=\d)\\[,;: ](?=\d)"), "\u202f"),
    (re.compile(r"\\([$%])"), r"\1"),
    (re.compile(r"(\d?)\\[dtc]?frac\s*\{\s*(-?\d+)\s*\}\s*\{\s*(\d+)\s*\}"), _fraction),
    (re.compile(r"(\d?)\\[dtc]?frac\s*(\d)\s*(\d)"), _fraction),
    (re.compile(r"\\(?:times|cdot)(?![a-zA-Z])"), "×"),
    (re.compile(r"\^\s*[{(]\s*([-+]?\d+)\s*[})]"), r"^\1"),
    (re.compile(r"\\[a-zA-Z]+\*?|\\[,;: ]"), " "),
]


def plain(text: str) -> str:
    r"""Return a text in ASCII digits and signs, powers as `10^5`, fractions as `3/4`.

    What of LaTeX says nothing of a number's value (`\text`, `\left`, `\mathrm`) becomes a space.
    """
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    text = text.translate(_SIGNS)
    for pattern, replacement in _REWRITTEN:
        text = pattern.sub(replacement, text)
    return text
