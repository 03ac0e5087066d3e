"""What is said of attributions and interactions, checked against plain Python."""

import math
from collections.abc import Sequence

import numpy as np

from tests.description import evidence_sentences, map_sentences
from tests.description.evidence_sentences import GIVES, gives
from tests.description.map_sentences import UNIT, has_margin
from tests.description.reader import (
    COUNT,
    LABEL,
    MARGIN,
    NUMBER,
    ORDINAL,
    SHORT,
    THE,
    Page,
    Rules,
    items,
    ordinal,
    says,
    whole,
)
from tests.description.truth import Truth, shown

WORDS = {"logprob": "nats of log-probability", "logit": "logits", "probability": "probability"}
METHODS = {
    "shapley": "its (exact|sampled) Shapley value, the effect of adding it averaged over all "
    "orders in which features can be added",
    "leave_one_out": "what is lost when it alone is taken out of the whole prompt",
    "banzhaf": "its (exact|sampled) Banzhaf value, the effect of adding it averaged over all sets "
    "of other features",
    "saliency": "the length of the gradient at its tokens' embeddings, summed",
    "input_x_gradient": "the product of its tokens' embeddings with the gradient, summed",
    "integrated_gradients": "the product of its tokens' embeddings with the gradient, averaged "
    "along a straight path from a baseline embedding, summed",
}

shared = Rules(*evidence_sentences.evidence.rules)


@shared.reads(
    rf"{LABEL} (wrote|was given) the continuation {LABEL}{GIVES}"
    rf"(?:; it is compared with {LABEL}{GIVES})?\."
)
def given(page: Page, truth: Truth, model: str, verb: str, text: str, *rest: str | None) -> None:
    own, against, others = rest[:5], rest[5], rest[6:]
    gives(None if verb == "wrote" else truth.run.evidence, own)
    gives(truth.run.against_evidence, others)
    made = truth.run.heatmap.provenance
    assert page.label(model) == made["model"]["name"]
    assert (verb == "wrote") == made["generated"] and page.label(text) == shown(made["target"])
    other = made.get("against")
    assert other is None if against is None else page.label(against) == shown(other)


@shared.reads(
    r"(An absent feature is left out of the prompt|No text is left out: gradients are read at the "
    rf"whole prompt|An absent feature is replaced by {LABEL})\."
)
def absent(page: Page, truth: Truth, words: str, baseline: str | None) -> None:
    method = truth.run.heatmap.provenance["method"]
    assert ("gradients" in words) == (method["name"] in list(METHODS)[3:])
    if baseline is not None:
        assert page.label(baseline) == shown(method["baseline"]) != ""
    elif "absent" in words:
        assert method["baseline"] == ""


@shared.reads(
    rf"Sampled from {COUNT} sets of features: the largest standard error of a cell is "
    rf"{NUMBER}{UNIT}; the 95 % interval covers 0 in {COUNT} of {COUNT} cells\. What follows ± is "
    r"half the width of that interval\."
)
def sampled(
    page: Page, truth: Truth, sets: str, error: str, unit: str, covered: str, of: str
) -> None:
    run = truth.run
    assert whole(sets) == run.heatmap.provenance["method"]["evaluations"]
    assert (
        says(error, max(map(max, run.standard_error.tolist()[: len(truth.rows)])))
        and (unit or "") == truth.unit
    )
    pairs = [
        (value, margin)
        for values, margins in list(
            zip(run.heatmap.values.tolist(), truth.margins or [], strict=True)
        )[: len(truth.rows)]
        for value, margin in zip(values, margins, strict=True)
    ]
    assert whole(covered) == sum(abs(value) <= margin for value, margin in pairs)
    assert whole(of) == len(pairs)


@shared.reads(
    r"(\d[\d,]*) cells? (?:was|were) not seen to vary among the samples, which does not make "
    r"(?:its|their) value certain: (?:its|their) interval is an upper bound on what samples may "
    r"have missed\."
)
def unvaried(page: Page, truth: Truth, count: str) -> None:
    still = np.isfinite(truth.run.unseen[: len(truth.rows)])
    if truth.run.group_of is not None:
        groups = truth.run.group_of.tolist()
        still = still & [groups.count(one) == 1 for one in groups]
    assert 0 < whole(count) == still.sum()


