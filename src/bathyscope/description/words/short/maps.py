"""Short account of any map, and what those of attributions share with it."""

from collections.abc import Iterator

from bathyscope.description.facts.map import MapFacts
from bathyscope.description.facts.spread import Spread
from bathyscope.description.markdown import escaped
from bathyscope.description.words.phrases import count, sides_of, start
from bathyscope.description.words.short.names import Names
from bathyscope.description.words.short.numbers import at_most, margin, rounded, signed
from bathyscope.description.words.short.paragraph import Sentence


def map_short(found: MapFacts) -> Iterator[Sentence]:
    """Yield what is most important of a map of which no more is known."""
    sides = sides_of(found.rows, found.columns)
    row, column = Names(found.rows, sides.row), Names(found.columns, sides.column)
    shape = (
        f"{count(len(found.rows.labels), sides.row)} and "
        f"{count(len(found.columns.labels), sides.column)}"
    )
    yield Sentence(f"{start(escaped(found.quantity.name) or 'numbers')} of {shape}.")
    if found.spread is not None:
        yield from _extremes(found, found.spread, row, column)
        yield from _driven(found, row, column)
        yield from _near_zero(found, found.spread)
    yield from missing(found)


def _extremes(found: MapFacts, spread: Spread, row: Names, column: Names) -> Iterator[Sentence]:
    written = rounded if found.quantity.neutral is None else signed
    unit, high, low = unit_of(found), spread.largest, spread.smallest
    if high.value == low.value:
        every = "The only value" if spread.cells == 1 else "Every value"
        yield Sentence(f"{every} is {written(high.value)}{margin(high.margin)}{unit}.")
        return
    yield Sentence(
        f"The largest value is {written(high.value)}{margin(high.margin)}{unit}, at "
        f"{row(high.row)} and {column(high.column)}; the smallest {written(low.value)}"
        f"{margin(low.margin)}, at {row(low.row)} and {column(low.column)}."
    )


def _driven(found: MapFacts, row: Names, column: Names) -> Iterator[Sentence]:
    driven, spread = found.telling.driven, found.spread
    if driven is None or spread is None or not driven.others or found.quantity.neutral != 0:
        return
    if found.columns.name == found.rows.name or spread.largest.value == spread.smallest.value:
        return
    sides = sides_of(found.rows, found.columns)
    yield Sentence(
        f"The {sides.column}s differ most in {row(driven.row)}: {column(driven.top.column)} has "
        f"{signed(driven.top.value)}, {rest(driven.others)} {signed(driven.rest)}.",
        2,
    )


def _near_zero(found: MapFacts, spread: Spread) -> Iterator[Sentence]:
    near = spread.near_zero
    if not near.count or not spread.total:
        return
    neutral, limit = found.quantity.neutral, f"{at_most(near.limit)}{unit_of(found)}"
    where = f"within {limit} of {neutral:g}" if neutral else f"near zero, at most {limit} in size"
    verb = "is" if near.count == 1 else "are"
    yield Sentence(f"{near.count:,} of {count(spread.cells, 'cell')} {verb} {where}.", 3)


def unit_of(found: MapFacts) -> str:
    """Return a map's unit as it stands behind a number; empty where there is none."""
    return f" {escaped(found.quantity.unit)}" if found.quantity.unit else ""


def missing(found: MapFacts) -> Iterator[Sentence]:
    """Yield how many cells have no number."""
    if found.gaps is None:
        return
    cells = len(found.rows.labels) * len(found.columns.labels)
    if found.spread is None:
        yield Sentence("No cell has a finite value, so nothing can be said of them.")
        return
    has, counts = ("has", "counts") if found.gaps.count == 1 else ("have", "count")
    yield Sentence(
        f"{found.gaps.count:,} of {count(cells, 'cell')} {has} no finite value and {counts} "
        "nowhere.",
        1,
    )


def rest(others: int) -> str:
    """Return what the other cells of a row are called in front of their sum."""
    return "the other one" if others == 1 else f"the other {others:,} together"
