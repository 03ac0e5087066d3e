"""What is said in the short accounts of further kinds of runs, checked against plain Python."""

import math
from statistics import fmean, median
from typing import Any

import numpy as np

import bathyscope as bs
from bathyscope.core.intervals import student_quantile
from tests.description.reader import COUNT, LABEL, Page, Rules, says, whole
from tests.description.short_sentences import (
    CONVENTION,
    MARGIN,
    NAME,
    UNIT,
    VALUE,
    attribution,
    beginning,
    check_convention,
    number,
    position,
    told,
)

given = attribution.named("caution")


interactions = Rules(*given)


def margins(run: bs.InteractionRun) -> Any:
    if run.standard_error is None:
        return np.zeros(run.heatmap.values.shape)
    return run.standard_error * student_quantile(run.degrees_of_freedom or 1)


PAIR = rf"{NAME} and {NAME} %s each other most, {VALUE}{MARGIN} nats"


@interactions.reads(
    rf"In {LABEL}, of {COUNT} features?, (?:(?:{PAIR % 'complement'})?(?:; )?"
    rf"(?:{PAIR % 'replace'})?|(no pair clearly complements or replaces each other|no pair has a "
    r"value|there is no pair))\."
)
def pairs(page: Page, run: bs.InteractionRun, text: str, count: str, *groups: Any) -> None:
    values, labels = run.heatmap.values, run.heatmap.columns.labels
    assert whole(count) == len(labels) and beginning(page, text, run.provenance["target"])
    above = [(i, j) for i in range(len(labels)) for j in range(i + 1, len(labels))]
    known = [where for where in above if math.isfinite(values[where])]
    limit = max((abs(values[where]) for where in known), default=0.0) / 20
    notable = [w for w in known if abs(values[w]) > max(limit, margins(run)[w])]
    for sign, (one, _, _, two, _, _, value, margin) in ((1, groups[:8]), (-1, groups[8:16])):
        best = max((sign * values[where] for where in notable), default=0.0)
        assert (one is not None) == (best > 0)
        if one is not None:
            where = position(page, one, labels), position(page, two, labels)
            assert sign * values[where] == best and told(value, values[where])
            assert (margin is None) == (run.standard_error is None)
            assert margin is None or math.isclose(
                number(margin), margins(run)[where], rel_tol=0.051
            )
    silent = groups[16]
    assert bool(silent) == (not notable)
    assert (silent == "there is no pair") == (not above)
    assert (silent == "no pair has a value") == (bool(above) and not known)


@interactions.reads(rf"The largest Shapley value is {VALUE}{MARGIN} nats, of {NAME}\.")
def alone(page: Page, run: bs.InteractionRun, value: str, _: Any, name: str, *rest: Any) -> None:
    diagonal = run.heatmap.values.diagonal()
    clear = np.abs(diagonal) > margins(run).diagonal()
    place = position(page, name, run.heatmap.columns.labels)
    assert clear[place] and told(value, diagonal[place])
    assert abs(diagonal[place]) == np.abs(diagonal[clear]).max()


@interactions.reads(
    rf"Sampled from {COUNT} sets: ± is half a 95 % interval, {COUNT} of {COUNT} cells may be 0\."
)
def sampled(page: Page, run: bs.InteractionRun, sets: str, unclear: str, of: str) -> None:
    values = run.heatmap.values
    finite = np.isfinite(values)
    assert whole(sets) == run.provenance["method"]["evaluations"] and whole(of) == finite.sum()
    assert whole(unclear) == (finite & ~(np.abs(values) > margins(run))).sum()


@interactions.reads(rf"{COUNT} (?:cell|point)s? without a finite value counts? nowhere\.")
def unknown(page: Page, run: Any, count: str) -> None:
    assert whole(count) == (~np.isfinite(run.heatmap.values)).sum() > 0


settling = Rules(*given)


