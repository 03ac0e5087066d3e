"""Short account of a comparison: the conclusion first."""

from collections.abc import Iterator

from bathyscope.description.facts.comparison import ComparisonFacts, Moved
from bathyscope.description.facts.grid import AxisFacts
from bathyscope.description.markdown import escaped
from bathyscope.description.words.phrases import count, number, sides_of
from bathyscope.description.words.short.names import Names
from bathyscope.description.words.short.numbers import margin, rounded, signed
from bathyscope.description.words.short.paragraph import Sentence

_MOST_ASPECTS = 4


def comparison_short(found: ComparisonFacts) -> Iterator[Sentence]:
    """Yield whether the maps differ, where most, how alike their order is, and their origins."""
    yield Sentence(_conclusion(found))
    if found.largest:
        yield Sentence(_largest(found.largest[0], found), 1)
    if found.correlation is not None:
        yield Sentence(f"Spearman's ρ of the cells that both have is {_rho(found.correlation)}.", 2)
    yield from _ratios(found)
    yield _origins(found)


def _conclusion(found: ComparisonFacts) -> str:
    if not found.cells:
        return "The two maps have no cell in common, so none is compared."
    if not found.one_scale:
        both = count(found.cells, "cell")
        return f"The two maps have no common scale: of the {both} in both, only ranks are compared."
    if not found.known:
        return f"None of the {count(found.cells, 'cell')} in both is a number in both."
    both = f"{found.known:,} {'cell' if found.known == 1 else 'cells'} that both have as numbers"
    if not found.changed:
        return f"The two maps are equal in the {both}."
    mean = f"by {rounded(found.mean_change or 0.0)}{_unit(found)} on average"
    if found.clear is None:
        return f"The two maps differ in {found.changed:,} of the {both}, {mean}."
    if not found.clear:
        return f"The two maps do not clearly differ in any of the {both}, {mean}."
    chance = f"about {rounded(0.05 * found.cells, 2)} would by chance"
    return f"The two maps clearly differ in {found.clear:,} of the {both} ({chance}), {mean}."


def _largest(moved: Moved, found: ComparisonFacts) -> str:
    first = found.comparison.a.heatmap
    rows, columns = (AxisFacts(one.name, one.labels, None) for one in (first.rows, first.columns))
    sides = sides_of(rows, columns)
    row, column = Names(rows, sides.row), Names(columns, sides.column)
    doubt = ""
    if moved.margin is not None and not abs(moved.difference) > moved.margin:
        doubt = ", perhaps by sampling"
    return (
        f"Largest change: {signed(moved.difference)}{margin(moved.margin)}{_unit(found)}{doubt}, "
        f"from {rounded(moved.a)} to {rounded(moved.b)}, at {row(moved.row)} and "
        f"{column(moved.column)}."
    )


def _rho(correlation: float) -> str:
    return number(correlation, ".3f")


def _unit(found: ComparisonFacts) -> str:
    return f" {escaped(found.unit)}" if found.unit else ""


def _ratios(found: ComparisonFacts) -> Iterator[Sentence]:
    if found.deep_thinking_ratios is None:
        return
    a, b = found.deep_thinking_ratios
    same = "" if found.same_measure else ", by different conventions"
    yield Sentence(f"The deep-thinking ratio is {a:.3f} in A, {b:.3f} in B{same}.", 1)


def _origins(found: ComparisonFacts) -> Sentence:
    names = found.different
    rest = len(names) - _MOST_ASPECTS
    if not names:
        return Sentence("Nothing recorded of their origins differs.", 3)
    more = f" and {rest:,} more" if rest > 0 else ""
    return Sentence(f"A and B differ in {', '.join(names[:_MOST_ASPECTS])}{more}.", 3)
