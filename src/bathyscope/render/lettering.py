"""Labels as a figure can draw them: every character seen, in a font that has it or as an escape."""

import unicodedata
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import regex

from bathyscope.core.errors import InputError
from bathyscope.prompt.labels import visible

if TYPE_CHECKING:
    from matplotlib.font_manager import FontEntry

SIZE, SMALL, SMALLEST = 8.0, 6.5, 6.0
"""Points: labels and values; the lines below a map; what nothing is ever smaller than."""

SPACE = "␣"
"""How a figure marks a space at an end of a label: `spaces` draws it small and grey."""

_BASE = "DejaVu Sans"  # comes with matplotlib
_MAX_CELLS = 48
_RETURN = "␍"
_MARKED = "▁"  # what stands for such a space in an axis, in tables and in a terminal
# An escape, or what reads as one character: neither is ever cut in two.
_PIECE = regex.compile(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|\X")
_DPI = 150

# First words of the Unicode names of what the CJK fonts draw.
_EAST_ASIAN = (
    "CJK", "HANGUL", "KATAKANA", "HIRAGANA", "BOPOMOFO", "KANGXI", "HALFWIDTH", "FULLWIDTH",
    "IDEOGRAPHIC", "SQUARE",
)  # fmt: skip


def on_one_line(label: str) -> str:
    """Return a label with everything visible: spaces at its ends, line breaks, zero-width."""
    bare = label.strip(" ")
    if not bare:
        return visible(label)
    start = len(label) - len(label.lstrip(" "))
    end = len(label) - start - len(bare)
    return "▁" * start + "".join(c if c == " " else visible(c) for c in bare) + "▁" * end


def shortened(label: str, drawn: Callable[[str], bool] = lambda _: True) -> str:
    r"""Return a label on one line that fits a figure: its beginning where it is long.

    Args:
        label: Any text.
        drawn: Tells of a character whether it can be drawn; others become escapes (`\u65e5`).
    """
    pieces = [
        "".join(c if drawn(c) else r"\r" if c == _RETURN else ascii(c)[1:-1] for c in piece)
        for piece in _PIECE.findall(on_one_line(label))
    ]
    ends = list(accumulate(sum(map(_cells, piece)) for piece in pieces))
    if not ends or ends[-1] <= _MAX_CELLS:
        return "".join(pieces)
    return "".join(pieces[: sum(end < _MAX_CELLS for end in ends)]) + "…"


@dataclass(frozen=True)
class Lettering:
    """Fonts for the texts of one figure.

    Attributes:
        families: Names of installed fonts, the first that has a character draws it.
        missing: Characters that none of them has.
        small: Points of the lines below a map.
        smallest: Points of the smallest text there may be.
    """

    families: tuple[str, ...]
    missing: frozenset[str]
    small: float = SMALL
    smallest: float = SMALLEST

    def label(self, text: str) -> str:
        """Return a label as it can be drawn: one line, not too long, escapes where no font is."""
        shown = shortened(text, lambda character: character not in self.missing)
        return shown.replace(_MARKED, SPACE)

    def line(self, text: str) -> str:
        """Return a text of any length as it can be drawn: escapes where no font is.

        Spaces that labels mark are spaces here, at which no line is broken.
        """
        shown = "".join(c if c not in self.missing else ascii(c)[1:-1] for c in on_one_line(text))
        return shown.replace(_MARKED, "\N{NO-BREAK SPACE}")

    def style(self, size: float = SIZE, *, bold: bool = False) -> dict[str, Any]:
        """Return properties of a matplotlib text: plain text in these fonts, never a formula."""
        weight = {"weight": "bold"} if bold else {}
        return {"family": list(self.families), "fontsize": size, "parse_math": False, **weight}

    def inches(self, text: str, size: float = SIZE, *, bold: bool = False) -> tuple[float, float]:
        """Return width and height of one line, measured."""
        return _measured(text, self.families, size, "bold" if bold else "normal")

    def height(self, texts: Iterable[str], size: float = SIZE) -> float:
        """Return the height of one line, inches, in which any of some texts stands."""
        return max(self.inches(text, size)[1] for text in ("lp", *texts))

    def fitted(self, text: str, inches: float, size: float = SIZE, *, bold: bool = False) -> str:
        """Return a text no wider than so many inches: its beginning and … where it is."""
        if self.inches(text, size, bold=bold)[0] <= inches:
            return text
        pieces, low, high = _PIECE.findall(text), 0, len(text)
        while low < high:  # the longest beginning that fits, by halving
            middle = (low + high + 1) // 2
            shown = "".join(pieces[:middle]) + "…"
            fits = middle <= len(pieces) and self.inches(shown, size, bold=bold)[0] <= inches
            low, high = (middle, high) if fits else (low, middle - 1)
        return "".join(pieces[:low]) + "…"

    def wrapped(
        self, text: str, inches: float, size: float = SIZE, *, breaking: bool = False
    ) -> str:
        """Return a text with line breaks, no line wider than so many inches if words allow.

        Args:
            text: The text.
            inches: How wide a line may be.
            size: Of the letters, points.
            breaking: Whether a word that is wider than a line is broken in two.
        """
        words = text.split(" ")
        lines = [""]
        for word in words:
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if lines[-1] and self.inches(longer, size)[0] > inches:
                lines.append(word)
            else:
                lines[-1] = longer
            while breaking and self.inches(lines[-1], size)[0] > inches:
                begins = self.fitted(lines[-1], inches, size)[:-1] or lines[-1][:1]
                lines[-1:] = [begins, lines[-1][len(begins) :]]
        return "\n".join(lines)

    def report(self) -> None:
        """Warn once of what has no font here, naming the Debian packages that have it."""
        told = sorted(self.missing - {_RETURN})
        if told:
            packages = sorted({package_with(character) for character in told})
            noun = "package" if len(packages) == 1 else "packages"
            some = "".join(told[:20]) + ("…" if len(told) > 20 else "")
            warnings.warn(
                f"No installed font draws {some!r}, shown as escapes; install the Debian "
                f"{noun} {', '.join(packages)}; fonts-unifont has nearly all.",
                stacklevel=4,
            )


def lettering(texts: Iterable[str], font: str | None = None, least: float = SMALLEST) -> Lettering:
    """Find fonts for some texts among those installed.

    Args:
        texts: What is to be written.
        font: Name of the family that draws what it has; None takes matplotlib's own.
        least: Points that no text is to be smaller than.

    Raises:
        InputError: The font is not installed.
    """
    wanted = {character for text in texts for character in on_one_line(text)}
    wanted |= {SPACE} if _MARKED in wanted else set()
    families = [_BASE] if font in (None, _BASE) else [_installed(font), _BASE]
    missing = wanted.difference(*map(_characters, families))
    if missing:
        _notice_new_fonts()
        for name in _upright():
            found = missing & _characters(name)
            if found:
                families.append(name)
                missing -= found
            if not missing:
                break
    return Lettering(tuple(families), frozenset(missing), max(least, SMALL), max(least, SMALLEST))


def _installed(font: str) -> str:
    """Return the name of a font family, having checked that it is there.

    Raises:
        InputError: It is not.
    """
    _notice_new_fonts()
    if _characters(font):
        return font
    near = get_close_matches(font, [_BASE, *_upright()], n=3, cutoff=0.4)
    meant = f"did you mean {' or '.join(map(repr, near))}" if near else f"{_BASE!r} always is"
    raise InputError(f"The font {font!r} is not installed; {meant}.")


def package_with(character: str) -> str:
    """Return the Debian package whose fonts draw a character, as far as its Unicode name tells."""
    name = unicodedata.name(character, "").split(" ")[0]
    if name.startswith(_EAST_ASIAN):
        return "fonts-noto-cjk" if ord(character) < 0x20000 else "fonts-hanazono"
    if 0x1F000 <= ord(character) <= 0x1FAFF:
        return "fonts-symbola"
    return "fonts-noto-core"


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@cache
def _characters(family: str) -> frozenset[str]:
    """Return what a font can draw; nothing where it cannot be read."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    try:
        font = get_font(findfont(FontProperties(family=[family]), fallback_to_default=False))
    except (RuntimeError, ValueError, OSError, NotImplementedError):
        return frozenset()
    return frozenset(map(chr, font.get_charmap()))


def _upright() -> list[str]:
    """Return the names of installed upright fonts of normal weight, Noto Sans first.

    Without the one that comes with matplotlib and has a placeholder for every character.
    """
    from matplotlib.font_manager import fontManager

    entries = [entry for entry in fontManager.ttflist if _is_upright(entry)]
    names = {entry.name for entry in entries} - {_BASE}
    names = {name for name in names if not name.startswith("Last Resort")}
    return sorted(names, key=lambda name: (not name.startswith("Noto Sans"), name))


def _is_upright(entry: "FontEntry") -> bool:
    return entry.style == "normal" and entry.weight in (400, "normal", "regular", "book")


@cache
def _notice_new_fonts() -> None:
    """Have matplotlib read fonts that were installed after it wrote its list of them."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = {entry.fname for entry in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - known):
        try:
            fontManager.addfont(path)
        except Exception:  # fonts of pictures, damaged ones: whatever the reader stumbles over
            continue


@lru_cache(maxsize=32_768)
def _measured(
    text: str, families: tuple[str, ...], size: float, weight: str
) -> tuple[float, float]:
    from matplotlib.font_manager import FontProperties

    properties = FontProperties(family=list(families), size=size, weight=weight)
    width, height, _ = _renderer().get_text_width_height_descent(text, properties, ismath=False)
    return float(width) / _DPI, float(height) / _DPI


@cache
def _renderer() -> Any:
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(8, 8, _DPI)  # type: ignore[no-untyped-call]
