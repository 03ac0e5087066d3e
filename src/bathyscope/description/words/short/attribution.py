"""Short accounts of attributions and interactions."""

from collections.abc import Iterator

from bathyscope.attribution.token_value import TOKEN_VALUES
from bathyscope.description.facts.attribution import Asked, AttributionFacts, Sampling, Shares
from bathyscope.description.facts.grid import Cell
from bathyscope.description.facts.interactions import InteractionFacts
from bathyscope.description.facts.telling import Alike, Driven, Idle
from bathyscope.description.markdown import escaped
from bathyscope.description.words.phrases import count, sides_of, start
from bathyscope.description.words.short.given import caution
from bathyscope.description.words.short.maps import missing, rest, unit_of
from bathyscope.description.words.short.names import Names, handle_of, quoted
from bathyscope.description.words.short.numbers import at_most, factor, margin, rounded, signed
from bathyscope.description.words.short.paragraph import Sentence


def attribution_short(found: AttributionFacts) -> Iterator[Sentence]:
    """Yield which token depends most on which feature, what the rest owes, and how surely."""
    told, rows = found.map.telling, found.map.rows
    row = Names(rows, sides_of(rows, found.map.columns).row)
    column = Names(found.map.columns, handle_of(found.asked.segmenter))
    if told.driven is None:
        yield _nothing(found)
    else:
        yield _driven(found, told.driven, row, column)
        yield from _alike(found, told.alike, told.driven, row)
        yield from _idle(found, told.idle, row)
    yield from _total(found)
    yield from _sampled(found.sampling)
    yield from _shares(found.shares)
    yield from missing(found.map)
    yield from _incomplete(found)
    yield from caution("continuation", found.asked.generated, found.asked.likelihood)


def _of(found: AttributionFacts) -> str:
    """Return of how many tokens of which text the account is."""
    asked, tokens = found.asked, len(found.map.rows.labels)
    text = quoted(asked.continuation)
    if asked.against is not None:
        text = f"{text} against {quoted(asked.against)}"
    if tokens == 1:
        return f"In {text}"
    return f"Of the {count(tokens, 'token' if asked.against is None else 'place')} of {text}"


def _places(found: AttributionFacts) -> bool:
    """Tell whether rows are tokens, and not a whole continuation."""
    return sides_of(found.map.rows, found.map.columns).row == "token"


def _features(found: AttributionFacts) -> str:
    number = len(found.map.columns.labels)
    return "the one feature" if number == 1 else f"any of {number:,} features"


def _nothing(found: AttributionFacts) -> Sentence:
    """Return why no row can be told of."""
    if found.map.spread is None:
        return Sentence(f"{_of(found)}, no effect is known.")
    if found.map.spread.total:
        return Sentence(f"{_of(found)}, no effect of {_features(found)} can be told from 0.")
    return Sentence(f"{_of(found)}, nothing is owed to {_features(found)}: every cell is 0.")


def _driven(found: AttributionFacts, driven: Driven, row: Names, column: Names) -> Sentence:
    written = rounded if found.map.quantity.neutral is None else signed
    effect = f"{written(driven.top.value)}{margin(driven.top.margin)}{unit_of(found.map)}"
    effect += _likely(found.asked, driven.top.value)
    top = column(driven.top.column)
    if not driven.others:
        what = f"what {top} does is largest at {row(driven.row)}" if _places(found) else top
        return Sentence(f"{_of(found)}, {what}: {effect}.")
    differ = f"features differ most at {row(driven.row)}: " if _places(found) else ""
    return Sentence(
        f"{_of(found)}, {differ}{top} {_does(found, driven)}, {effect}, {rest(driven.others)} "
        f"{written(driven.rest)}."
    )


def _does(found: AttributionFacts, driven: Driven) -> str:
    """Return what the first feature of a row does to it, and whether others do as much."""
    if found.map.quantity.neutral is None:
        does = "moves it"
    elif found.asked.against is None:
        does = "supports it" if driven.top.value > 0 else "opposes it"
    else:
        does = f"favours the {'first' if driven.top.value > 0 else 'second'}"
    among = " of those told from 0" if driven.larger else ""
    ties = f" (as {driven.equals:,} more {'does' if driven.equals == 1 else 'do'})"
    return f"{does} most{among}{ties if driven.equals else ''}"


def _likely(asked: Asked, nats: float) -> str:
    """Return by what nats multiply a probability, where text was left out to find them."""
    times = factor(nats) if asked.of == "logprob" and asked.removes_text else None
    if times is None:
        return ""
    return f" ({times} times {'as likely' if asked.against is None else 'the odds'})"