@settling.reads(
    rf"(?:The {COUNT} tokens of {LABEL} settle at layer ([\d.]+)(?: of (\d+))? in the median, from "
    rf"(\d+) to (\d+)|All {COUNT} tokens of {LABEL} settle at layer (\d+)(?: of (\d+))?|The one "
    rf"token of {LABEL} settles at layer (\d+)(?: of (\d+))?)\."
)
def layers(page: Page, run: bs.SettlingRun, *groups: Any) -> None:
    depths = run.settling_depth.tolist()
    of = groups[3] or groups[9] or groups[12]
    assert (None if of is None else int(of)) == run.num_layers
    if groups[0]:
        assert whole(groups[0]) == len(depths) and float(groups[2]) == median(depths)
        assert (int(groups[4]), int(groups[5])) == (min(depths), max(depths))
    elif groups[6]:
        assert whole(groups[6]) == len(depths) > 1 and set(depths) == {int(groups[8])}
    else:
        assert depths == [int(groups[11])]


@settling.reads(
    rf"(?:{COUNT} of them settles?|None settles) deep, at layer (\d+) or later: the deep-thinking "
    rf"ratio is ([\d.]+) {CONVENTION}\."
)
def ratio(page: Page, run: bs.SettlingRun, deep: str, first: str, share: str, *how: str) -> None:
    own = run.settling_depth >= int(first)
    assert int(first) == run.provenance["deep_layer"] and whole(deep or "0") == own.sum()
    assert says(share, own.mean())
    check_convention(run.provenance, *how)


groups_of_depth = Rules(*given)
DEEP = rf"{COUNT} of {COUNT} tokens? settles? deep(?:, 95 % interval ([\d.]+) to ([\d.]+))?"


def check_deep(group: Any, deep: str, of: str, low: str | None, high: str | None) -> None:
    assert (whole(deep), whole(of)) == (group.deep, group.tokens)
    interval = group.deep_share_interval
    assert (low is None) == (interval is None)
    assert low is None or (says(low, interval.low) and says(high or "", interval.high))


@groups_of_depth.reads(
    rf"(?:Of {COUNT} (sentence|word|role)s of {LABEL}, (?:(none) has a token that settles deep|the "
    rf"deepest is {LABEL}(?: \(as {COUNT} more\))?: {DEEP})|In the one (sentence|word|role) of "
    rf"{LABEL} {DEEP})\."
)
def deepest(page: Page, run: bs.DepthGroupsRun, *g: Any) -> None:
    count, by, text, none, label, ties = g[:6]
    shares = [group.deep / group.tokens for group in run.groups]
    assert (by or g[10]) == run.by and beginning(page, text or g[11], run.text or "")
    assert whole(count or "1") == len(run.groups) and bool(none) == (
        not max(shares) and bool(count)
    )
    if label is not None:
        best = [
            group for group, share in zip(run.groups, shares, strict=True) if share == max(shares)
        ]
        assert beginning(page, label, best[0].label) and whole(ties or "0") == len(best) - 1
        check_deep(best[0], *g[6:10])
    elif not none:
        check_deep(run.groups[0], *g[12:16])


@groups_of_depth.reads(
    rf"The median layer is latest in {LABEL} \(([\d.]+)\), earliest in {LABEL} \(([\d.]+)\)\."
)
def latest(page: Page, run: bs.DepthGroupsRun, late: str, last: str, early: str, one: str) -> None:
    medians = [group.median_layer for group in run.groups]
    assert float(last) == max(medians) > float(one) == min(medians)
    for label, value in ((late, max(medians)), (early, min(medians))):
        assert beginning(page, label, run.groups[medians.index(value)].label)


@groups_of_depth.reads(
    rf"Deep is layer (\d+) of (\d+) or later: of all {COUNT} tokens? a share of ([\d.]+) "
    rf"{CONVENTION}\."
)
def share(page: Page, run: bs.DepthGroupsRun, *g: str) -> None:
    tokens = sum(group.tokens for group in run.groups)
    assert (int(g[0]), int(g[1])) == (run.provenance["deep_layer"], len(run.heatmap.rows))
    assert whole(g[2]) == tokens
    assert says(g[3], sum(group.deep for group in run.groups) / tokens)
    check_convention(run.provenance, *g[4:])


think = Rules()
ANSWER = rf"(nothing|({LABEL}|an empty text) \({COUNT} votes?(?:, a tie of {COUNT} answers)?\))"


