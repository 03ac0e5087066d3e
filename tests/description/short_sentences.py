"""What is said in short accounts, checked against plain Python."""

import math
import re
from collections import Counter
from statistics import median
from typing import Any

import bathyscope as bs
from tests.description.depth_sentences import DepthTruth
from tests.description.evidence_sentences import says_probability
from tests.description.reader import COUNT, LABEL, Page, Rules, says, whole
from tests.description.run_sentences import check_shares
from tests.description.truth import Truth, roles_of, shown

VALUE = r"([+−]?[\d,]*\d(?:\.\d+)?(?:e[+−]\d+)?)"
MARGIN = r"(?: ± ([\d.,e+−]+|nan|inf))?"
NAME = rf"((?:(?:[Tt]oken|feature|row|column|layer|demo|sentence) [\d,]+(?: \({LABEL}\))?)|{LABEL})"
TEXT = rf"(an empty text|{LABEL})"
UNIT = r"(?: ([a-z][a-z ]*?))?"
TIMES = r"(?: \((\S+) times (as likely|the odds)\))?"
CONVENTION = r"\(lens (\w+)(?:, translators ([0-9a-f]{12}))?, settled at ([\d.]+) bits or less\)"
LITTLE = {"space", "line break", "other", "punctuation mark"}


def check_convention(made: Any, lens: str, fit: str | None, bits: str) -> None:
    translators = made.get("translators")
    assert fit == (None if translators is None else translators["sha256"][:12])
    assert lens == made["lens"] and float(bits) == made["threshold"]


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def told(text: str, value: float) -> bool:
    """Tell whether a number with a few digits is this value, rounded to them."""
    if "," in text or re.fullmatch(r"[+−]?\d{4,}", text):
        return math.isclose(number(text), value, rel_tol=0.051)
    plain = text.replace("−", "-")
    return says(plain, value) and (value == 0) == (number(text) == 0)


def beginning(page: Page, quote: str, text: str) -> bool:
    """Tell whether a quotation is a text, or is of it and says that it goes on."""
    if quote == "an empty text":
        return text == ""
    quote, text = page.label(quote.strip("⟦⟧")), shown(text)
    if quote == text:
        return True
    return quote.endswith("…") and quote[:-1] in text and len(quote) <= 24


def position(page: Page, name: str, labels: Any) -> int:
    """Return the entry that a name names: by its number, or its label, which no other has."""
    numbered = re.fullmatch(rf"[A-Za-z]+ ([\d,]+)(?: \({LABEL}\))?", name)
    if name.startswith("layer ") and name[6:] in labels:
        assert list(labels).count(name[6:]) == 1
        return list(labels).index(name[6:])
    if numbered:
        place = whole(numbered[1]) - 1
        assert numbered[2] is None or beginning(page, numbered[2], labels[place])
        return place
    label = page.label(name.strip("⟦⟧"))
    own = [place for place, other in enumerate(labels) if shown(other) == label]
    assert len(own) == 1, (label, labels)
    return own[0]


def clear_effect(truth: Truth, cell: tuple[int, int]) -> float:
    counts = cell in truth.cells and truth.clear(cell)
    return truth.effect(*cell) if counts else 0.0


def most_driven(truth: Truth) -> int | None:
    """Return the row whose columns differ most, as the documentation defines it."""
    columns = range(len(truth.columns))
    lines = [[clear_effect(truth, (r, c)) for c in columns] for r in range(len(truth.rows))]
    rows = [row for row, line in enumerate(lines) if any(line)]
    if truth.row_noun == "token":
        roles = roles_of(truth.rows)
        telling = [row for row in rows if roles[row] not in LITTLE]
        rows = telling or rows

    def differs(row: int) -> tuple[float, float]:
        line = lines[row]
        own = max(line) - min(line) if len(line) > 1 else abs(line[0])
        return own, max(map(abs, line))

    return max(rows, key=differs, default=None)  # the first of equals


