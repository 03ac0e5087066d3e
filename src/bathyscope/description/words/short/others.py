"""Short accounts of Think@n, of faithfulness and of chains."""

from collections.abc import Callable, Iterator

from bathyscope.description.facts.chain import ChainFacts, Owed, Passage
from bathyscope.description.facts.faithfulness import FaithfulnessFacts, Ranking
from bathyscope.description.facts.think import Answered, ThinkFacts
from bathyscope.description.markdown import escaped
from bathyscope.description.words.phrases import count, percent
from bathyscope.description.words.short.given import caution
from bathyscope.description.words.short.names import cut, quoted
from bathyscope.description.words.short.numbers import margin, rounded, signed
from bathyscope.description.words.short.paragraph import Sentence


def think_short(found: ThinkFacts) -> Iterator[Sentence]:
    """Yield what the kept samples answer, how surely, and what it took."""
    samples = len(found.samples)
    which = "those that begin" if found.kept != 1 else "the one that begins"
    which = "" if found.kept == samples else f", {which} deepest,"
    answer = "answers" if found.kept == 1 else "answer"
    yield Sentence(
        f"{found.kept:,} of {samples:,} samples{which} {answer} {_answer(found.chosen)}."
    )
    if found.all is not None:
        same = "the same" if found.all.answer == found.chosen.answer else _answer(found.all)
        yield Sentence(
            f"All {samples:,}, finished, answer {same} and take {found.all.tokens:,} tokens "
            f"instead of {found.chosen.tokens:,}.",
            1,
        )
    others = "" if found.other_ratio is None else f", {found.other_ratio:.3f} of the others"
    yield Sentence(
        f"The mean deep-thinking ratio of the first {found.prefix:,} tokens or less is "
        f"{found.kept_ratio:.3f} of the kept{others} (deep: settled at layer {found.deep_layer} of "
        f"{found.num_layers} or later, at {found.threshold:g} bits or less).",
        2,
    )
    yield Sentence("That samples agree does not make an answer right.", 3)


def _answer(found: Answered) -> str:
    if found.answer is None:
        return "nothing"
    votes = count(found.votes, "vote")
    tied = "" if not found.tied else f", a tie of {len(found.tied):,} answers"
    return f"{quoted(found.answer)} ({votes}{tied})"


def faithfulness_short(found: FaithfulnessFacts) -> Iterator[Sentence]:
    """Yield which map is the most faithful, and whether it beats random orders."""
    best, maps = found.rankings[0], len(found.rankings)
    of = "The only map" if maps == 1 else f"The most faithful of {maps:,} maps"
    yield Sentence(
        f"{of} of {count(found.features, 'feature')}, {quoted(best.name)}, has the area "
        f"{signed(best.area)} nats (random orders 0, higher is better)."
    )
    yield Sentence(f"{_against_random(best, found.random.margin)}.", 1)
    if best.order:
        yield Sentence(f"It ranks {quoted(best.order[0].label)} first.", 2)
    if found.gaps is not None:
        counts = "counts" if found.gaps.count == 1 else "count"
        points = count(found.gaps.count, "point")
        yield Sentence(f"{points} without a finite value {counts} nowhere.", 1)
    yield from caution("continuation", found.generated, found.likelihood)


def _against_random(best: Ranking, beyond: float) -> str:
    parts = [
        f"{lead} {_compared(difference, beyond, *words)}"
        for lead, difference, words in (
            ("Removing its top costs", best.gained, ("more", "less")),
            ("keeping only its top costs", best.spared, ("less", "more")),
        )
    ]
    return f"{parts[0]} than random orders, {parts[1]}"


def _compared(difference: float, beyond: float, above: str, below: str) -> str:
    if not abs(difference) > beyond:
        return "no more and no less"
    return f"{rounded(abs(difference))} nats {above if difference > 0 else below}"


def chain_short(found: ChainFacts) -> Iterator[Sentence]:
    """Yield what the answer owes to which passage, which steps nothing depends on, and how."""
    answer = found.rows[-1]
    unit = f" {escaped(found.quantity.unit)}" if found.quantity.unit else ""
    written = rounded if found.quantity.neutral is None else signed
    yield Sentence(
        f"By {found.reading} ({escaped(cut(found.variant.replace('_', '-')))}), the answer "
        f"{quoted(answer.row.label)} {_owes(answer.largest, unit, written)}."
    )
    if answer.effect is not None:
        yield Sentence(f"All that stands before it changes it by {signed(answer.effect)}{unit}.", 3)
    steps = sum(one.what == "step" for one in found.columns)
    if found.unused:
        first, number = found.unused[0], len(found.unused)
        more = f" and {number - 1:,} more" if number > 1 else ""
        yield Sentence(f"Of {count(steps, 'step')}, nothing depends on {_named(first)}{more}.", 2)
    if found.origins is not None and found.origins.straight:
        yield Sentence(
            f"{percent(found.origins.straight)} of what supports the answer goes straight to the "
            "prompt.",
            2,
        )
    if found.sampling is not None:
        yield Sentence(
            f"Sampled: {found.sampling.unclear:,} of {count(found.sampling.cells, 'cell')} may be "
            "0.",
            1,
        )
    yield from caution("response", found.generated, found.likelihood)


def _owes(largest: tuple[Owed, ...], unit: str, written: Callable[[float], str]) -> str:
    if not largest:
        return "clearly owes nothing to any passage"
    first = largest[0]
    said = f"owes most to {_named(first.to)}: {written(first.value)}{margin(first.margin)}{unit}"
    steps = [owed for owed in largest if owed.to.what == "step"]
    if first.to.what == "step" or not steps:
        return said
    return f"{said}; of the steps most to {_named(steps[0].to)}: {written(steps[0].value)}{unit}"


def _named(passage: Passage) -> str:
    kind = "part" if passage.what == "part" else passage.what
    return f"{kind} {passage.number} ({quoted(passage.label)})"