def check_answer(page: Page, answers: list[str | None], g: Any) -> None:
    """Check an answer: no other is given more often, and how many are given as often."""
    said, quote, _, votes, tie = g
    counts = [answers.count(one) for one in answers if one is not None]
    if said == "nothing":
        assert not counts
        return
    won = [one for one in answers if one is not None and beginning(page, quote, one)]
    assert whole(votes) == max(counts) and any(answers.count(one) == max(counts) for one in won)
    best = {one for one in answers if one is not None and answers.count(one) == max(counts)}
    assert whole(tie or "1") == len(best)


@think.reads(
    rf"{COUNT} of {COUNT} samples(, (?:those that begin|the one that begins) deepest,)? answers? "
    rf"{ANSWER}\."
)
def chosen(page: Page, run: bs.ThinkRun, kept: str, of: str, which: str | None, *g: Any) -> None:
    own = [sample.answer for sample in run.samples if sample.kept]
    assert (whole(kept), whole(of)) == (len(own), len(run.samples))
    assert bool(which) == (len(own) < len(run.samples))
    check_answer(page, own, g)


@think.reads(
    rf"All {COUNT}, finished, answer (?:(the same)|{ANSWER}) and take {COUNT} tokens instead of "
    rf"{COUNT}\."
)
def every(page: Page, run: bs.ThinkRun, count: str, same: str, *g: Any) -> None:
    *answer, tokens, instead = g
    assert whole(count) == len(run.samples)
    assert bool(same) == (run.all_answer == run.answer)
    if not same:
        check_answer(page, [sample.answer for sample in run.samples], answer)
    assert whole(tokens) == sum(sample.tokens for sample in run.samples)
    assert whole(instead) == run.cost.tokens


@think.reads(
    rf"The mean deep-thinking ratio of the first {COUNT} tokens or less is ([\d.]+) of the kept"
    rf"(?:, ([\d.]+) of the others)? \(deep: settled at layer (\d+) of (\d+) or later, at ([\d.]+) "
    r"bits or less\)\."
)
def ratios(page: Page, run: bs.ThinkRun, prefix: str, kept: str, others: str, *g: str) -> None:
    by_kept = {
        which: [one.deep_thinking_ratio for one in run.samples if one.kept is which]
        for which in (True, False)
    }
    assert whole(prefix) == run.settings["prefix"] and says(kept, fmean(by_kept[True]))
    assert (others is None) == (not by_kept[False])
    assert others is None or says(others, fmean(by_kept[False]))
    assert [int(g[0]), int(g[1])] == [run.provenance["deep_layer"], run.num_layers]
    assert float(g[2]) == run.settings["threshold"]


@think.reads(r"That samples agree does not make an answer right\.")
def agree(page: Page, run: bs.ThinkRun) -> None:
    pass  # what a vote is


faithfulness = Rules(*given, *interactions.named("unknown"))


@faithfulness.reads(
    rf"(?:The only map|The most faithful of {COUNT} maps) of {COUNT} features?, {LABEL}, has the "
    rf"area {VALUE} nats \(random orders 0, higher is better\)\."
)
def best(page: Page, run: bs.FaithfulnessRun, maps: str, of: str, name: str, area: str) -> None:
    areas = [area_of(run, index) for index in range(len(run.maps))]
    assert whole(maps or "1") == len(areas) and whole(of) == len(run.features)
    assert beginning(page, name, run.maps[areas.index(max(areas))].name)
    assert told(area, max(areas))


def losses(run: bs.FaithfulnessRun, index: int) -> tuple[float, float]:
    """Return comprehensiveness and sufficiency of a map, from its curves alone."""
    deletion, insertion = run.heatmap.values.tolist()[2 * index : 2 * index + 2]
    loss = fmean(deletion[0] - value for value in deletion)
    return loss, fmean(insertion[-1] - value for value in insertion)


def area_of(run: bs.FaithfulnessRun, index: int) -> float:
    loss, lack = losses(run, index)
    return loss - lack