ABOUT_SHARES = (
    rf"{COUNT} of {COUNT} features? (?:were not measured one by one: each has an even share of the "
    rf"value of its group \((?:one group|{COUNT} groups) in all\), and its own effect may be "
    rf"another(?:, by at most {NUMBER}{UNIT})?)\."
)


def check_shares(truth: Truth, features: str, of: str) -> None:
    """Check how many features share the values of groups."""
    groups = truth.run.group_of.tolist()
    assert 0 < whole(features) == sum(groups.count(one) > 1 for one in groups)
    assert whole(of) == len(groups)


attribution = Rules(*map_sentences.rules.rules, *shared.rules)


@attribution.reads(ABOUT_SHARES)
def shares(
    page: Page,
    truth: Truth,
    features: str,
    of: str,
    several: str | None,
    off: str | None,
    unit: str | None,
) -> None:
    check_shares(truth, features, of)
    groups = truth.run.group_of.tolist()
    large = {one for one in groups if groups.count(one) > 1}
    assert whole(several or "1") == len(large)
    rows = truth.run.unseen[: len(truth.rows)]
    bounds = [row[at] for row in rows.tolist() for at, one in enumerate(groups) if one in large]
    known = [bound for bound in bounds if bound == bound]
    assert (off is None) == (not known)
    if off is not None:
        assert says(off, max(known)) and (unit or "") == truth.unit


@attribution.reads(
    r"# What drove (?:(\d+) tokens?|a whole continuation): attribution to (\d+) features?"
)
def title_of_run(page: Page, truth: Truth, tokens: str | None, features: str) -> None:
    assert int(tokens or 1) == len(truth.rows) and int(features) == len(truth.columns)
    assert (tokens is None) == (truth.row_noun == "row")


@attribution.reads(
    r"A cell says how (?:much a feature of the prompt (supported|favoured)(?: the first)? \(\+\) "
    r"or (?:opposed|the second) \(-\)(?: a token)?|strongly a token reacts to a feature of the "
    r"prompt, without a direction), in ([a-z -]+): (.*)\."
)
def cell_means(page: Page, truth: Truth, verb: str | None, unit: str, method: str) -> None:
    made = truth.run.heatmap.provenance
    assert verb == (
        None
        if truth.neutral is None
        else "supported"
        if made.get("against") is None
        else "favoured"
    )
    assert unit == (truth.unit if truth.neutral is None else WORDS[made["method"]["of"]])
    defined = METHODS[made["method"]["name"]]
    exactly = "exact" if truth.run.standard_error is None else "sampled"
    assert method == defined.replace("(exact|sampled)", exactly)


@attribution.reads(
    r"A row is a token, or two tokens that stand at the same place in both continuations\. One "
    r"more row, the last, is the whole continuation; no number but those that name it contains it\."
)
def contrast(page: Page, truth: Truth) -> None:
    heatmap = truth.run.heatmap
    assert heatmap.provenance["against"] is not None
    assert heatmap.rows.labels == (*truth.rows, "whole continuation") and len(truth.rows)


@attribution.reads(r"The last row, the whole continuation: (.*)\.")
def last_row(page: Page, truth: Truth, effects: str) -> None:
    last = truth.run.heatmap.values.tolist()[-1]
    told = []
    for label, number, ending, value, _ in items(rf"{SHORT} {NUMBER}{MARGIN}", effects):
        told.append(ordinal(number, ending))
        assert page.label(label) == shown(truth.columns[told[-1]])
        assert says(value, last[told[-1]]) and value[0] in "+-"
    sizes = [abs(last[column]) for column in told]
    assert sizes == sorted(map(abs, last), reverse=True)[:6]