def check_times(nats: float, times: str | None, made: Any, removes: bool) -> None:
    wanted = made["method"]["of"] == "logprob" and removes and 0.05 <= abs(nats) <= 1000
    assert (times is not None) == wanted
    if times is not None:
        mantissa, _, exponent = times.replace("−", "-").partition("e")
        logarithm = math.log(number(mantissa)) + int(exponent or 0) * math.log(10)
        assert math.isclose(logarithm, nats, abs_tol=0.06)


def removes_text(made: Any) -> bool:
    return "path_from" not in made["method"]


attribution = Rules()


@attribution.reads(
    rf"(?:Of the {COUNT} (tokens|places) of|In) {TEXT}(?: against {TEXT})?, "
    rf"(?:features differ most at {NAME}: )?{NAME} (supports it|opposes it|moves it|favours the "
    rf"first|favours the second) most( of those told from 0)?(?: \(as {COUNT} more (does|do)\))?, "
    rf"{VALUE}{MARGIN}{UNIT}{TIMES}, the other (?:one|{COUNT} together) {VALUE}\."
)
def driven(page: Page, truth: Truth, *groups: Any) -> None:
    (tokens, noun, text, _, against, _, row, _, _, name, _, _, does, among) = groups[:14]
    as_many, verb, value, margin, unit, times, odds, others, rest = groups[14:]
    made = truth.run.heatmap.provenance
    asked(page, truth, tokens, noun, text, against)
    expected = most_driven(truth)
    assert expected is not None and len(truth.columns) > 1
    assert (row is None) == (truth.row_noun != "token")
    assert row is None or position(page, row, truth.rows) == expected
    column = position(page, name, truth.columns)
    line = truth.row(expected)
    clear = [where for where in line if truth.clear(where)]
    top = truth.effect(expected, column)
    assert (expected, column) in clear
    assert abs(top) == max(abs(truth.effect(*where)) for where in clear)
    assert bool(among) == any(abs(truth.effect(*where)) > abs(top) for where in line)
    equals = sum(truth.effect(*where) == top for where in clear) - 1
    assert whole(as_many or "0") == equals and (
        as_many is None or (verb == "does") == (equals == 1)
    )
    sign = {"supports it": 1, "opposes it": -1, "favours the first": 1, "favours the second": -1}
    if truth.neutral is None:
        assert does == "moves it" and value[0] not in "+−"
    else:
        assert sign[does] * top > 0 and does.startswith("favours") == (against is not None)
        assert value[0] == ("+" if top > 0 else "−")
    assert told(value, truth.values[expected][column]) and (unit or "") == truth.unit
    has_margin(truth, (expected, column), margin)
    check_times(top, times, made, removes_text(made))
    assert odds is None or (odds == "the odds") == (against is not None)
    rests = [truth.effect(*where) for where in line if where != (expected, column)]
    assert whole(others or "1") == len(rests) and told_sum(rest, math.fsum(rests), truth)


def told_sum(text: str, value: float, truth: Truth) -> bool:
    """Tell whether a sum is this one; of numbers that cancel there may be rounding left."""
    size = max(abs(truth.effect(*where)) for where in truth.cells)
    left = 1e-12 * size * len(truth.columns)
    return told(text, value) or abs(number(text) - value) <= left + 0.006 * abs(value)


def has_margin(truth: Truth, where: tuple[int, int], margin: str | None) -> None:
    assert (margin is None) == (truth.margins is None)
    if truth.margins is not None and margin is not None:
        own = truth.margins[where[0]][where[1]]
        assert math.isclose(number(margin), own, rel_tol=0.051, abs_tol=1e-300)


def asked(
    page: Page, truth: Truth, tokens: str | None, noun: str | None, text: str, against: str | None
) -> None:
    made = truth.run.heatmap.provenance
    assert beginning(page, text, made["target"])
    other = made.get("against")
    assert (against is None) == (other is None)
    assert against is None or beginning(page, against, other)
    assert whole(tokens or "1") == len(truth.rows)
    assert noun is None or (noun == "places") == (other is not None)