@faithfulness.reads(
    rf"Removing its top costs (?:no more and no less|{VALUE} nats (more|less)) than random orders, "
    rf"keeping only its top costs (?:no more and no less|{VALUE} nats (more|less))\."
)
def against_random(page: Page, run: bs.FaithfulnessRun, *g: str | None) -> None:
    score, pairs = run.random.comprehensiveness, run.random.pairs
    margin = 0.0
    if pairs is not None:
        margin = (run.random.comprehensiveness_error or 0.0) * student_quantile(pairs - 1)
    for own, (size, which) in zip(losses(run, 0), (g[:2], g[2:]), strict=True):
        assert (size is None) == (not abs(own - score) > margin)
        assert size is None or told(size, abs(own - score))
        assert size is None or (which == "more") == (own > score)


@faithfulness.reads(rf"It ranks {LABEL} first\.")
def first(page: Page, run: bs.FaithfulnessRun, label: str) -> None:
    assert beginning(page, label, run.features[run.maps[0].order[0]])


chain = Rules(*given)
PASSAGE = rf"(part|step) (\d+) \({LABEL}\)"


def column_of(page: Page, run: bs.ChainRun, kind: str, place: str, label: str) -> int:
    column = int(place) - 1 + (run.parts if kind == "step" else 0)
    assert beginning(page, label, run.heatmap.columns.labels[column])
    return column


@chain.reads(
    rf"By (\w+) \(([\w-]+)\), the answer {LABEL} (?:clearly owes (nothing) to any passage|owes "
    rf"most to {PASSAGE}: {VALUE}{MARGIN}{UNIT}(?:; of the steps most to {PASSAGE}: {VALUE}"
    rf"{UNIT})?)\."
)
def owes(page: Page, run: bs.ChainRun, reading: str, _: str, answer: str, *g: Any) -> None:
    assert reading == run.reading
    assert beginning(page, answer, run.heatmap.rows.labels[-1])
    values = run.heatmap.values[-1]
    margin = np.zeros(len(values)) if run.margin is None else run.margin[-1]
    clear = np.where(np.abs(values) > margin, values, -np.inf)
    assert bool(g[0]) == (not clear.max() > 0)
    if g[0]:
        return
    column = column_of(page, run, *g[1:4])
    assert clear[column] == clear.max() and told(g[4], values[column])
    if g[7] is not None:
        step = column_of(page, run, *g[7:10])
        assert clear[step] == clear[run.parts :].max() and told(g[10], values[step])


@chain.reads(rf"All that stands before it changes it by {VALUE}{UNIT}\.")
def together(page: Page, run: bs.ChainRun, value: str, _: str) -> None:
    assert run.all is not None and run.none is not None
    assert told(value, float(run.all[-1] - run.none[-1]))


@chain.reads(rf"Of {COUNT} steps?, nothing depends on {PASSAGE}(?: and {COUNT} more)?\.")
def unused(page: Page, run: bs.ChainRun, steps: str, kind: str, *g: Any) -> None:
    values = np.abs(run.heatmap.values)
    margin = np.zeros_like(values) if run.margin is None else run.margin
    idle = []
    for column in range(run.parts, values.shape[1]):
        later = range(column - run.parts + 1, len(values))
        notable = [
            row
            for row in later
            if values[row, column] > max(margin[row, column], values[row].max() / 20)
        ]
        idle += [] if notable else [column]
    assert whole(steps) == values.shape[1] - run.parts
    assert column_of(page, run, kind, *g[:2]) == idle[0] and whole(g[2] or "0") == len(idle) - 1


@chain.reads(r"([\d.]+) % of what supports the answer goes straight to the prompt\.")
def straight(page: Page, run: bs.ChainRun, share: str) -> None:
    positive = np.maximum(run.heatmap.values[-1], 0.0)
    assert says(share, 100 * positive[: run.parts].sum() / positive.sum())


@chain.reads(rf"Sampled: {COUNT} of {COUNT} cells? may be 0\.")
def doubt(page: Page, run: bs.ChainRun, unclear: str, of: str) -> None:
    values, margin = run.heatmap.values, run.margin
    assert margin is not None
    shape = values.shape
    cells = [(r, c) for r in range(shape[0]) for c in range(run.parts + r)]
    assert whole(of) == len(cells)
    assert whole(unclear) == sum(not abs(values[where]) > margin[where] for where in cells)
