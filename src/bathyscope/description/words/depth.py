"""A depth map in words."""

from collections.abc import Iterator

from bathyscope.description.facts.depth import DepthFacts
from bathyscope.description.markdown import code, listed
from bathyscope.description.words.account import Account
from bathyscope.description.words.evidence import explained
from bathyscope.description.words.phrases import (
    MOST_LABELS,
    Sides,
    count,
    entries,
    gap_words,
    joined,
    percent,
    role_noun,
    short,
)

MOST_NAMED = 20
"""So many early, late and repeated tokens are named."""


def depth_account(found: DepthFacts) -> Account:
    """Return what is said of a depth map."""
    tokens = len(found.tokens.labels)
    return Account(
        title=f"How deep {count(tokens, 'token')} {'was' if tokens == 1 else 'were'} decided",
        overview=[*_overview(found)],
        axes=[*_axes(found)],
        values=[*_values(found)],
        observations=[*_observations(found)],
        meaning=[*_meaning(found)],
    )


def _overview(found: DepthFacts) -> Iterator[str]:
    yield from explained(found.model, "response", found.response, found.generated, found.likelihood)
    yield (
        "A cell is the Jensen-Shannon divergence, in bits, between what the model would say for a "
        "token at a layer and what it says at its last layer: 0 is the same, 1 has nothing in "
        f"common. Intermediate layers are {found.lens_summary}. A token settles at the first "
        f"layer with at most {found.threshold:g} bits, at the last, {found.num_layers}, where none "
        "before has."
    )
    yield (
        f"The median token settles at layer {found.median_layer:g} of {found.num_layers}; "
        f"{found.deep:,} of {count(len(found.settled), 'token')} settle deep, at layer "
        f"{found.deep_layer} or later: the deep-thinking ratio is {found.deep_thinking_ratio:.4f}."
    )


def _axes(found: DepthFacts) -> Iterator[str]:
    yield (
        f"{count(found.num_layers - 1, 'row')}, bottom to top, layers 1 to "
        f"{found.num_layers - 1}; the last layer, {found.num_layers}, compared with itself, is 0 "
        "and not drawn."
    )
    yield entries(found.tokens, "column", "left to right")


def _values(found: DepthFacts) -> Iterator[str]:
    if found.gaps is not None:
        cells = len(found.tokens.labels) * (found.num_layers - 1)
        yield gap_words(found.gaps, cells, Sides("layer", "token"))
    levels = [
        f"layer {level.layer} {'no value' if level.median is None else f'{level.median:.4f}'}"
        for level in found.profile
    ]
    crossing = (
        f"it stays above {found.threshold:g} at every layer drawn"
        if found.median_settles is None
        else f"it is first at most {found.threshold:g} at layer {found.median_settles}"
    )
    yield f"Median over the tokens, in bits: {joined(levels)}; {crossing}."
    if found.cells:
        yield (
            f"{found.decided:,} of {count(found.cells, 'cell')} "
            f"({percent(found.decided / found.cells)}) are at most {found.threshold:g} bits."
        )
    every = [f"{code(token.token.label)} {token.layer}" for token in found.settled]
    yield f"Settling layers in the order of the text: {listed(every, most=MOST_LABELS)}."


def _observations(found: DepthFacts) -> Iterator[str]:
    yield from _ends(found)
    yield from _by_role(found)
    yield from _by_sentence(found)
    yield from _repeats(found)
    yield from _template(found)
    if found.early:
        yield (
            f"Of {count(found.early, 'token')} that {'settles' if found.early == 1 else 'settle'} "
            f"before the last layer, {found.risen:,} {'rises' if found.risen == 1 else 'rise'} "
            f"above {found.threshold:g} bits again at a later one."
        )


def _ends(found: DepthFacts) -> Iterator[str]:
    first = min(token.layer for token in found.settled)
    earliest = [short(token.token) for token in found.settled if token.layer == first]
    yield f"Earliest to settle, at layer {first}: {listed(earliest, most=MOST_NAMED)}."
    deep = [token for token in found.settled if token.layer >= found.deep_layer]
    if deep:
        ordered = sorted(deep, key=lambda token: -token.layer)
        named = [f"{short(token.token)} {token.layer}" for token in ordered]
        yield (
            f"The {count(found.deep, 'token')} that {'settles' if found.deep == 1 else 'settle'} "
            f"deep, the latest first: {listed(named, most=MOST_NAMED)}."
        )
    else:
        last = max(token.layer for token in found.settled)
        latest = [short(token.token) for token in found.settled if token.layer == last]
        yield f"Latest to settle, at layer {last}: {listed(latest, most=MOST_NAMED)}."


def _by_role(found: DepthFacts) -> Iterator[str]:
    if found.roles is None or len(found.roles) < 2:
        return
    parts = []
    for part in found.roles:
        reach = "" if part.earliest == part.latest else f" ({part.earliest} to {part.latest})"
        parts.append(f"{part.count:,} {role_noun(part.role, part.count)} at {part.median:g}{reach}")
    yield f"Median settling layer by role, with the range: {'; '.join(parts)}."


def _by_sentence(found: DepthFacts) -> Iterator[str]:
    sentences = found.sentences
    if sentences is None or sentences.count < 2 or not sentences.deepest.deep:
        return
    deepest = sentences.deepest
    yield (
        f"Of {sentences.count} sentences the deepest is {code(deepest.label)}: {deepest.deep:,} of "
        f"{count(deepest.tokens, 'token')} {'settles' if deepest.deep == 1 else 'settle'} deep "
        f"({percent(deepest.deep_share)}), the median at layer {deepest.median_layer:g}."
    )


def _repeats(found: DepthFacts) -> Iterator[str]:
    repeats = found.repeats
    if repeats is None:
        yield "No token occurs twice."
        return
    pairs = [
        f"{code(first.token.label)} {first.layer} and {second.layer}"
        for first, second in repeats.pairs
    ]
    yield (
        f"{count(repeats.tokens, 'different token')} "
        f"{'occurs' if repeats.tokens == 1 else 'occur'} more than once: at the second time "
        f"{repeats.earlier:,} {'settles' if repeats.earlier == 1 else 'settle'} earlier than at "
        f"the first, {repeats.later:,} later, {repeats.same:,} at the same layer; first and second "
        f"layer: {listed(pairs, most=MOST_NAMED)}."
    )


def _template(found: DepthFacts) -> Iterator[str]:
    template = found.template
    if template is None:
        return
    difference = template.completions_median - template.words_median
    order = "earlier than" if difference > 0 else "later than" if difference < 0 else "as early as"
    yield (
        f"Template words (`the`, `is`, `.`; {count(template.words, 'token')}) settle at layer "
        f"{template.words_median:g} in the median, {order} digits and what follows an operator or "
        f"equals sign ({count(template.completions, 'token')}), at layer "
        f"{template.completions_median:g}."
    )


def _meaning(found: DepthFacts) -> Iterator[str]:
    yield (
        "The map tells from which layer on the last layer's words could be read off. An earlier "
        "layer may know a token in a form that this reading does not find."
    )
    yield "A token that settles late was decided late; that does not make it hard, or right."
    if found.lens == "raw":
        yield "Numbers read without the final norm do not compare with those read through it."