@attribution.reads(
    rf"(?:Of the {COUNT} (tokens|places) of|In) {TEXT}(?: against {TEXT})?, (?:what {NAME} does "
    rf"is largest at {NAME}|{NAME}): {VALUE}{MARGIN}{UNIT}{TIMES}\."
)
def one_cell(page: Page, truth: Truth, *groups: Any) -> None:
    tokens, noun, text, _, against, _, first, _, _, row, _, _, alone, _, _ = groups[:15]
    value, margin, unit, times, _ = groups[15:]
    asked(page, truth, tokens, noun, text, against)
    expected = most_driven(truth)
    column = position(page, first or alone, truth.columns)
    assert expected is not None and len(truth.row(expected)) == 1
    assert row is None or position(page, row, truth.rows) == expected
    top = truth.effect(expected, column)
    assert told(value, truth.values[expected][column]) and (unit or "") == truth.unit
    assert abs(top) == max(
        abs(truth.effect(*where)) for where in truth.row(expected) if truth.clear(where)
    )
    has_margin(truth, (expected, column), margin)
    made = truth.run.heatmap.provenance
    check_times(top, times, made, removes_text(made))


@attribution.reads(
    rf"(?:Of the {COUNT} (tokens|places) of|In) {TEXT}(?: against {TEXT})?, (?:no effect is "
    rf"(known)|no effect of (?:the one feature|any of {COUNT} features) can be told (from) 0|"
    rf"nothing is owed to (?:the one feature|any of {COUNT} features): every cell is (0))\."
)
def none_driven(page: Page, truth: Truth, *groups: Any) -> None:
    tokens, noun, text, _, against, _, unknown, features, unclear, owed, zero = groups
    asked(page, truth, tokens, noun, text, against)
    assert most_driven(truth) is None
    assert bool(unknown) == (not truth.cells)
    assert unknown or bool(zero) == (truth.total == 0) == (not unclear)
    assert unknown or whole(features or owed or "1") == len(truth.columns)


@attribution.reads(
    rf"(Both|All) (?:support|favour the first at) {NAME} alike \((?:{VALUE} to {VALUE}|{VALUE} "
    r"each)\)\."
)
def alike(page: Page, truth: Truth, *groups: Any) -> None:
    every, name, _, _, low, high, each = groups
    row = position(page, name, truth.rows)
    assert (every == "Both") == (len(truth.columns) == 2)
    smallest, largest = ends_of_alike(truth)[row]
    assert told(low or each, smallest) and told(high or each, largest)
    sums = {
        r: math.fsum(truth.effect(*where) for where in truth.row(r)) for r in ends_of_alike(truth)
    }
    assert sums[row] >= max(sums.values()) * (1 - 1e-12)


def ends_of_alike(truth: Truth) -> dict[int, tuple[float, float]]:
    """Return the smallest and the largest effect of the rows that all columns support alike."""
    found = {}
    for row in range(len(truth.rows)):
        line = truth.row(row)
        effects = [truth.effect(*where) for where in line]
        if len(line) == len(truth.columns) > 1 and min(effects) > 0:
            clear = all(truth.clear(where) and not truth.near(where) for where in line)
            if clear and max(effects) <= 2 * min(effects):
                found[row] = min(effects), max(effects)
    return found


def idle_rows(truth: Truth) -> list[int]:
    return [
        row
        for row in range(len(truth.rows))
        if len(truth.row(row)) == len(truth.columns)
        and not any(truth.clear(where) and not truth.near(where) for where in truth.row(row))
    ]


def largest_idle(truth: Truth) -> float:
    return max(
        (abs(clear_effect(truth, where)) for row in idle_rows(truth) for where in truth.row(row)),
        default=0.0,
    )


def check_idle(page: Page, truth: Truth, count: str | None, of: str | None, name: Any) -> None:
    rows = idle_rows(truth)
    if name is not None:
        assert [position(page, name, truth.rows)] == rows
    else:
        assert (whole(count or ""), whole(of or "")) == (len(rows), len(truth.rows)) != (1, 1)


IDLE = rf"(?:{COUNT} of {COUNT} (?:token|place)s?|{NAME})"


