"""Words for interactions: what features do together."""

from collections.abc import Iterator, Sequence

from bathyscope.attribution.token_value import TOKEN_VALUES
from bathyscope.description.facts.grid import Cell
from bathyscope.description.facts.interactions import InteractionFacts
from bathyscope.description.markdown import listed
from bathyscope.description.words.account import Account
from bathyscope.description.words.asked import absent, asked_about, sampled
from bathyscope.description.words.map import MOST_LINES, spread_words
from bathyscope.description.words.phrases import (
    Numbers,
    Sides,
    count,
    entries,
    gap_words,
    short,
    the,
)


def interaction_account(found: InteractionFacts) -> Account:
    """Return what is said of an interaction map."""
    return Account(
        title=f"What {count(len(found.features.labels), 'feature')} do together",
        overview=[*_overview(found)],
        axes=[
            entries(found.features, "row", "top to bottom"),
            "The columns, left to right, are the same as the rows.",
        ],
        values=[*_values(found)],
        observations=[*_observations(found), *sampled(found.sampling, _numbers(found))],
        meaning=[
            "A negative pair does not oppose the continuation: two features that say the same "
            "replace each other, however much each supports it.",
            "The map tells of pairs only; what three or more features do together is shared out "
            "among the pairs they contain.",
        ],
    )


def _numbers(found: InteractionFacts) -> Numbers:
    ends = () if found.pairs is None else (found.pairs.largest, found.pairs.smallest)
    reach = max((abs(cell.value) for cell in (*found.alone, *ends)), default=0.0)
    return Numbers(found.quantity.unit, True, reach)


def _overview(found: InteractionFacts) -> Iterator[str]:
    asked = found.asked
    yield from asked_about(asked)
    if asked.token is not None:
        yield f"Only {the(asked.token, 'token')} is asked about."
    yield (
        "A cell says how much more (+: they complement each other) or less (−: they replace each "
        "other) two features do together than each does alone, in "
        f"{TOKEN_VALUES[asked.of].words}: the {'exact' if asked.exact else 'sampled'} second-order "
        "Shapley interaction index. On the diagonal stands the Shapley value of the feature."
    )
    yield absent(asked)
    if found.pairs is None:
        return
    numbers = _numbers(found)
    for name, cell in (("largest", found.pairs.largest), ("smallest", found.pairs.smallest)):
        value = numbers.value(cell.value, cell.margin)
        yield f"The {name} value of a pair is {value}, {_pair(cell)}."


def _pair(cell: Cell) -> str:
    return f"of {the(cell.row, 'feature')} and {the(cell.column, 'feature')}"


def _values(found: InteractionFacts) -> Iterator[str]:
    numbers = _numbers(found)
    if found.gaps is not None:
        cells = len(found.features.labels) ** 2
        yield gap_words(found.gaps, cells, Sides("feature", "feature"))
    alone = sorted(found.alone, key=lambda cell: -abs(cell.value))
    parts = [
        f"{short(cell.row)} {numbers.bare(cell.value)}{numbers.margin(cell.margin)}"
        for cell in alone
    ]
    if parts:
        named = listed(parts, most=MOST_LINES, between="; ")
        yield f"Shapley values, the largest size first: {named}."
    yield from _strongest("complement", found.complements, numbers)
    yield from _strongest("replace", found.replacements, numbers)


def _strongest(verb: str, cells: Sequence[Cell], numbers: Numbers) -> Iterator[str]:
    if cells:
        parts = [
            f"{numbers.bare(cell.value)}{numbers.margin(cell.margin)} {_pair(cell)}"
            for cell in cells
        ]
        yield f"Pairs that {verb} each other most: {'; '.join(parts)}."
    else:
        yield f"No pair clearly {verb}s each other beyond near zero."


def _observations(found: InteractionFacts) -> Iterator[str]:
    if found.pairs is not None:
        yield from spread_words(found.pairs, _numbers(found), 0.0, "pair")
    if found.mirrored:
        yield "The map is its own mirror image at the diagonal: a pair has one value."
    else:
        yield (
            "The map is not its own mirror image at the diagonal: the two values of a pair differ "
            f"by up to {_numbers(found).size(found.asymmetry)}; the one above it counts here."
        )
