"""What is said of depth maps, checked against plain Python."""

import math
import re
from dataclasses import dataclass
from statistics import median
from typing import Any

import bathyscope as bs
from tests.description import evidence_sentences, map_sentences
from tests.description.evidence_sentences import GIVES, gives
from tests.description.reader import (
    COUNT,
    LABEL,
    NUMBER,
    ORDINAL,
    PERCENT,
    SHORT,
    Page,
    Rules,
    items,
    ordinal,
    says,
    whole,
)
from tests.description.truth import Truth, roles_of, shown

depth = Rules(*map_sentences.rules.named("axis"), *evidence_sentences.evidence.rules)


@dataclass
class DepthTruth(Truth):
    """A depth map as plain lists; `depths` settle from the cells, not from the run."""

    @classmethod
    def of_run(cls, run: bs.DepthRun) -> "DepthTruth":
        found = cls.of(run.heatmap, run=run)
        assert isinstance(found, DepthTruth)
        return found

    @property
    def made(self) -> Any:
        return self.run.heatmap.provenance

    @property
    def last(self) -> int:
        return len(self.values) + 1

    @property
    def depths(self) -> list[int]:
        limit = self.made["threshold"]
        columns = list(zip(*self.values, strict=True))
        return [
            next((layer for layer, value in enumerate(cells, 1) if value <= limit), self.last)
            for cells in columns
        ]

    def median_at(self, layer: int) -> float:
        return median(value for value in self.values[layer - 1] if math.isfinite(value))

    @property
    def deep(self) -> list[int]:
        """Positions of the tokens that settle deep: at ⌈ρ · L⌉ or later."""
        first = math.ceil(round(self.made["depth_fraction"] * self.last, 9))
        return [place for place, layer in enumerate(self.depths) if layer >= first]


@depth.reads(r"# How deep (\d+) tokens? (?:was|were) decided")
def title_of_depth(page: Page, truth: DepthTruth, tokens: str) -> None:
    assert int(tokens) == len(truth.columns)


@depth.reads(rf"{LABEL} (wrote|was given) the response {LABEL}{GIVES}\.")
def response(
    page: Page, truth: DepthTruth, model: str, verb: str, text: str, *rest: str | None
) -> None:
    gives(None if verb == "wrote" else truth.run.evidence, rest)
    assert page.label(model) == truth.made["model"]["name"]
    assert (verb == "wrote") == truth.made["generated"]
    assert page.label(text) == shown(truth.made["target"])


@depth.reads(
    r"A cell is the Jensen-Shannon divergence, in bits, between what the model would say for a "
    r"token at a layer and what it says at its last layer: 0 is the same, 1 has nothing in common\."
)
def cell_of_depth(page: Page, truth: DepthTruth) -> None:
    assert truth.run.heatmap.quantity.bounds == (0.0, 1.0) and truth.unit == "bits"


@depth.reads(
    r"Intermediate layers are read (through the final norm|without the final norm|through affine "
    r"translators trained for each layer|through their average effect on the last layer) "
    r"?(\(the usual logit lens\)|\(the tuned lens\)|\(the Jacobian lens\)|)"
    r"(?:, translators ([0-9a-f]{12}))?\."
)
def lens(page: Page, truth: DepthTruth, words: str, name: str, fit: str | None) -> None:
    translators = truth.made.get("translators")
    assert fit == (None if translators is None else translators["sha256"][:12])
    assert (words, name) == {
        "norm": ("through the final norm", "(the usual logit lens)"),
        "raw": ("without the final norm", ""),
        "tuned": ("through affine translators trained for each layer", "(the tuned lens)"),
        "jacobian": ("through their average effect on the last layer", "(the Jacobian lens)"),
    }[truth.made["lens"]]


@depth.reads(
    rf"A token settles at the first layer with at most {NUMBER} bits, at the last, (\d+), where "
    r"none before has\."
)
def settles(page: Page, truth: DepthTruth, threshold: str, last: str) -> None:
    assert float(threshold) == truth.made["threshold"] and int(last) == truth.last
    assert truth.depths == truth.run.settling_depth.tolist()


@depth.reads(
    rf"The median token settles at layer {NUMBER} of (\d+); {COUNT} of {COUNT} tokens? settle "
    rf"deep, at layer (\d+) or later: the deep-thinking ratio is {NUMBER}\."
)
def ratio(page: Page, truth: DepthTruth, *groups: str) -> None:
    middle, layers, deep, of, first, share = groups
    assert float(middle) == median(truth.depths) and int(layers) == truth.last
    assert (whole(deep), whole(of)) == (len(truth.deep), len(truth.columns))
    assert says(share, len(truth.deep) / len(truth.columns))
    assert int(first) == math.ceil(round(truth.made["depth_fraction"] * truth.last, 9))


@depth.reads(
    r"(\d+) rows?, bottom to top, layers 1 to (\d+); the last layer, (\d+), compared with itself, "
    r"is 0 and not drawn\."
)
def layers(page: Page, truth: DepthTruth, rows: str, last_drawn: str, last: str) -> None:
    assert int(rows) == int(last_drawn) == int(last) - 1 == len(truth.values)