@attribution.reads(
    r"In ([a-z -]+), summed over its tokens, (the whole continuation|the difference of the two "
    rf"whole continuations) has {NUMBER} with every feature(?: and {NUMBER} with (none|their "
    rf"tokens at the baseline embedding): together the features change it by {NUMBER})?\."
)
def whole_target(
    page: Page, truth: Truth, unit: str, what: str, every: str, none: str, path: str, change: str
) -> None:
    run, made = truth.run, truth.run.heatmap.provenance
    ends = [
        values[-1] if "difference" in what else math.fsum(values)
        for values in (run.all.tolist(), run.none.tolist())
    ]
    assert ("difference" in what) == (made.get("against") is not None)
    assert says(every, ends[0]) and unit == WORDS[made["method"]["of"]]
    assert (none is None) == math.isnan(ends[1])
    if none is not None:
        assert says(none, ends[1]) and says(change, ends[0] - ends[1]) and change[0] in "+-"
        assert (path == "none") == (made["method"]["name"] != "integrated_gradients")


@attribution.reads(
    r"The cells of a row (may be added: they|do not) sum to what all features together do to its "
    rf"token; the largest gap is {NUMBER}(?: ([a-z]+))?, at (?:{THE})\."
)
def complete(page: Page, truth: Truth, verdict: str, gap: str, unit: str, *groups: str) -> None:
    run = truth.run
    gaps = [
        abs(math.fsum(row) - (everything - nothing))
        for row, everything, nothing in zip(
            run.heatmap.values.tolist(), run.all.tolist(), run.none.tolist(), strict=True
        )
    ][: len(truth.rows)]
    place = ordinal(*groups[:2])
    assert page.label(groups[3]) == shown(run.heatmap.rows.labels[place])
    assert math.isclose(gaps[place], max(gaps), abs_tol=1e-12)
    assert math.isclose(float(gap), gaps[place], rel_tol=0.06, abs_tol=1e-12)
    count = len(truth.rows)
    largest = max(map(abs, [*run.all.tolist()[:count], *run.none.tolist()[:count]]))
    assert (verdict == "do not") == (max(gaps) > 1e-6 * largest) and (unit or "") == truth.unit


@attribution.reads(
    r"(A large cell does not say whether the feature supports the token or opposes it|"
    r"Gradients tell what a small change would do, not what leaving text out does|"
    r"A prompt with a part left out may read oddly, and that counts as the part's effect|"
    r"The map tells what the text of a feature did to this continuation under this model, among "
    r"these other features. It does not tell what the model attended to, what the rest of the "
    r"prompt did, or whether the continuation is right)\."
)
def limits(page: Page, truth: Truth, words: str) -> None:
    method = truth.run.heatmap.provenance["method"]
    gradients = method["name"] in list(METHODS)[3:]
    assert not words.startswith("A large") or truth.neutral is None
    assert not words.startswith("Gradients") or gradients
    assert not words.startswith("A prompt") or (not gradients and method["baseline"] == "")


pairs = Rules(
    *map_sentences.rules.named("near_zero", "signs", "clear_signs", "symmetry", "axis"),
    *shared.rules,
)


def pair(page: Page, truth: Truth, groups: Sequence[str]) -> tuple[int, int]:
    return truth.place(page, groups[:4]), truth.place(page, groups[4:])


PAIR = rf"of {THE} and {THE}"


@pairs.reads(r"# What (\d+) features? do together")
def title_of_pairs(page: Page, truth: Truth, features: str) -> None:
    assert int(features) == len(truth.columns)


@pairs.reads(rf"Only the {ORDINAL} token {LABEL} is asked about\.")
def one_token(page: Page, truth: Truth, number: str, ending: str, label: str) -> None:
    token = truth.run.heatmap.provenance["token"]
    assert token["position"] == ordinal(number, ending) and page.label(label) == token["label"]


@pairs.reads(
    r"A cell says how much more \(\+: they complement each other\) or less \(−: they replace each "
    r"other\) two features do together than each does alone, in ([a-z -]+): the (exact|sampled) "
    r"second-order Shapley interaction index\."
)
def pair_means(page: Page, truth: Truth, unit: str, exactly: str) -> None:
    assert unit == WORDS[truth.run.heatmap.provenance["method"]["of"]]
    assert (exactly == "exact") == (truth.run.standard_error is None)