@attribution.reads(
    rf"{IDLE} owes? (?:nothing to any (feature)|nearly nothing \(at most {VALUE}{UNIT} each\))\."
)
def idle(page: Page, truth: Truth, *groups: Any) -> None:
    count, of, name, _, _, nothing, size, unit = groups
    check_idle(page, truth, count, of, name)
    largest = largest_idle(truth)
    assert truth.margins is None and bool(nothing) == (largest == 0)
    if size is not None:
        assert largest <= number(size) <= largest * 1.101 and (unit or "") == truth.unit


@attribution.reads(rf"Nothing (?:above {VALUE}{UNIT} )?that {IDLE} owes? can be told from 0\.")
def idle_sampled(page: Page, truth: Truth, *groups: Any) -> None:
    size, unit, count, of, name, _, _ = groups
    check_idle(page, truth, count, of, name)
    largest = largest_idle(truth)
    assert truth.margins is not None and (size is None) == (largest == 0)
    if size is not None:
        assert largest <= number(size) <= largest * 1.101 and (unit or "") == truth.unit


@attribution.reads(
    rf"(The feature changes|Both features change|All {COUNT} features change) the whole "
    rf"(continuation|difference) by {VALUE}{UNIT}{TIMES}\."
)
def total(page: Page, truth: Truth, *groups: Any) -> None:
    which, count, what, value, _, times, odds = groups
    run, made = truth.run, truth.run.heatmap.provenance
    known = {"The feature changes": 1, "Both features change": 2}
    assert known.get(which, whole(count or "0")) == len(truth.columns)
    against = made.get("against") is not None
    assert (what == "difference") == against
    change = math.fsum((run.all - run.none).tolist())
    if against:
        change = float(run.all[-1] - run.none[-1])
    assert told_sum(value, change, truth) or told(value, change)
    check_times(change, times, made, removes_text(made))
    assert odds is None or (odds == "the odds") == against


@attribution.reads(
    rf"Sampled from {COUNT} sets: ± is half a 95 % interval, {COUNT} of {COUNT} cells? may be 0"
    rf"(?:; {COUNT} were not seen to vary)?\."
)
def sampled(page: Page, truth: Truth, sets: str, unclear: str, of: str, still: str | None) -> None:
    assert truth.margins is not None
    assert whole(sets) == truth.run.heatmap.provenance["method"]["evaluations"]
    assert whole(unclear) == sum(not truth.clear(where) for where in truth.cells)
    assert whole(of) == len(truth.cells)


@attribution.reads(rf"{COUNT} of {COUNT} features? have but an even share of their group's value\.")
def shares(page: Page, truth: Truth, features: str, of: str) -> None:
    check_shares(truth, features, of)


MISSING = (
    rf"(?:{COUNT} of {COUNT} cells? (?:has|have) no finite value and counts? nowhere|No cell has a "
    r"(finite) value, so nothing can be said of them)\."
)


@attribution.reads(MISSING)
def missing(page: Page, truth: Truth, count: str, of: str, nothing: str | None) -> None:
    cells = len(truth.rows) * len(truth.columns)
    assert bool(nothing) == (not truth.cells)
    if not nothing:
        assert (whole(count), whole(of)) == (cells - len(truth.cells), cells)


@attribution.reads(
    rf"The cells of a token do not add up to its change: up to {VALUE}{UNIT} are missing\."
)
def incomplete(page: Page, truth: Truth, size: str, unit: str | None) -> None:
    run, count = truth.run, len(truth.rows)
    gaps = [abs(gap) for gap in run.gap.tolist()[:count] if math.isfinite(gap)]
    values = [abs(v) for v in (*run.all.tolist()[:count], *run.none.tolist()[:count]) if v == v]
    assert max(gaps) > 1e-6 * max(values)
    assert max(gaps) <= number(size) <= max(gaps) * 1.101