def _alike(
    found: AttributionFacts, alike: Alike | None, driven: Driven, row: Names
) -> Iterator[Sentence]:
    if alike is None or alike.row == driven.row:
        return
    features = "Both" if len(found.map.columns.labels) == 2 else "All"
    does = "support" if found.asked.against is None else "favour the first at"
    reach = f"{signed(alike.smallest)} to {signed(alike.largest)}"
    if alike.smallest == alike.largest:
        reach = f"{signed(alike.smallest)} each"
    yield Sentence(f"{features} {does} {row(alike.row)} alike ({reach}).", 3)


def _idle(found: AttributionFacts, idle: Idle, row: Names) -> Iterator[Sentence]:
    number, rows = len(idle.rows), len(found.map.rows.labels)
    if not number or not _places(found):
        return
    noun = "token" if found.asked.against is None else "place"
    which = row(idle.rows[0]) if number == 1 else f"{number:,} of {count(rows, noun)}"
    size = f"{at_most(idle.largest)}{unit_of(found.map)}"
    owe = "owes" if number == 1 else "owe"
    if not idle.largest and found.sampling is None:
        said = f"{start(which)} {owe} nothing to any feature"
    elif not idle.largest:
        said = f"Nothing that {which} {owe} can be told from 0"
    elif found.sampling is None:
        said = f"{start(which)} {owe} nearly nothing (at most {size} each)"
    else:
        said = f"Nothing above {size} that {which} {owe} can be told from 0"
    yield Sentence(f"{said}.", 4)


def _total(found: AttributionFacts) -> Iterator[Sentence]:
    whole, asked = found.whole, found.asked
    if whole.everything is None or whole.nothing is None:
        return
    change = whole.everything - whole.nothing
    what = "the whole continuation" if asked.against is None else "the whole difference"
    unit = TOKEN_VALUES[asked.of].unit
    size = f"{signed(change)} {unit}".rstrip()
    number = len(found.map.columns.labels)
    every = {1: "The feature changes", 2: "Both features change"}.get(
        number, f"All {number:,} features change"
    )
    yield Sentence(f"{every} {what} by {size}{_likely(asked, change)}.", 2)


def _sampled(sampling: Sampling | None) -> Iterator[Sentence]:
    if sampling is None:
        return
    unvaried = f"; {sampling.unvaried:,} were not seen to vary" if sampling.unvaried else ""
    yield Sentence(
        f"Sampled from {count(sampling.evaluations, 'set')}: ± is half a 95 % interval, "
        f"{sampling.unclear:,} of {count(sampling.cells, 'cell')} may be 0{unvaried}.",
        1,
    )


def _shares(shares: Shares | None) -> Iterator[Sentence]:
    if shares is not None:
        yield Sentence(
            f"{shares.features:,} of {count(shares.of, 'feature')} have but an even share of their "
            "group's value.",
            1,
        )


def _incomplete(found: AttributionFacts) -> Iterator[Sentence]:
    gap = found.completeness
    if gap is not None and not gap.complete:
        yield Sentence(
            f"The cells of a token do not add up to its change: up to {at_most(abs(gap.gap))}"
            f"{unit_of(found.map)} are missing.",
            1,
        )


def interaction_short(found: InteractionFacts) -> Iterator[Sentence]:
    """Yield which features complement, and which replace each other most."""
    asked, features = found.asked, len(found.features.labels)
    name = Names(found.features, handle_of(asked.segmenter))
    unit = f" {escaped(found.quantity.unit)}" if found.quantity.unit else ""
    about = quoted(asked.continuation)
    if asked.token is not None:
        about = f"{quoted(asked.token.label)} of {about}"
    yield Sentence(f"In {about}, of {count(features, 'feature')}, {_pairs(found, name, unit)}.")
    alone = [cell for cell in found.alone if cell.margin is None or abs(cell.value) > cell.margin]
    if alone:
        top = max(alone, key=lambda cell: abs(cell.value))
        if top.value:
            yield Sentence(
                f"The largest Shapley value is {_valued(top, unit)}, of {name(top.row)}.", 2
            )
    yield from _sampled(found.sampling)
    if found.gaps is not None:
        counts = "counts" if found.gaps.count == 1 else "count"
        cells = count(found.gaps.count, "cell")
        yield Sentence(f"{cells} without a finite value {counts} nowhere.", 1)
    yield from caution("continuation", asked.generated, asked.likelihood)


def _pairs(found: InteractionFacts, name: Names, unit: str) -> str:
    if found.pairs is None:
        return "no pair has a value" if len(found.features.labels) > 1 else "there is no pair"
    said = [
        f"{_both(cells[0], name)} {verb} each other most, {_valued(cells[0], unit)}"
        for verb, cells in (("complement", found.complements), ("replace", found.replacements))
        if cells
    ]
    return "; ".join(said) or "no pair clearly complements or replaces each other"


def _both(cell: Cell, name: Names) -> str:
    return f"{name(cell.row)} and {name(cell.column)}"


def _valued(cell: Cell, unit: str) -> str:
    return f"{signed(cell.value)}{margin(cell.margin)}{unit}"