@depth.reads(
    r"Median over the tokens, in bits: (.*?); it (?:is first at most (\S+) at layer (\d+)|stays "
    r"above (\S+) at every layer drawn)\."
)
def profile(page: Page, truth: DepthTruth, levels: str, first: str, layer: str, never: str) -> None:
    told = [
        (int(number), value)
        for number, value in re.findall(r"layer (\d+) (no value|\d\.\d{4})", levels)
    ]
    assert len(told) == min(5, len(truth.values))
    assert [told[0][0], told[-1][0]] == [1, len(truth.values)]
    for number, value in told:
        counted = any(map(math.isfinite, truth.values[number - 1]))
        assert says(value, truth.median_at(number)) if counted else value == "no value"
    below = [
        number
        for number in range(1, truth.last)
        if any(map(math.isfinite, truth.values[number - 1]))
        and truth.median_at(number) <= truth.made["threshold"]
    ]
    assert float(first or never) == truth.made["threshold"]
    assert (int(layer) == below[0]) if layer else not below


@depth.reads(
    rf"{COUNT} of {COUNT} cells? (?:has|have) no finite value \({COUNT} not a number\) and "
    rf"(?:is|are) left out of every number below: (.*?)(?:; and {COUNT} more)?\."
)
def gaps(page: Page, truth: DepthTruth, count: str, of: str, kind: str, *groups: str) -> None:
    places, more = groups
    missing = [
        (layer, place)
        for layer, line in enumerate(truth.values, 1)
        for place, value in enumerate(line)
        if math.isnan(value)
    ]
    assert whole(count) == whole(kind) == len(missing)
    assert whole(of) == len(truth.columns) * len(truth.values)
    told = items(rf"layer (\d+) and the {ORDINAL} token {LABEL}", places)
    named = [(int(layer), ordinal(number, ending)) for layer, number, ending, _ in told]
    assert named == missing[:8] and whole(more or "0") == len(missing) - len(told)


@depth.reads(rf"{COUNT} of {COUNT} cells? \({PERCENT}\) are at most {NUMBER} bits\.")
def decided(page: Page, truth: DepthTruth, count: str, of: str, share: str, limit: str) -> None:
    below = sum(truth.values[r][c] <= truth.made["threshold"] for r, c in truth.cells)
    assert (whole(count), whole(of)) == (below, len(truth.cells))
    assert says(share, 100 * below / len(truth.cells)) and float(limit) == truth.made["threshold"]


@depth.reads(rf"Settling layers in the order of the text: (.*?)(?: and {COUNT} more)?\.")
def every_token(page: Page, truth: DepthTruth, tokens: str, more: str | None) -> None:
    told = items(rf"{LABEL} (\d+)", tokens, ", ")
    expected = list(zip(map(shown, truth.columns), truth.depths, strict=True))
    assert [(page.label(label), int(layer)) for label, layer in told] == expected[:60]
    assert whole(more or "0") == len(expected) - len(told)


@depth.reads(rf"(Earliest|Latest) to settle, at layer (\d+): (.*?)(?: and {COUNT} more)?\.")
def ends(
    page: Page, truth: DepthTruth, which: str, layer: str, tokens: str, more: str | None
) -> None:
    best = min(truth.depths) if which == "Earliest" else max(truth.depths)
    assert int(layer) == best and (which == "Earliest" or not truth.deep)
    told = [ordinal(number, ending) for _, number, ending in items(SHORT, tokens, ", ")]
    expected = [place for place, own in enumerate(truth.depths) if own == best]
    assert told == expected[:20] and whole(more or "0") == len(expected) - len(told)


@depth.reads(
    rf"The {COUNT} tokens? that settles? deep, the latest first: (.*?)(?: and {COUNT} more)?\."
)
def late(page: Page, truth: DepthTruth, count: str, tokens: str, more: str | None) -> None:
    told = []
    for label, number, ending, layer in items(rf"{SHORT} (\d+)", tokens, ", "):
        told.append(ordinal(number, ending))
        assert page.label(label) == shown(truth.columns[told[-1]])
        assert int(layer) == truth.depths[told[-1]]
    assert told == sorted(truth.deep, key=lambda place: (-truth.depths[place], place))[:20]
    assert whole(count) == len(truth.deep) == len(told) + whole(more or "0")


@depth.reads(r"Median settling layer by role, with the range: (.*)\.")
def by_role(page: Page, truth: DepthTruth, parts: str) -> None:
    roles = roles_of(truth.columns)
    told = items(rf"{COUNT} ([a-z][a-z ]*?) at {NUMBER}(?: \((\d+) to (\d+)\))?", parts)
    medians = []
    for count, noun, middle, low, high in told:
        role = noun if whole(count) == 1 else noun.removesuffix("s")
        own = [truth.depths[place] for place, found in enumerate(roles) if found == role]
        assert whole(count) == len(own) > 0 and float(middle) == median(own)
        assert (int(low or middle), int(high or middle)) == (min(own), max(own))
        medians.append(median(own))
    assert len(told) == len(set(roles)) > 1 and medians == sorted(medians)


