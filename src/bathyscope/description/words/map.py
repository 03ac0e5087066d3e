"""Any map in words."""

from collections.abc import Iterator, Sequence

from bathyscope.description.facts.grid import Cell
from bathyscope.description.facts.map import MapFacts
from bathyscope.description.facts.parts import DOMINANCE, Division, Dominance, Line, RolePart
from bathyscope.description.facts.spread import NEAR_ZERO_SHARE, Signs, Spread
from bathyscope.description.markdown import escaped
from bathyscope.description.words.account import Account
from bathyscope.description.words.phrases import (
    Numbers,
    Sides,
    count,
    entries,
    gap_words,
    number,
    percent,
    role_noun,
    short,
    sides_of,
    start,
    the,
)

MOST_LINES = 6
"""So many rows, and columns, are told one by one at most."""

TOLD_SHARE = 0.9
"""Rows are told one by one until they hold this share of all."""

TOLD_ROLE = 0.05
"""Where most of a role comes from is told of roles that hold this share of all."""

_SIGNS = "positive", "negative"


def map_account(found: MapFacts) -> Account:
    """Return what is said of a map of which nothing else is known."""
    rows, columns = len(found.rows.labels), len(found.columns.labels)
    name = escaped(found.quantity.name)
    return Account(
        title=f"{start(name)}: {count(rows, 'row')}, {count(columns, 'column')}",
        overview=[
            "A table of numbers; what they measure is known only from its labels"
            + (
                f", and their unit is {escaped(found.quantity.unit)}."
                if found.quantity.unit
                else ", and their unit is not stated."
            ),
            *summary(found),
        ],
        axes=[*axes(found)],
        values=[*values(found)],
        observations=[*observations(found)],
        meaning=[
            "Sizes and sums compare the cells of this table with each other; whether cells of "
            "different rows or columns may be added depends on what was measured."
        ],
    )


def numbers_of(found: MapFacts) -> Numbers:
    """Return how the numbers of a map are written."""
    signed = found.quantity.neutral is not None
    spread = found.spread
    reach = max(abs(spread.largest.value), abs(spread.smallest.value)) if spread else 0.0
    return Numbers(found.quantity.unit, signed, reach)


def summary(found: MapFacts) -> Iterator[str]:
    """Yield extremes, and how few cells hold half of all."""
    spread, numbers = found.spread, numbers_of(found)
    if spread is None:
        yield "No cell has a finite value, so nothing can be said of them."
        return
    sides = sides_of(found.rows, found.columns)

    def place(cell: Cell) -> str:
        return f"{numbers.value(cell.value, cell.margin)} {sides.at(cell)}"

    yield f"The largest value is {place(spread.largest)}; the smallest is {place(spread.smallest)}."
    if found.quantity.neutral:
        neutral = number(found.quantity.neutral, "g")
        yield f"Sizes and sums below count from {neutral}, which means no effect."
    if spread.total:
        half = "the largest cell holds" if spread.half == 1 else f"the {spread.half:,} largest hold"
        yield (
            f"The sizes (absolute values) of {count(spread.cells, 'cell')} sum to "
            f"{numbers.size(spread.total)}; percentages below are shares of that, and {half} half "
            "of it or more."
        )


def axes(found: MapFacts) -> Iterator[str]:
    """Yield what rows and columns are, and their roles."""
    yield entries(found.rows, "row", "top to bottom")
    yield entries(found.columns, "column", "left to right")


def values(found: MapFacts) -> Iterator[str]:
    """Yield the rows that matter most with their largest cells, then the columns."""
    sides = sides_of(found.rows, found.columns)
    cells = len(found.rows.labels) * len(found.columns.labels)
    if found.gaps is not None:
        yield gap_words(found.gaps, cells, sides)
    if found.spread is None or not found.spread.total:
        return
    numbers = numbers_of(found)
    yield from _row_lines(found.by_rows, sides, numbers)
    if len(found.columns.labels) > 1:
        yield _column_line(found.by_columns, sides, numbers)


def observations(found: MapFacts) -> Iterator[str]:
    """Yield what stands out: dominance, roles, near zero, signs, symmetry, negatives."""
    spread, numbers = found.spread, numbers_of(found)
    if spread is None:
        return
    sides = sides_of(found.rows, found.columns)
    yield from _dominance(found.by_rows.dominance, sides.row)
    yield from _dominance(found.by_columns.dominance, sides.column)
    yield from _by_role(found.by_rows, sides.row, numbers)
    yield from _by_role(found.by_columns, sides.column, numbers)
    yield from spread_words(spread, numbers, found.quantity.neutral)
    if spread.signs is not None:
        yield _noted(spread.signs, sides, numbers)


def spread_words(
    spread: Spread, numbers: Numbers, neutral: float | None, noun: str = "cell"
) -> Iterator[str]:
    """Yield the share near zero, the signs, and how symmetric they are."""
    near = spread.near_zero
    yield (
        f"{near.count:,} of {count(spread.cells, noun)} "
        f"({percent(near.count / spread.cells)}) {'is' if near.count == 1 else 'are'} near zero: "
        f"at most {numbers.size(near.limit)} in size, {100 * NEAR_ZERO_SHARE:g} % of the largest."
    )
    if spread.signs is not None:
        yield _signs(spread.signs, count(spread.cells, noun), neutral or 0.0)
        if spread.signs.balance is not None:
            yield _symmetry(spread.signs, spread.signs.balance, numbers, neutral or 0.0, noun)


