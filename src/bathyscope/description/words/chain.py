"""A chain in words."""

from collections.abc import Iterator, Sequence

from bathyscope.description.facts.chain import (
    NEGLIGIBLE,
    ChainFacts,
    Disagreement,
    Origins,
    Owed,
    Passage,
    RowFacts,
)
from bathyscope.description.markdown import code, escaped, listed
from bathyscope.description.words.account import Account
from bathyscope.description.words.evidence import explained
from bathyscope.description.words.phrases import (
    MOST_LABELS,
    Numbers,
    Sides,
    count,
    gap_words,
    joined,
    number,
    ordinal,
    percent,
    start,
)


def chain_account(found: ChainFacts) -> Account:
    """Return what is said of a chain."""
    steps = sum(one.what == "step" for one in found.columns)
    return Account(
        title=f"What {count(steps, 'step')} and the answer owe to what stands before them",
        overview=[*_overview(found)],
        axes=[*_axes(found)],
        values=[*_values(found)],
        observations=[*_observations(found)],
        meaning=[*_meaning(found)],
    )


def _numbers(found: ChainFacts) -> Numbers:
    sizes = [abs(owed.value) for row in found.rows for owed in row.largest]
    return Numbers(found.quantity.unit, True, max(sizes, default=0.0))


def _overview(found: ChainFacts) -> Iterator[str]:
    yield from explained(found.model, "response", found.response, found.generated, found.likelihood)
    yield (
        f"By {found.reading} ({escaped(found.variant.replace('_', '-'))}): "
        f"{escaped(found.definition)}."
    )
    yield f"Source: {escaped(found.source)}."
    answer = found.rows[-1]
    yield _most(answer, found, "The answer")
    yield from _unused(found.unused)
    if found.origins is not None:
        yield (
            f"{percent(found.origins.straight)} of what supports the answer goes straight to the "
            "prompt, the rest to the steps."
        )


def _most(row: RowFacts, found: ChainFacts, who: str) -> str:
    steps = [owed for owed in row.largest if owed.to.what == "step"]
    if not row.largest:
        return f"{who} clearly owes nothing to any passage."
    numbers = _numbers(found)
    most = f"{who} owes most to {_named(row.largest[0].to)}: {_value(row.largest[0], numbers)}."
    if row.largest[0].to.what == "part" and steps:
        return f"{most} Of the steps it owes most to {_named(steps[0].to)}: " + (
            f"{_value(steps[0], numbers)}."
        )
    return most


def _value(owed: Owed, numbers: Numbers) -> str:
    return numbers.value(owed.value, owed.margin)


def _named(passage: Passage) -> str:
    if passage.what == "answer":
        return f"the answer {code(passage.label)}"
    kind = "part of the prompt" if passage.what == "part" else "step"
    return f"the {ordinal(passage.number)} {kind} {code(passage.label)}"


def _unused(unused: Sequence[Passage]) -> Iterator[str]:
    if not unused:
        yield "Every step has something later that depends on it."
        return
    which = joined([_named(one) for one in unused])
    yield (
        f"Nothing later depends on {which} (at most {percent(NEGLIGIBLE)} of the largest size of "
        "every later row, or not told from 0)."
    )


def _axes(found: ChainFacts) -> Iterator[str]:
    rows = [code(row.row.label) for row in found.rows]
    yield (
        f"{count(len(rows), 'row')}, top to bottom, the answer last: "
        f"{listed(rows, most=MOST_LABELS, between='; ')}."
    )
    parts = [code(one.label) for one in found.columns if one.what == "part"]
    steps = [code(one.label) for one in found.columns if one.what == "step"]
    if parts:
        yield (
            f"{count(len(parts), 'column')} for parts of the prompt: "
            f"{listed(parts, most=MOST_LABELS, between='; ')}."
        )
    yield (
        f"{count(len(steps), 'column')} for steps: "
        f"{listed(steps, most=MOST_LABELS, between='; ')}. What does not stand before a row has "
        "exactly 0 in it."
    )


