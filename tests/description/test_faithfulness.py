"""Faithfulness, described and read back."""

import math
from dataclasses import replace

import numpy as np
from scipy import stats

import bathyscope as bs
from tests.conftest import tiny
from tests.description.evidence_sentences import GIVES, evidence, gives
from tests.description.reader import (
    COUNT,
    LABEL,
    NUMBER,
    SHORT,
    Page,
    Rules,
    items,
    ordinal,
    page,
    says,
    whole,
)
from tests.description.truth import shown

PROMPT = bs.Prompt.marked("Q: [[9 + 3]]\nA: [[12]]\n[[Q: 1]]\nA:[[ 2]]\nQ: 5?\nA:")
Run = bs.FaithfulnessRun

rules = Rules(*evidence.rules)


def curve(run: Run, name: str, of: str) -> list[float]:
    """Return the curve of a map from the heatmap's rows: deletion, insertion, in turn."""
    index = [ranked.name for ranked in run.maps].index(name)
    values: list[float] = run.heatmap.values.tolist()[2 * index + (of == "insertion")]
    return values


def scores(run: Run, name: str) -> tuple[float, float]:
    """Return comprehensiveness and sufficiency from the curves alone."""
    deletion, insertion = (curve(run, name, of) for of in ("deletion", "insertion"))
    return (
        math.fsum(deletion[0] - value for value in deletion) / len(deletion),
        math.fsum(insertion[-1] - value for value in insertion) / len(insertion),
    )


@rules.reads(r"# How faithful (\d+) maps? of (\d+) features? (?:is|are)")
def title(page: Page, run: Run, maps: str, features: str) -> None:
    assert (int(maps), int(features)) == (len(run.maps), len(run.features))


@rules.reads(rf"{LABEL} (wrote|was given) the continuation {LABEL}{GIVES}\.")
def given(page: Page, run: Run, model: str, verb: str, text: str, *rest: str | None) -> None:
    gives(None if verb == "wrote" else run.evidence, rest)
    made = run.heatmap.provenance
    assert page.label(model) == made["model"]["name"] and page.label(text) == shown(made["target"])
    assert (verb == "wrote") == made["generated"]


@rules.reads(
    r"A point of a curve is the log-probability of all of it, in nats, after features were removed "
    r"from the whole prompt \(deletion\) or added to the empty one \(insertion\), those with the "
    rf"highest attribution first; an absent feature is (?:left out|replaced by {LABEL})\."
)
def point(page: Page, run: Run, baseline: str | None) -> None:
    given = run.heatmap.provenance["baseline"]
    assert given == "" if baseline is None else page.label(baseline) == given


@rules.reads(
    r"Comprehensiveness is the mean loss on deletion \(high is faithful\), sufficiency the mean "
    r"lack on insertion \(low is faithful\), the area their difference\."
)
def terms(page: Page, run: Run) -> None:
    for ranked in run.maps:
        loss, lack = scores(run, ranked.name)
        assert math.isclose(ranked.comprehensiveness, loss, abs_tol=1e-9)
        assert math.isclose(ranked.sufficiency, lack, abs_tol=1e-9)


@rules.reads(
    rf"The largest area is that of the map {LABEL}, {NUMBER} nats; that of random orders is 0\."
)
def best(page: Page, run: Run, name: str, area: str) -> None:
    areas = {ranked.name: np.subtract(*scores(run, ranked.name)) for ranked in run.maps}
    assert math.isclose(areas[page.label(name)], max(areas.values()), abs_tol=1e-9)
    assert says(area, max(areas.values()))


@rules.reads(r"Rows: (\d+) curves, deletion and insertion of each map, then of random orders\.")
def curves(page: Page, run: Run, count: str) -> None:
    assert int(count) == len(run.heatmap.values)


@rules.reads(r"Columns, left to right: 0 to (\d+) features? removed or added\.")
def columns(page: Page, run: Run, features: str) -> None:
    assert int(features) == run.heatmap.values.shape[1] - 1


@rules.reads(rf"With every feature ln p = {NUMBER} nats, with none {NUMBER}\.")
def both_ends(page: Page, run: Run, everything: str, nothing: str) -> None:
    assert says(everything, run.heatmap.values[0, 0]) and says(nothing, run.heatmap.values[1, 0])


@rules.reads(rf"{LABEL}: area {NUMBER} nats, comprehensiveness {NUMBER}, sufficiency {NUMBER}\.")
def scored(page: Page, run: Run, name: str, area: str, loss: str, lack: str) -> None:
    found = scores(run, page.label(name))
    assert says(loss, found[0]) and says(lack, found[1]) and says(area, found[0] - found[1])


@rules.reads(rf"{LABEL} ranks from the top: (.*?)(?: and {COUNT} more)?\.")
def ranking(page: Page, run: Run, name: str, features: str, more: str | None) -> None:
    told = items(SHORT, features, ", ")
    order = next(ranked.order for ranked in run.maps if ranked.name == page.label(name))
    assert [ordinal(number, ending) for _, number, ending in told] == list(order[:5])
    assert [page.label(label) for label, _, _ in told] == [run.features[i] for i in order[:5]]
    assert whole(more or "0") == len(order) - len(told)