def _signs(signs: Signs, all_cells: str, neutral: float) -> str:
    zero = number(neutral, "g")
    above, below = (f"above {zero}", f"below {zero}") if neutral else _SIGNS
    cells = f"{signs.positive:,} of {all_cells} {'is' if signs.positive == 1 else 'are'}"
    if signs.unclear:
        return (
            f"{cells} clearly {above} and {signs.negative:,} clearly {below}; the other "
            f"{signs.unclear:,} may be either, their 95 % interval covers {zero}."
        )
    return f"{cells} {above}, {signs.negative:,} {below} and {signs.zero:,} exactly {zero}."


def _symmetry(signs: Signs, balance: float, numbers: Numbers, neutral: float, noun: str) -> str:
    above, below = f"{_SIGNS[0]} {noun}s", f"{_SIGNS[1]} ones"
    if neutral:
        above, below = f"{noun}s above it", "those below it"
    return (
        f"{'About' if signs.even else 'Not'} symmetric about {number(neutral, 'g')}: {above} sum "
        f"to {numbers.value(signs.positive_sum)}, {below} to {numbers.value(signs.negative_sum)}, "
        f"a balance of {number(balance, '+.2f')} (0 is symmetric, 1 and −1 have one sign only)."
    )


def _row_lines(division: Division, sides: Sides, numbers: Numbers) -> Iterator[str]:
    told = _told(division.lines)
    for line in told:
        row = start(the(line.place, sides.row))
        yield f"{row}: {_part(line, numbers)}; {_leading(line, numbers)}."
    rest = division.lines[len(told) :]
    if rest:
        yield f"The other {count(len(rest), sides.row)} together: {_together(rest, numbers)}."


def _told(lines: Sequence[Line]) -> Sequence[Line]:
    """Return the lines that are told one by one: they hold `TOLD_SHARE`, or are `MOST_LINES`."""
    held = 0.0
    for index, line in enumerate(lines[:MOST_LINES]):
        held += line.share
        if held >= TOLD_SHARE:
            return lines[: index + 1]
    return lines[:MOST_LINES]


def _part(line: Line, numbers: Numbers) -> str:
    share = percent(line.share)
    total = numbers.value(line.sum, line.sum_margin)
    return f"{share}, sum {total}" if numbers.signed else share


def _together(lines: Sequence[Line], numbers: Numbers) -> str:
    share = percent(sum(line.share for line in lines))
    total = numbers.value(sum(line.sum for line in lines))
    return f"{share}, sum {total}" if numbers.signed else share


def _leading(line: Line, numbers: Numbers) -> str:
    if not line.leading:
        return "every cell is near zero"
    # A row's cells are told by their columns.
    cells = [
        f"{short(cell.column)} {numbers.bare(cell.value)}{numbers.margin(cell.margin)}"
        for cell in line.leading
    ]
    rest = line.noted - len(line.leading)
    return ", ".join(cells) + (f" and {rest:,} smaller" if rest else "")


def _column_line(division: Division, sides: Sides, numbers: Numbers) -> str:
    told = division.lines[:MOST_LINES]
    parts = [f"{short(line.place)} {_part(line, numbers)}" for line in told]
    rest = division.lines[MOST_LINES:]
    if rest:
        parts.append(f"the other {len(rest):,} together {_together(rest, numbers)}")
    return f"By {sides.column}: {'; '.join(parts)}."


def _dominance(dominance: Dominance | None, noun: str) -> Iterator[str]:
    if dominance is None:
        return
    first, second = the(dominance.first, noun), the(dominance.second, noun)
    if not dominance.dominates:
        yield (
            f"No {noun} dominates: {first}, the largest, has {dominance.times:.2f} times the size "
            f"of the next, {second} ({DOMINANCE:g} times would dominate)."
        )
    elif dominance.times is None:
        yield f"{start(first)} dominates: every other {noun} is 0."
    else:
        yield (
            f"{start(first)} dominates: it has {dominance.times:.2f} times the size of the next, "
            f"{second}."
        )


def _by_role(division: Division, noun: str, numbers: Numbers) -> Iterator[str]:
    if division.roles is None or len(division.roles) < 2 or not division.roles[0].share:
        return
    parts = [_role_part(part, numbers) for part in division.roles]
    yield f"By role of the {noun}: {'; '.join(parts)}."


def _role_part(part: RolePart, numbers: Numbers) -> str:
    total = f", sum {numbers.value(part.sum)}" if numbers.signed else ""
    across = ""
    if part.share >= TOLD_ROLE:
        across = f", largest part in {short(part.across)}, {percent(part.across_share)}"
    return f"{role_noun(part.role, 2)} {percent(part.share)}{total}{across}"


def _noted(signs: Signs, sides: Sides, numbers: Numbers) -> str:
    if not signs.noted:
        return "No cell is clearly negative beyond near zero."
    cells = [
        f"{numbers.bare(cell.value)}{numbers.margin(cell.margin)} {sides.at(cell)}"
        for cell in signs.most_negative
    ]
    rest = signs.noted - len(cells)
    more = f"; and {rest:,} more" if rest else ""
    return f"Negative beyond near zero, {count(signs.noted, 'cell')}: {'; '.join(cells)}{more}."