@depth.reads(r"No token occurs twice\.")
def no_repeats(page: Page, truth: DepthTruth) -> None:
    assert len(set(truth.run.heatmap.columns.ids or truth.columns)) == len(truth.columns)


@depth.reads(
    rf"{COUNT} different tokens? occurs? more than once: at the second time {COUNT} settles? "
    rf"earlier than at the first, {COUNT} later, {COUNT} at the same layer; first and second "
    rf"layer: (.*?)(?: and {COUNT} more)?\."
)
def repeats(page: Page, truth: DepthTruth, *groups: str) -> None:
    *counts, pairs, more = groups
    keys = list(truth.run.heatmap.columns.ids or truth.columns)
    twice = []
    for place, key in enumerate(keys):
        if keys[:place].count(key) == 0 and keys.count(key) > 1:
            again = keys.index(key, place + 1)
            twice.append((truth.columns[place], truth.depths[place], truth.depths[again]))
    changes = [second - first for _, first, second in twice]
    assert [whole(count) for count in counts] == [
        len(twice),
        sum(change < 0 for change in changes),
        sum(change > 0 for change in changes),
        changes.count(0),
    ]
    told = items(rf"{LABEL} (\d+) and (\d+)", pairs, ", ")
    assert [(page.label(a), int(b), int(c)) for a, b, c in told] == [
        (shown(label), first, second) for label, first, second in twice[:20]
    ]
    assert whole(more or "0") == len(twice) - len(told)


@depth.reads(
    rf"Of (\d+) sentences the deepest is {LABEL}: {COUNT} of {COUNT} tokens? settles? deep "
    rf"\({PERCENT}\), the median at layer {NUMBER}\."
)
def by_sentence(page: Page, truth: DepthTruth, count: str, text: str, *numbers: str) -> None:
    """Sentences are found by hand: no text here has a full stop that ends none."""
    ends = [place for place, label in enumerate(truth.columns) if label == "."]
    starts = [0, *(end + 1 for end in ends if end + 1 < len(truth.columns))]
    parts = [truth.depths[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]
    deep = [sum(layer in {truth.depths[p] for p in truth.deep} for layer in part) for part in parts]
    share = [hits / len(part) for hits, part in zip(deep, parts, strict=True)]
    best = share.index(max(share))
    assert int(count) == len(parts)
    assert (whole(numbers[0]), whole(numbers[1])) == (deep[best], len(parts[best]))
    assert says(numbers[2], 100 * share[best])
    assert float(numbers[3]) == median(parts[best])
    first = truth.columns[starts[best]].strip("▁")
    assert page.label(text).startswith(first)


@depth.reads(
    rf"Template words \(⟦\d+⟧, ⟦\d+⟧, ⟦\d+⟧; {COUNT} tokens?\) settle at layer {NUMBER} in "
    r"the median, (earlier than|later than|as early as) digits and what follows an operator or "
    rf"equals sign \({COUNT} tokens?\), at layer {NUMBER}\."
)
def template(page: Page, truth: DepthTruth, *groups: str) -> None:
    words, digits = kinds(truth)
    assert (whole(groups[0]), whole(groups[3])) == (len(words), len(digits))
    middle, other = median(words), median(digits)
    assert (float(groups[1]), float(groups[4])) == (middle, other)
    order = ["as early as", "earlier than", "later than"][(middle < other) - (middle > other)]
    assert groups[2] == order


def kinds(truth: DepthTruth) -> tuple[list[int], list[int]]:
    """Return the depths of template words, and of digits and what follows an operator."""
    roles = ["", *roles_of(truth.columns)]
    words, digits = [], []
    for place, (label, layer) in enumerate(zip(truth.columns, truth.depths, strict=True)):
        if roles[place + 1] == "digit" or roles[place] in ("operator", "equals sign"):
            digits.append(layer)
        elif label.strip("▁⏎").lower() in ("the", "is", "."):
            words.append(layer)
    return words, digits


@depth.reads(
    rf"Of {COUNT} tokens? that settles? before the last layer, {COUNT} rises? above {NUMBER} bits "
    r"again at a later one\."
)
def risen(page: Page, truth: DepthTruth, early: str, count: str, limit: str) -> None:
    before = [place for place, layer in enumerate(truth.depths) if layer < truth.last]
    again = [
        place
        for place in before
        if any(
            line[place] > truth.made["threshold"] for line in truth.values[truth.depths[place] :]
        )
    ]
    assert (whole(early), whole(count)) == (len(before), len(again))
    assert float(limit) == truth.made["threshold"]


@depth.reads(
    r"(The map tells from which layer on the last layer's words could be read off\. An earlier "
    r"layer may know a token in a form that this reading does not find|A token that settles late "
    r"was decided late; that does not make it hard, or right|Numbers read without the final norm "
    r"do not compare with those read through it)\."
)
def limits(page: Page, truth: DepthTruth, words: str) -> None:
    assert not words.startswith("Numbers") or truth.made["lens"] == "raw"
