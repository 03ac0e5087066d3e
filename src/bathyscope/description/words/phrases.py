"""The smallest parts of sentences: numbers with units, positions, counts, lists."""

from collections.abc import Sequence
from dataclasses import dataclass

from bathyscope.core.text import true_minus
from bathyscope.description.facts.grid import AxisFacts, Cell, Gaps, Place
from bathyscope.description.markdown import code, escaped, listed
from bathyscope.prompt.roles import Role

MOST_LABELS = 60
"""So many entries of an axis are listed."""

_NOUNS = frozenset({"token", "feature", "layer"})
_MARKS = {"▁": "a space", "⏎": "a line break", "⇥": "a tab", "␍": "a carriage return"}
_ROLES = {
    Role.NEWLINE: "line break",
    Role.SPACE: "space",
    Role.OTHER: "other",
    Role.CURRENCY: "currency sign",
    Role.EQUALS: "equals sign",
    Role.OPERATOR: "operator",
    Role.EXPRESSION: "expression",
    Role.PHRASE: "phrase",
    Role.WORD: "word",
    Role.DIGIT: "digit",
    Role.PUNCTUATION: "punctuation mark",
}


def number(value: float, form: str = ".4f") -> str:
    """Return a number with a true minus sign."""
    return true_minus(f"{value:{form}}")


@dataclass(frozen=True)
class Numbers:
    """Notation of the numbers of one map.

    Attributes:
        unit: Their unit; empty where there is none.
        signed: Whether a plus sign is written.
        largest: The largest size among them: very large and very small ones get an exponent.
    """

    unit: str
    signed: bool
    largest: float

    def bare(self, value: float) -> str:
        """Return a value without its unit."""
        # Adding 0 makes a negative zero a positive one.
        return number(value + 0.0, f"{'+' if self.signed else ''}{self._format}")

    def value(self, value: float, margin: float | None = None) -> str:
        """Return a value with its unit, and half the width of its 95 % interval."""
        return self._with_unit(self.bare(value) + self.margin(margin))

    def size(self, size: float) -> str:
        """Return a size, which has no sign, with its unit."""
        return self._with_unit(number(size, self._format))

    def margin(self, margin: float | None) -> str:
        """Return ± half the width of a 95 % interval; nothing where there is none."""
        return "" if margin is None else f" ± {number(margin, self._format)}"

    @property
    def _format(self) -> str:
        return ".4f" if self.largest == 0 or 0.01 <= self.largest < 1e6 else ".4g"

    def _with_unit(self, number: str) -> str:
        return f"{number} {escaped(self.unit)}" if self.unit else number


@dataclass(frozen=True)
class Sides:
    """Names of a map's rows and columns, one of each."""

    row: str
    column: str

    def at(self, cell: Cell) -> str:
        """Return where a cell stands."""
        return f"at {the(cell.row, self.row)} and {the(cell.column, self.column)}"


def sides_of(rows: AxisFacts, columns: AxisFacts) -> Sides:
    """Return what rows and columns are called: by their axis where it is known, else as such."""
    return Sides(_noun(rows, "row"), _noun(columns, "column"))


def the(place: Place, noun: str) -> str:
    """Return an entry by its position, counted from 1, and its label: labels may repeat."""
    if noun == "layer":
        return f"layer {escaped(place.label)}"
    return f"the {ordinal(place.position + 1)} {noun} {code(place.label)}"


def short(place: Place) -> str:
    """Return an entry in a list of its kind: label and position."""
    return f"{code(place.label)} ({ordinal(place.position + 1)})"


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th, 11th, 21st."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def count(number: int, noun: str) -> str:
    """Return a number and its noun."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def percent(share: float) -> str:
    """Return a share as a percentage."""
    return f"{100 * share:.1f} %"


def role_noun(role: Role, number: int) -> str:
    """Return what entries of a role are called."""
    return _ROLES[role] + ("" if number == 1 else "s")


def joined(parts: Sequence[str]) -> str:
    """Return parts with commas, and "and" before the last."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def start(sentence: str) -> str:
    """Return a sentence that begins with a capital letter."""
    return sentence[:1].upper() + sentence[1:]


def entries(axis: AxisFacts, side: str, direction: str) -> str:
    """Return what the entries of an axis are, their labels and their roles."""
    known = _noun(axis, "") != ""
    name = escaped(axis.name) + ("" if len(axis.labels) == 1 else "s") if known else code(axis.name)
    called = "" if axis.name == side else f", {name}"
    shown = listed(axis.labels, code, MOST_LABELS)
    return f"{count(len(axis.labels), side)}, {direction}{called}: {shown}.{_role_counts(axis)}"


def _role_counts(axis: AxisFacts) -> str:
    """Return how many entries of an axis have which role, and what stands for white space."""
    if axis.roles is None:
        return ""
    numbers = {role: axis.roles.count(role) for role in Role if role in axis.roles}
    ordered = sorted(numbers.items(), key=lambda pair: -pair[1])
    parts = [f"{number:,} {role_noun(role, number)}" for role, number in ordered]
    text = "".join(axis.labels)
    marks = [f"{code(mark)} is {what}" for mark, what in _MARKS.items() if mark in text]
    return f" By role: {joined(parts)}." + (f" Here {joined(marks)}." if marks else "")


def gap_words(gaps: Gaps, cells: int, sides: Sides) -> str:
    """Return how many cells have no number, of which kind, and where."""
    kinds = [
        f"{number:,} {what}"
        for number, what in (
            (gaps.nan, "not a number"),
            (gaps.infinite, "infinite"),
            (gaps.minus_infinite, "minus infinite"),
        )
        if number
    ]
    places = "; ".join(
        f"{the(row, sides.row)} and {the(column, sides.column)}" for row, column in gaps.places
    )
    rest = gaps.count - len(gaps.places)
    more = f"; and {rest:,} more" if rest else ""
    return (
        f"{gaps.count:,} of {count(cells, 'cell')} "
        f"{'has' if gaps.count == 1 else 'have'} no finite value ({', '.join(kinds)}) and "
        f"{'is' if gaps.count == 1 else 'are'} left out of every number below: {places}{more}."
    )


def _noun(axis: AxisFacts, otherwise: str) -> str:
    last = axis.name.rpartition(" ")[2]
    return last if last in _NOUNS else otherwise