@attribution.reads(
    r"The (continuation|response) was (?:given; its probability is not (recorded)|forced: the "
    r"model gives it p = (\S+)|given; the model would have written it \(p = (\S+)\))\."
)
def caution(page: Page, truth: Any, noun: str, silent: str, forced: str, same: str) -> None:
    run = getattr(truth, "run", truth)
    assert not run.heatmap.provenance["generated"]
    assert bool(silent) == (run.evidence is None)
    if run.evidence is not None:
        assert says_probability(forced or same, math.fsum(run.evidence.log_probs.tolist()))
        assert (same is None) == (run.evidence.tokens.ids != run.evidence.greedy.ids)


def must_attribution(truth: Truth) -> set[str]:
    """Return what a short account must say where words are not too many."""
    must = {"driven", "one_cell", "none_driven"}
    assert must
    return set() if truth.run.heatmap.provenance["generated"] else {"caution"}


plain = Rules(*attribution.named("missing"))


@plain.reads(rf"(.*) of {COUNT} ([a-z]+) and {COUNT} ([a-z]+)\.")
def shape(page: Page, truth: Truth, name: str, rows: str, one: str, columns: str, two: str) -> None:
    assert (whole(rows), whole(columns)) == (len(truth.rows), len(truth.columns))
    assert one.removesuffix("s") == truth.row_noun and two.removesuffix("s") == truth.column_noun
    assert one.endswith("s") == (len(truth.rows) != 1)


@plain.reads(
    rf"The largest value is {VALUE}{MARGIN}{UNIT}, at {NAME} and {NAME}; the smallest "
    rf"{VALUE}{MARGIN}, at {NAME} and {NAME}\."
)
def extremes(page: Page, truth: Truth, *groups: Any) -> None:
    high, _, unit, *names = groups
    places = [names[0], names[3], names[8], names[11]]
    low = names[6]
    values = [truth.values[row][column] for row, column in truth.cells]
    for text, best, (row, column) in (
        (high, max(values), places[:2]),
        (low, min(values), places[2:]),
    ):
        where = position(page, row, truth.rows), position(page, column, truth.columns)
        assert truth.values[where[0]][where[1]] == best and told(text, best)
        assert (text[0] in "+−0") or truth.neutral is None
    assert (unit or "") == truth.unit


@plain.reads(rf"(Every|The only) value is {VALUE}{MARGIN}{UNIT}\.")
def one_value(page: Page, truth: Truth, every: str, value: str, margin: str, unit: str) -> None:
    values = {truth.values[row][column] for row, column in truth.cells}
    assert len(values) == 1 and told(value, values.pop()) and (unit or "") == truth.unit
    assert (every == "The only") == (len(truth.cells) == 1)


@plain.reads(
    rf"The [a-z]+s differ most in {NAME}: {NAME} has {VALUE}, the other (?:one|{COUNT} together) "
    rf"{VALUE}\."
)
def differ(page: Page, truth: Truth, *groups: Any) -> None:
    row, _, _, column, _, _, value, others, rest = groups
    where = position(page, row, truth.rows), position(page, column, truth.columns)
    assert where[0] == most_driven(truth) and truth.neutral == 0
    line = truth.row(where[0])
    top = truth.effect(*where)
    assert abs(top) == max(abs(truth.effect(*other)) for other in line) and told(value, top)
    assert whole(others or "1") == len(line) - 1
    assert told_sum(rest, math.fsum(truth.effect(*o) for o in line if o != where), truth)


@plain.reads(
    rf"{COUNT} of {COUNT} cells? (?:is|are) (?:near zero, at most {VALUE}{UNIT} in size|within "
    rf"{VALUE}{UNIT} of ([\d.-]+))\."
)
def near(page: Page, truth: Truth, *groups: Any) -> None:
    count, of, zero, _, other, _, neutral = groups
    assert whole(count) == sum(map(truth.near, truth.cells)) and whole(of) == len(truth.cells)
    limit = number(zero or other)
    assert truth.limit * (1 - 1e-9) <= limit <= truth.limit * 1.101
    assert (neutral is None) == (not truth.neutral)
    assert neutral is None or float(neutral) == truth.neutral


depth = Rules(*attribution.named("caution"))


