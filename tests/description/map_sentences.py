"""What is said of any map, checked against plain Python."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.description.reader import (
    COUNT,
    LABEL,
    MARGIN,
    NOUN,
    NUMBER,
    ORDINAL,
    PERCENT,
    SHORT,
    THE,
    Page,
    Rules,
    items,
    ordinal,
    says,
    whole,
)
from tests.description.truth import Truth, roles_of, shown

UNIT = r"(?: ([a-z][a-z ]*?))??"
"""A unit, if there is one."""
AT = rf"at {THE} and {THE}"

rules = Rules()


def cell(page: Page, truth: Truth, groups: Sequence[str]) -> tuple[int, int]:
    """Return the cell that two entries name."""
    return truth.place(page, groups[:4]), truth.place(page, groups[4:8])


def has_margin(truth: Truth, where: tuple[int, int], margin: str | None) -> bool:
    """Tell whether ± is said exactly where something was sampled, and rightly."""
    if truth.margins is None:
        return margin is None
    own = truth.margins[where[0]][where[1]]
    return margin is not None and abs(float(margin) - own) <= 0.0001 + 0.003 * own


def signed(truth: Truth, text: str) -> bool:
    """Tell whether a plus is written where signs mean something, and only there."""
    return text[0] in ("+-" if truth.neutral is not None else "-0123456789")


@rules.reads(r"# .*: (\d+) rows?, (\d+) columns?")
def title(page: Page, truth: Truth, rows: str, columns: str) -> None:
    assert (int(rows), int(columns)) == (len(truth.rows), len(truth.columns))


@rules.reads(
    r"A table of numbers; what they measure is known only from its labels, and their unit is "
    r"(not stated|[a-z]+)\."
)
def table(page: Page, truth: Truth, unit: str) -> None:
    assert unit == (truth.unit or "not stated")


@rules.reads(r"No cell has a finite value, so nothing can be said of them\.")
def nothing(page: Page, truth: Truth) -> None:
    assert not truth.cells


@rules.reads(
    rf"The largest value is {NUMBER}{MARGIN}{UNIT} {AT}; "
    rf"the smallest is {NUMBER}{MARGIN}{UNIT} {AT}\."
)
def extremes(page: Page, truth: Truth, *groups: str) -> None:
    for part, best in ((groups[:11], max), (groups[11:], min)):
        where = cell(page, truth, part[3:])
        value = truth.values[where[0]][where[1]]
        assert value == best(truth.values[row][column] for row, column in truth.cells)
        earlier = truth.cells[: truth.cells.index(where)]
        assert all(truth.values[row][column] != value for row, column in earlier)
        assert says(part[0], value) and signed(truth, part[0])
        assert has_margin(truth, where, part[1]) and (part[2] or "") == truth.unit


@rules.reads(rf"Sizes and sums below count from {NUMBER}, which means no effect\.")
def neutral(page: Page, truth: Truth, value: str) -> None:
    assert truth.neutral and float(value) == truth.neutral


@rules.reads(
    rf"The sizes \(absolute values\) of {COUNT} cells? sum to {NUMBER}{UNIT}; percentages below "
    rf"are shares of that, and the (?:largest cell|{COUNT} largest) holds? half of it or more\."
)
def total(page: Page, truth: Truth, cells: str, total: str, unit: str, half: str | None) -> None:
    assert whole(cells) == len(truth.cells) and says(total, truth.total)
    assert (unit or "") == truth.unit
    sizes = sorted((abs(truth.effect(*where)) for where in truth.cells), reverse=True)
    number = whole(half or "1")
    assert math.fsum(sizes[:number]) >= truth.total / 2 * (1 - 1e-9)
    assert math.fsum(sizes[: number - 1]) <= truth.total / 2 * (1 + 1e-9)


@rules.reads(
    rf"{COUNT} (row|column)s?, (?:top to bottom|left to right)"
    rf"(?:, (?:[a-z ]+|{LABEL}))?: ({LABEL}(?:, {LABEL})*)(?: and {COUNT} more)?\."
    r"(?: By role: (.*?)\.(?: Here (.*)\.)?)?"
)
def axis(page: Page, truth: Truth, *groups: str) -> None:
    number, side, _, shown_labels, *_, more, roles, marks = groups
    labels = truth.rows if side == "row" else truth.columns
    found = [page.label(label) for (label,) in items(LABEL, shown_labels, ", ")]
    assert found == [shown(label) for label in labels[:60]]
    assert whole(number) == len(labels) == len(found) + whole(more or "0")
    pieces = (truth.row_noun if side == "row" else truth.column_noun) in ("token", "feature")
    if side == "column" and truth.row_noun == "token":
        pieces = True
    assert pieces == (roles is not None)
    meant = {"▁": "a space", "⏎": "a line break", "⇥": "a tab"}
    told = dict(re.findall(rf"{LABEL} is ([a-z ]+?)(?=,| and|$)", marks or ""))
    assert {page.label(mark): what for mark, what in told.items()} == {
        mark: what for mark, what in meant.items() if pieces and mark in "".join(labels)
    }
    if roles is not None:
        parts = re.findall(rf"{COUNT} ([a-z ]+?)(s?)(?=, \d| and \d|$)", roles)
        assert Counter({role: whole(count) for count, role, _ in parts}) == Counter(
            roles_of(labels)
        )
        assert all((plural == "s") == (whole(count) != 1) for count, _, plural in parts)
        assert [whole(count) for count, _, _ in parts] == sorted(
            (whole(count) for count, _, _ in parts), reverse=True
        )


@rules.reads(
    rf"{COUNT} of {COUNT} cells? (?:has|have) no finite value \((.*?)\) and (?:is|are) left out of "
    rf"every number below: (.*?)(?:; and {COUNT} more)?\."
)
def gaps(page: Page, truth: Truth, count: str, of: str, kinds: str, places: str, more: str) -> None:
    every = [(r, c) for r in range(len(truth.rows)) for c in range(len(truth.columns))]
    missing = [where for where in every if where not in truth.cells]
    assert whole(count) == len(missing) and whole(of) == len(every)
    told = {kind: whole(number) for number, kind in re.findall(rf"{COUNT} ([a-z ]+)", kinds)}
    values = [truth.values[row][column] for row, column in missing]
    found = {
        "not a number": sum(map(math.isnan, values)),
        "infinite": values.count(math.inf),
        "minus infinite": values.count(-math.inf),
    }
    assert told == {kind: number for kind, number in found.items() if number}
    named = [cell(page, truth, groups) for groups in items(f"{THE} and {THE}", places)]
    assert named == missing[:8] and whole(more or "0") == len(missing) - len(named)


PART = rf"{PERCENT}(?:, sum {NUMBER}{MARGIN}(?: ([a-z]+))?)?"


def part(truth: Truth, cells: list[tuple[int, int]], share: str, total: str | None) -> None:
    """Check a share of all sizes and a signed sum."""
    assert says(share, 100 * truth.size_of(cells) / truth.total)
    assert (total is not None) == (truth.neutral is not None)
    if total is not None:
        assert says(total, truth.sum_of(cells)) and total[0] in "+-"


def told_rows(page: Page) -> list[str]:
    return [entry for entry in page.sections["Values"] if re.match(rf"T{THE[1:]}: ", entry)]


@rules.reads(rf"T{THE[1:]}: {PART}; (.*)\.")
def row(page: Page, truth: Truth, *groups: Any) -> None:
    where, (share, total, margin, unit, cells) = truth.place(page, groups[:4]), groups[4:]
    own = truth.row(where)
    part(truth, own, share, total)
    assert margin is None and (total is None or (unit or "") == truth.unit)
    noted = sorted(
        (place for place in own if not truth.near(place)), key=lambda at: -abs(truth.effect(*at))
    )
    if cells == "every cell is near zero":
        assert not noted
        return
    match = re.fullmatch(rf"(.*?)(?: and {COUNT} smaller)?", cells)
    assert match is not None
    listed, more = match.groups()
    found = items(rf"{SHORT} {NUMBER}{MARGIN}", listed, ", ")
    for (label, number, ending, value, margin), place in zip(found, noted, strict=False):
        column = ordinal(number, ending)
        assert page.label(label) == shown(truth.columns[column])
        assert says(value, truth.values[where][column]) and signed(truth, value)
        assert has_margin(truth, (where, column), margin)
        assert abs(truth.effect(where, column)) == abs(truth.effect(*place))
    assert len(found) == min(3, len(noted)) and whole(more or "0") == len(noted) - len(found)


@rules.reads(rf"The other {COUNT} {NOUN}s? together: {PART}\.")
def other_rows(page: Page, truth: Truth, count: str, noun: str, *groups: str) -> None:
    told = [ordinal(*re.findall(ORDINAL, entry)[0]) for entry in told_rows(page)]
    rest = [row for row in range(len(truth.rows)) if row not in told and truth.row(row)]
    assert noun == truth.row_noun and whole(count) == len(rest)
    part(truth, [where for row in rest for where in truth.row(row)], groups[0], groups[1])
    sizes = [truth.size_of(truth.row(row)) for row in told]
    assert sizes == sorted(sizes, reverse=True)
    assert all(truth.size_of(truth.row(row)) <= sizes[-1] * (1 + 1e-9) for row in rest)
    assert len(told) == 6 or sum(sizes) >= 0.9 * truth.total * (1 - 1e-9)
    assert sum(sizes[:-1]) <= 0.9 * truth.total * (1 + 1e-9)


@rules.reads(rf"By {NOUN}: (.*?)(?:; the other {COUNT} together {PART})?\.")
def columns(page: Page, truth: Truth, noun: str, parts: str, *groups: str) -> None:
    assert noun == truth.column_noun
    told = []
    for label, number, ending, share, total, _, _ in items(rf"{SHORT} {PART}", parts):
        told.append(ordinal(number, ending))
        assert page.label(label) == shown(truth.columns[told[-1]])
        part(truth, truth.column(told[-1]), share, total)
    sizes = [truth.size_of(truth.column(column)) for column in told]
    assert sizes == sorted(sizes, reverse=True)
    every = [column for column in range(len(truth.columns)) if truth.column(column)]
    rest = [column for column in every if column not in told]
    assert len(told) == min(6, len(every)) and whole(groups[0] or "0") == len(rest)
    if rest:
        cells = [where for column in rest for where in truth.column(column)]
        part(truth, cells, groups[1], groups[2])


def largest_two(truth: Truth, noun: str) -> tuple[float, float, bool]:
    by_row = noun == truth.row_noun
    count = len(truth.rows) if by_row else len(truth.columns)
    sizes = sorted(truth.size_of(truth.line(by_row, index)) for index in range(count))
    return sizes[-1], sizes[-2], by_row


@rules.reads(
    rf"No {NOUN} dominates: {THE}, the largest, has {NUMBER} times the size of the next, {THE} "
    r"\(1\.5 times would dominate\)\."
)
def no_dominance(page: Page, truth: Truth, noun: str, *groups: str) -> None:
    first, second, by_row = largest_two(truth, noun)
    assert says(groups[4], first / second) and first < 1.5 * second * (1 + 1e-9)
    for place, size in ((groups[:4], first), (groups[5:], second)):
        own = truth.size_of(truth.line(by_row, truth.place(page, place)))
        assert math.isclose(own, size, rel_tol=1e-9)


@rules.reads(rf"T{THE[1:]} dominates: it has {NUMBER} times the size of the next, {THE}\.")
def dominance(page: Page, truth: Truth, *groups: str) -> None:
    first, second, by_row = largest_two(truth, groups[2])
    assert says(groups[4], first / second) and first >= 1.5 * second * (1 - 1e-9)
    for place, size in ((groups[:4], first), (groups[5:], second)):
        own = truth.size_of(truth.line(by_row, truth.place(page, place)))
        assert math.isclose(own, size, rel_tol=1e-9)


@rules.reads(rf"T{THE[1:]} dominates: every other {NOUN} is 0\.")
def alone(page: Page, truth: Truth, *groups: str) -> None:
    assert groups[2] == groups[4]
    own = truth.line(groups[2] == truth.row_noun, truth.place(page, groups[:4]))
    assert truth.size_of(own) == truth.total > 0


@rules.reads(rf"By role of the {NOUN}: (.*)\.")
def role_shares(page: Page, truth: Truth, noun: str, parts: str) -> None:
    by_row = noun == truth.row_noun
    labels, others = (truth.rows, truth.columns) if by_row else (truth.columns, truth.rows)
    roles = roles_of(labels)
    told = items(rf"([a-z][a-z ]*?)s {PART}(?:, largest part in {SHORT}, {PERCENT})?", parts)
    shares = []
    for role, share, total, _, _, label, number, ending, across in told:
        cells = [
            where
            for index, own in enumerate(roles)
            if own == role
            for where in truth.line(by_row, index)
        ]
        part(truth, cells, share, total)
        shares.append(truth.size_of(cells))
        large = shares[-1] / truth.total >= 0.05
        at_the_edge = math.isclose(shares[-1] / truth.total, 0.05, rel_tol=1e-9)
        assert (label is not None) == large or at_the_edge
        if label is not None:
            place = ordinal(number, ending)
            assert page.label(label) == shown(others[place])
            sizes = [
                truth.size_of([where for where in cells if where[by_row] == index])
                for index in range(len(others))
            ]
            assert says(across, 100 * sizes[place] / shares[-1])
            assert sizes[place] >= max(sizes) * (1 - 1e-9)
    assert sorted(role for role, *_ in told) == sorted(set(roles))
    assert all(a >= b * (1 - 1e-9) for a, b in itertools.pairwise(shares))


@rules.reads(
    rf"{COUNT} of {COUNT} (?:cell|pair)s? \({PERCENT}\) (?:is|are) near zero: at most "
    rf"{NUMBER}{UNIT} in size, 5 % of the largest\."
)
def near_zero(
    page: Page, truth: Truth, count: str, of: str, share: str, limit: str, unit: str
) -> None:
    near = sum(map(truth.near, truth.cells))
    assert (whole(count), whole(of)) == (near, len(truth.cells))
    assert says(share, 100 * near / len(truth.cells)) and says(limit, truth.limit)
    assert (unit or "") == truth.unit


ABOVE, BELOW = r"(?:positive|above \S+?)", r"(?:negative|below \S+?)"


@rules.reads(
    rf"{COUNT} of {COUNT} (?:cell|pair)s? (?:is|are) {ABOVE}, {COUNT} {BELOW} and {COUNT} exactly "
    rf"{NUMBER}\."
)
def signs(page: Page, truth: Truth, above: str, of: str, below: str, zero: str, at: str) -> None:
    effects = [truth.effect(*where) for where in truth.cells]
    assert all(map(truth.clear, truth.cells)) and float(at) == truth.neutral
    assert whole(of) == len(effects) and whole(above) == sum(value > 0 for value in effects)
    assert whole(below) == sum(value < 0 for value in effects)
    assert whole(zero) == effects.count(0)


@rules.reads(
    rf"{COUNT} of {COUNT} (?:cell|pair)s? (?:is|are) clearly {ABOVE} and {COUNT} clearly {BELOW}; "
    rf"the other {COUNT} may be either, their 95 % interval covers {NUMBER}\."
)
def clear_signs(
    page: Page, truth: Truth, above: str, of: str, below: str, rest: str, at: str
) -> None:
    clear = [truth.effect(*where) for where in truth.cells if truth.clear(where)]
    assert truth.margins is not None and float(at) == truth.neutral
    assert whole(of) == len(truth.cells) and whole(rest) == len(truth.cells) - len(clear) > 0
    assert whole(above) == sum(value > 0 for value in clear)
    assert whole(below) == sum(value < 0 for value in clear)


@rules.reads(
    rf"(About|Not) symmetric about {NUMBER}: (?:positive (?:cell|pair)s|cells above it) sum to "
    rf"{NUMBER}{UNIT}, (?:negative ones|those below it) to {NUMBER}{UNIT}, a balance of {NUMBER} "
    r"\(0 is symmetric, 1 and -1 have one sign only\)\."
)
def symmetry(page: Page, truth: Truth, verdict: str, at: str, *groups: str) -> None:
    effects = [truth.effect(*where) for where in truth.cells]
    above = math.fsum(value for value in effects if value > 0)
    below = math.fsum(value for value in effects if value < 0)
    balance = (above + below) / (above - below)
    assert says(groups[0], above) and says(groups[2], below) and says(groups[4], balance)
    assert (groups[1] or "") == (groups[3] or "") == truth.unit and float(at) == truth.neutral
    assert (verdict == "About") == (abs(balance) <= 0.2)


@rules.reads(rf"Negative beyond near zero, {COUNT} cells?: (.*?)(?:; and {COUNT} more)?\.")
def negatives(page: Page, truth: Truth, count: str, cells: str, more: str) -> None:
    noted = noted_negatives(truth)
    told = items(rf"{NUMBER}{MARGIN} {AT}", cells)
    for (value, margin, *place), expected in zip(told, noted, strict=False):
        where = cell(page, truth, place)
        assert truth.effect(*where) == truth.effect(*expected)
        assert says(value, truth.values[where[0]][where[1]]) and has_margin(truth, where, margin)
    assert whole(count) == len(noted) and len(told) == min(8, len(noted))
    assert whole(more or "0") == len(noted) - len(told)


@rules.reads(r"No cell is clearly negative beyond near zero\.")
def no_negatives(page: Page, truth: Truth) -> None:
    assert truth.neutral is not None and not noted_negatives(truth)


def noted_negatives(truth: Truth) -> list[tuple[int, int]]:
    """Return clearly negative cells that are not near zero, the most negative first."""
    noted = [
        where
        for where in truth.cells
        if truth.effect(*where) < 0 and not truth.near(where) and truth.clear(where)
    ]
    return sorted(noted, key=lambda where: truth.effect(*where))


@rules.reads(
    r"Sizes and sums compare the cells of this table with each other; whether cells of different "
    r"rows or columns may be added depends on what was measured\."
)
def caveat(page: Page, truth: Truth) -> None:
    pass  # a definition of terms, true of every table


def expected(truth: Truth) -> set[str]:
    """Return what must be said of a map, whatever its kind."""
    if not truth.cells:
        return {"nothing", "axis", "gaps"}
    must = {"extremes", "axis", "near_zero"}
    whole_map = len(truth.rows) * len(truth.columns)
    signed = truth.neutral is not None
    must |= {"gaps"} if len(truth.cells) < whole_map else set()
    must |= {"neutral"} if truth.neutral else set()
    if truth.total:
        must |= {"total", "row"} | ({"columns"} if len(truth.columns) > 1 else set())
        must |= {"symmetry"} if signed else set()
    if signed:
        must |= {"negatives" if noted_negatives(truth) else "no_negatives"}
        must |= {"signs" if all(map(truth.clear, truth.cells)) else "clear_signs"}
    return must