@rules.reads(
    rf"{LABEL}: lowest on deletion {NUMBER} nats, after (\d+) of (\d+) features?; highest on "
    rf"insertion {NUMBER} nats, after (\d+)\."
)
def course(page: Page, run: Run, name: str, *groups: str) -> None:
    low, removed, features, high, added = groups
    for value, changed, of, extreme in (
        (low, removed, "deletion", min),
        (high, added, "insertion", max),
    ):
        own = [number for number in curve(run, page.label(name), of) if math.isfinite(number)]
        every = curve(run, page.label(name), of)
        assert every.index(extreme(own)) == int(changed) and says(value, extreme(own))
    assert int(features) == len(run.features)


@rules.reads(
    rf"Random orders: comprehensiveness and sufficiency are both {NUMBER}(?: ± {NUMBER})? nats, "
    rf"(?:the mean over all orders|mean and standard error over {COUNT} random orders?, each with "
    r"its reverse)\."
)
def at_random(page: Page, run: Run, score: str, error: str | None, pairs: str | None) -> None:
    every = run.heatmap.values.tolist()[-2]
    assert says(score, math.fsum(every[0] - value for value in every) / len(every))
    assert (error is None) == (pairs is None) == (run.random.pairs is None)
    if error is not None and pairs is not None:
        assert says(error, run.random.comprehensiveness_error or 0.0)
        assert whole(pairs) == run.random.pairs


@rules.reads(
    rf"{LABEL}: removing its top costs (no more and no less|{NUMBER} nats (more|less)) than random "
    rf"orders, keeping only its top (no more and no less|{NUMBER} nats (more|less))\."
)
def against_random(page: Page, run: Run, name: str, *groups: str) -> None:
    loss, lack = scores(run, page.label(name))
    every = run.heatmap.values.tolist()[-2]
    score = math.fsum(every[0] - value for value in every) / len(every)
    margin = 0.0
    if run.random.pairs is not None:
        quantile = float(stats.t.ppf(0.975, run.random.pairs - 1))
        margin = quantile * (run.random.comprehensiveness_error or 0.0)
    for (_, amount, which), difference, above in (
        (groups[:3], loss - score, "more"),
        (groups[3:], lack - score, "more"),
    ):
        assert (amount is None) == (abs(difference) <= margin)
        if amount is not None:
            assert says(amount, abs(difference)) and (which == above) == (difference > 0)


@rules.reads(rf"The reverse of the ranking by {LABEL} is the more faithful one\.")
def reverse(page: Page, run: Run, name: str) -> None:
    assert np.subtract(*scores(run, page.label(name))) < 0


@rules.reads(
    rf"Two halves of the samples of {LABEL} agree on the ranking with Spearman's ρ = {NUMBER}\."
)
def halves(page: Page, run: Run, name: str, agreement: str) -> None:
    own = next(ranked for ranked in run.maps if ranked.name == page.label(name))
    assert own.half_agreement is not None and says(agreement, own.half_agreement)


@rules.reads(
    r"(The scores test the ranking over the whole continuation, not the sizes of cells and not "
    r"single tokens|A faithful map tells what this model needed for this continuation; whether the "
    r"continuation is right it does not tell)\."
)
def limits(page: Page, run: Run, words: str) -> None:
    pass  # what the scores are by definition


def read(run: Run) -> Page:
    """Read a description back; nothing that must be said may be missing."""
    found = page(bs.describe(run))
    rules.read(found, run)
    for name in ("scored", "ranking", "course", "against_random"):
        assert found.told.count(name) == len(run.maps)
    negative = sum(ranked.area < 0 for ranked in run.maps)
    assert found.told.count("reverse") == negative
    agreed = sum(ranked.half_agreement is not None for ranked in run.maps)
    assert found.told.count("halves") == agreed
    assert {"title", "given", "best", "curves", "columns", "both_ends", "at_random"} <= set(
        found.told
    )
    return found


def test_several_maps() -> None:
    methods = ["leave_one_out", "shapley"]
    read(bs.evaluate(tiny("llama"), PROMPT, " 00", methods=methods, baseline="?"))


def test_a_sampled_map_against_sampled_orders() -> None:
    prompt = bs.Prompt.segmented("a b c d e f g h i j k l : ", "words")
    run = bs.evaluate(tiny("llama"), prompt, "x", methods=["shapley"], budget=300, seed=3)
    assert "halves" in read(run).told


def test_a_map_worse_than_its_reverse() -> None:
    run = bs.evaluate(tiny("llama"), PROMPT, " 00", methods=["shapley"])
    values = run.heatmap.values.copy()
    values[0], values[1] = values[1][::-1].copy(), values[0][::-1].copy()
    ranked = replace(
        run.maps[0],
        order=run.maps[0].order[::-1],
        comprehensiveness=run.maps[0].sufficiency,
        sufficiency=run.maps[0].comprehensiveness,
        area=-run.maps[0].area,
    )
    turned = replace(run, heatmap=replace(run.heatmap, values=values), maps=(ranked,))
    assert ("reverse" in read(turned).told) == (ranked.area < 0)
