"""Labels as a figure can draw them: every character seen, in a font that has it or as an escape."""

import unicodedata
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from bathyscope.prompt.labels import visible

if TYPE_CHECKING:
    from matplotlib.font_manager import FontEntry, FontProperties

SIZE, SMALL, SMALLEST = 8.0, 6.5, 6.0
"""Points: labels and values; the lines below a map; what nothing is ever smaller than."""

_BASE = "DejaVu Sans"  # comes with matplotlib
_MAX_CELLS = 48
_RETURN = "␍"
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
        character if drawn(character) else r"\r" if character == _RETURN else ascii(character)[1:-1]
        for character in on_one_line(label)
    ]
    widths = [max(map(_cells, piece)) if len(piece) == 1 else len(piece) for piece in pieces]
    if sum(widths) <= _MAX_CELLS:
        return "".join(pieces)
    kept, width = 0, 0
    while width + widths[kept] < _MAX_CELLS:
        width += widths[kept]
        kept += 1
    return "".join(pieces[:kept]) + "…"


@dataclass(frozen=True)
class Lettering:
    """Fonts for the texts of one figure.

    Attributes:
        families: Names of installed fonts, the first that has a character draws it.
        missing: Characters that none of them has.
    """

    families: tuple[str, ...]
    missing: frozenset[str]

    def label(self, text: str) -> str:
        """Return a label as it can be drawn: one line, not too long, escapes where no font is."""
        return shortened(text, lambda character: character not in self.missing)

    def line(self, text: str) -> str:
        """Return a text of any length as it can be drawn: escapes where no font is."""
        return "".join(c if c not in self.missing else ascii(c)[1:-1] for c in on_one_line(text))

    def style(self, size: float = SIZE) -> dict[str, Any]:
        """Return properties of a matplotlib text: plain text in these fonts, never a formula."""
        return {"family": list(self.families), "fontsize": size, "parse_math": False}

    def inches(self, text: str, size: float = SIZE) -> tuple[float, float]:
        """Return width and height of one line, measured."""
        from matplotlib.font_manager import FontProperties

        properties = FontProperties(family=list(self.families), size=size)
        return _measured(text, properties)

    def wrapped(self, text: str, inches: float, size: float = SIZE) -> str:
        """Return a text with line breaks, no line wider than so many inches if words allow."""
        lines = [""]
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if lines[-1] and self.inches(longer, size)[0] > inches:
                lines.append(word)
            else:
                lines[-1] = longer
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


def lettering(texts: Iterable[str]) -> Lettering:
    """Find fonts for some texts among those installed."""
    wanted = {character for text in texts for character in on_one_line(text)}
    families, missing = [_BASE], wanted - _characters(_BASE)
    if missing:
        _notice_new_fonts()
        for name in _upright():
            found = missing & _characters(name)
            if found:
                families.append(name)
                missing -= found
            if not missing:
                break
    return Lettering(tuple(families), frozenset(missing))


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


def _measured(text: str, properties: "FontProperties") -> tuple[float, float]:
    width, height, _ = _renderer().get_text_width_height_descent(text, properties, ismath=False)
    return float(width) / _DPI, float(height) / _DPI


@cache
def _renderer() -> Any:
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(8, 8, _DPI)  # type: ignore[no-untyped-call]