def _values(found: ChainFacts) -> Iterator[str]:
    if found.gaps is not None:
        cells = len(found.rows) * len(found.columns)
        yield gap_words(found.gaps, cells, Sides("row", "column"))
    numbers = _numbers(found)
    for row in found.rows[-MOST_LABELS:]:
        owed = [f"{_named(one.to)} {numbers.bare(one.value)}" for one in row.largest]
        together = "" if row.effect is None else f", of {numbers.value(row.effect)} in all"
        deep = "" if row.depth is None else f"; its median token settles at layer {row.depth:g}"
        deep += "" if row.deep_share is None else f", {percent(row.deep_share)} of them deep"
        most = "; ".join(owed) if owed else "nothing clearly"
        yield f"{start(_named(row.row))}: {most}{together}{deep}."


def _observations(found: ChainFacts) -> Iterator[str]:
    if found.compared:
        yield from _redundancy(found.disagreements, _numbers(found))
    if found.origins is not None:
        yield from _traced(found.origins)
    if found.sampling is None:
        return
    sampling = found.sampling
    work = (
        f"from {count(sampling.evaluations, 'coalition')}"
        if sampling.evaluations is not None
        else f"from {count(sampling.tokens_written or 0, 'token')} of continuations"
    )
    error = (
        ""
        if sampling.largest_error is None
        else f": the largest standard error is {_numbers(found).size(sampling.largest_error)}"
    )
    yield (
        f"Sampled {work}{error}; the 95 % interval covers 0 in {sampling.unclear:,} of "
        f"{count(sampling.cells, 'cell')}. What follows ± is half the width of that interval."
    )


def _redundancy(disagreements: Sequence[Disagreement], numbers: Numbers) -> Iterator[str]:
    if not disagreements:
        yield "Leave-one-out and the map agree on what matters: no passage is clearly redundant."
    for one in disagreements:
        values = f"{numbers.value(one.value)}, but {numbers.value(one.alone)} by leave-one-out"
        why = (
            "other passages can replace it, so that taking it away alone does not show it"
            if one.value > 0 and one.alone < one.value
            else "it works together with other passages, or against them"
        )
        yield f"{start(_named(one.row))} owes {values} to {_named(one.to)}: {why}."


def _traced(origins: Origins) -> Iterator[str]:
    if origins.traced is None:
        yield "No share of the answer ends on a part of the prompt, however it is traced."
        return
    direct = "none" if origins.direct is None else _named(origins.direct)
    yield (
        f"Traced back through the steps ({count(origins.hops, 'hop')}; a heuristic: shares of "
        f"log-probability do not compose), {percent(origins.through)} end on the prompt, most on "
        f"{_named(origins.traced)}; directly, most is on {direct}."
    )
    if origins.area_direct is None or origins.area_through is None:
        return
    better = (
        "they are equally faithful"
        if abs(origins.area_through - origins.area_direct) < 1e-9
        else f"the {'traced' if origins.area_through > origins.area_direct else 'direct'} one is "
        "the more faithful"
    )
    yield (
        f"As rankings of the prompt's parts, by deletion from the whole response, {better}: area "
        f"{number(origins.area_through)} nats traced, {number(origins.area_direct)} nats direct."
    )


def _meaning(found: ChainFacts) -> Iterator[str]:
    yield (
        "Deletion, suppression and resampling ask different questions, in different units; their "
        "numbers are not to be compared with each other."
    )
    if found.reading == "deletion":
        yield (
            "The later text is forced: a cell says how much less probable the same words become, "
            "not what the model would have written instead."
        )
    elif found.reading == "suppression":
        yield (
            "A divergence has no direction: that a step changes another does not say that it "
            "supports it."
        )
    else:
        yield (
            "A divergence of few samples is above 0 even where nothing changes; its interval says "
            "how much of it to believe."
        )