@depth.reads(
    rf"(?:The {COUNT} tokens of {TEXT} settle at layer ([\d.]+)(?: of (\d+))? in the median, from "
    rf"(\d+) to (\d+)|All {COUNT} tokens of {TEXT} settle at layer (\d+)(?: of (\d+))?|The one "
    rf"token of {TEXT} settles at layer (\d+)(?: of (\d+))?)\."
)
def settling(page: Page, truth: DepthTruth, *groups: Any) -> None:
    depths = truth.depths
    if groups[0]:
        tokens, text, _, middle, of, low, high = groups[:7]
        assert float(middle) == median(depths) and (int(low), int(high)) == (
            min(depths),
            max(depths),
        )
        assert min(depths) < max(depths)
    elif groups[7]:
        tokens, text, _, layer, of = groups[7:12]
        assert set(depths) == {int(layer)} and len(depths) > 1
    else:
        tokens, (text, _, layer, of) = "1", groups[12:]
        assert depths == [int(layer)]
    assert whole(tokens) == len(depths) and beginning(page, text, truth.made["target"])
    assert int(of) == truth.last


@depth.reads(
    rf"([A-Z][a-z ]*)s settle latest \(median layer ([\d.]+), {COUNT} tokens?(?:, as {COUNT} "
    rf"more)?\), ([a-z ]+)s settle earliest \(median layer ([\d.]+), {COUNT} tokens?(?:, as "
    rf"{COUNT} more)?\)\."
)
def roles(page: Page, truth: DepthTruth, *groups: Any) -> None:
    found: dict[str, list[int]] = {}
    for role, layer in zip(roles_of(truth.columns), truth.depths, strict=True):
        found.setdefault(role, []).append(layer)
    medians = {role: median(layers) for role, layers in found.items()}
    for (role, middle, count, more), best in ((groups[:4], max), (groups[4:], min)):
        extreme = best(medians.values())
        same = [own for own, value in medians.items() if value == extreme]
        assert medians[role.lower()] == extreme == float(middle)
        assert whole(count) == len(found[role.lower()]) == max(len(found[own]) for own in same)
        assert whole(more or "0") == len(same) - 1
    assert len(set(medians.values())) > 1


@depth.reads(
    rf"(?:{COUNT} of them settles?|None settles) deep, at layer (\d+) or later: the deep-thinking "
    rf"ratio is ([\d.]+) {CONVENTION}\."
)
def ratio(page: Page, truth: DepthTruth, deep: str, first: str, *rest: str) -> None:
    share, *convention = rest
    check_convention(truth.made, *convention)
    assert whole(deep or "0") == len(truth.deep)
    assert says(share, len(truth.deep) / len(truth.columns))
    assert int(first) == math.ceil(round(truth.made["depth_fraction"] * truth.last, 9))


@depth.reads(rf"{COUNT} cells? (?:has|have) no value\.")
def no_value(page: Page, truth: DepthTruth, count: str) -> None:
    assert whole(count) == len(truth.values) * len(truth.columns) - len(truth.cells) > 0


comparison = Rules()


@comparison.reads(
    rf"The two maps (?:(clearly )?differ in {COUNT} of|(do not clearly) differ in any of|are "
    rf"(equal) in) the {COUNT} cells? that both have as numbers(?: \(about {VALUE} would by "
    rf"chance\))?(?:, by {VALUE}{UNIT} on average)?\."
)
def conclusion(page: Page, found: bs.Comparison, *groups: Any) -> None:
    clearly, count, unclear, equal, cells, chance, mean, unit = groups
    change, margins = differences(found)
    known = [value for value in change if math.isfinite(value)]
    assert whole(cells) == len(known) > 0
    changed = sum(value != 0 for value in known)
    beyond = (
        None
        if margins is None
        else sum(abs(value) > margin for value, margin in zip(change, margins, strict=True))
    )
    assert bool(equal) == (changed == 0) and (mean is None) == bool(equal)
    if not equal:
        assert told(mean, math.fsum(map(abs, known)) / len(known))
        assert (unit or "") == found.heatmap.quantity.unit
        assert bool(clearly or unclear) == (beyond is not None)
        assert bool(unclear) == (beyond == 0)
        assert unclear or whole(count) == (changed if beyond is None else beyond)
        assert chance is None or told(chance, 0.05 * len(change))