@pairs.reads(r"On the diagonal stands the Shapley value of the feature\.")
def diagonal(page: Page, truth: Truth) -> None:
    assert truth.run.heatmap.quantity.name == "interaction"


@pairs.reads(rf"The (largest|smallest) value of a pair is {NUMBER}{MARGIN}{UNIT}, {PAIR}\.")
def extreme_pair(
    page: Page, truth: Truth, which: str, value: str, margin: str, unit: str, *groups: str
) -> None:
    where = pair(page, truth, groups)
    best = max if which == "largest" else min
    assert truth.effect(*where) == best(truth.effect(*place) for place in truth.cells)
    assert says(value, truth.effect(*where)) and has_margin(truth, where, margin)


@pairs.reads(r"The columns, left to right, are the same as the rows\.")
def same(page: Page, truth: Truth) -> None:
    assert truth.run.heatmap.rows.labels == truth.run.heatmap.columns.labels


@pairs.reads(rf"Shapley values, the largest size first: (.*?)(?:; and {COUNT} more)?\.")
def shapley_values(page: Page, truth: Truth, values: str, more: str | None) -> None:
    diagonal = [row[index] for index, row in enumerate(truth.run.heatmap.values.tolist())]
    told = []
    for label, number, ending, value, margin in items(rf"{SHORT} {NUMBER}{MARGIN}", values):
        told.append(ordinal(number, ending))
        assert page.label(label) == shown(truth.columns[told[-1]])
        assert says(value, diagonal[told[-1]])
        assert has_margin(truth, (told[-1], told[-1]), margin)
    sizes = sorted(map(abs, diagonal), reverse=True)
    assert [abs(diagonal[place]) for place in told] == sizes[:6]
    assert whole(more or "0") == len(sizes) - len(told)


def strongest(truth: Truth, sign: int) -> list[float]:
    effects = [
        sign * truth.effect(*where)
        for where in truth.cells
        if truth.clear(where) and not truth.near(where)
    ]
    return sorted((value for value in effects if value > 0), reverse=True)


@pairs.reads(r"Pairs that (complement|replace) each other most: (.*)\.")
def strong_pairs(page: Page, truth: Truth, verb: str, told: str) -> None:
    sign = 1 if verb == "complement" else -1
    found = []
    for value, margin, *groups in items(rf"{NUMBER}{MARGIN} {PAIR}", told):
        where = pair(page, truth, groups)
        assert says(value, truth.effect(*where)) and has_margin(truth, where, margin)
        found.append(sign * truth.effect(*where))
    assert found == strongest(truth, sign)[:3]


@pairs.reads(r"No pair clearly (complement|replace)s each other beyond near zero\.")
def no_pairs(page: Page, truth: Truth, verb: str) -> None:
    assert not strongest(truth, 1 if verb == "complement" else -1)


@pairs.reads(
    r"The map is (its|not its) own mirror image at the diagonal: (?:a pair has one value|the two "
    rf"values of a pair differ by up to {NUMBER}{UNIT}; the one above it counts here)\."
)
def mirror(page: Page, truth: Truth, verdict: str, most: str | None, unit: str | None) -> None:
    values = truth.run.heatmap.values.tolist()
    count = range(len(values))
    difference = max(abs(values[i][j] - values[j][i]) for i in count for j in count)
    largest = max(abs(value) for row in values for value in row)
    assert (verdict == "its") == (difference <= 1e-6 * largest)
    assert most is None or says(most, difference)


@pairs.reads(
    r"(A negative pair does not oppose the continuation: two features that say the same replace "
    r"each other, however much each supports it|The map tells of pairs only; what three or more "
    r"features do together is shared out among the pairs they contain)\."
)
def limits_of_pairs(page: Page, truth: Truth, words: str) -> None:
    pass  # what the index is by definition