def differences(found: bs.Comparison) -> tuple[list[float], list[float] | None]:
    """Return B − A and the half widths of its 95 % intervals, cell by cell."""
    a, b = (heatmap.values for heatmap in found.maps)
    pairs = [(r, c) for r in found.rows.pairs for c in found.columns.pairs]
    change = [float(b[r[1], c[1]] - a[r[0], c[0]]) for r, c in pairs]
    if found.margin is None:
        return change, None
    return change, found.margin.ravel().tolist()


@comparison.reads(
    rf"Largest change: {VALUE}{MARGIN}{UNIT}(, perhaps by sampling)?, from {VALUE} to {VALUE}, at "
    rf"{NAME} and {NAME}\."
)
def largest(page: Page, found: bs.Comparison, *groups: Any) -> None:
    value, margin, _, doubt, before, after, row, _, _, column, _, _ = groups
    change, margins = differences(found)
    sizes = [abs(one) if math.isfinite(one) else -1.0 for one in change]
    index = sizes.index(max(sizes))
    assert told(value, change[index]) and value[0] in "+−"
    assert (margin is None) == (margins is None)
    assert bool(doubt) == (margins is not None and not sizes[index] > margins[index])
    a = found.maps[0]
    place = position(page, row, a.rows.labels), position(page, column, a.columns.labels)
    pairs = [(r[0], c[0]) for r in found.rows.pairs for c in found.columns.pairs]
    assert pairs[index] == place and told(before, a.values[place])
    assert told(after, float(a.values[place]) + change[index]) or number(after) == 0


@comparison.reads(r"Spearman's ρ of the cells that both have is ([−\d.]+)\.")
def rho(page: Page, found: bs.Comparison, value: str) -> None:
    assert found.correlation is not None and says(value.replace("−", "-"), found.correlation)


@comparison.reads(
    rf"(?:The two maps have no cell in (common), so none is compared|The two maps have no common "
    rf"(scale): of the {COUNT} cells? in both, only ranks are compared|None of the {COUNT} cells? "
    r"in both is a (number) in both)\."
)
def nothing_compared(page: Page, found: bs.Comparison, *groups: Any) -> None:
    common, scale, count, cells, _ = groups
    assert bool(common) == (found.cells is None)
    assert bool(scale) == (found.cells is not None and not found.one_scale)
    if count or cells:
        assert whole(count or cells) == len(found.rows.pairs) * len(found.columns.pairs)
    if cells:
        assert not any(map(math.isfinite, differences(found)[0]))


@comparison.reads(
    r"The deep-thinking ratio is ([\d.]+) in A, ([\d.]+) in B(, by different conventions)?\."
)
def two_ratios(page: Page, found: bs.Comparison, a: str, b: str, unlike: str | None) -> None:
    assert says(a, found.a.deep_thinking_ratio or 0.0)
    assert says(b, found.b.deep_thinking_ratio or 0.0)
    made = [run.provenance for run in (found.a, found.b)]
    names = ("lens", "translators", "threshold", "depth_fraction")
    assert bool(unlike) == any(made[0].get(name) != made[1].get(name) for name in names)


@comparison.reads(
    rf"(?:A and B differ in ([a-z ,]+?)(?: and {COUNT} more)?|Nothing recorded of their origins "
    r"differs)\."
)
def aspects(page: Page, found: bs.Comparison, names: str | None, more: str | None) -> None:
    made = [run.provenance for run in (found.a, found.b)]
    said = Counter((names or "").split(", "))
    if {"model"} <= set(made[0]) & set(made[1]):
        for name in ("seed", "target", "prompt", "lens"):
            differs = made[0].get(name) != made[1].get(name)
            assert not said[name] or differs
            assert not differs or said[name] or more
