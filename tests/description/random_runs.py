"""Random runs for the short account, the hostile ones included: 500 of them by seeded numbers."""

from dataclasses import replace
from typing import Any

import numpy as np

import bathyscope as bs
from bathyscope.core.heatmap import Axis, Heatmap, Quantity
from bathyscope.runs.base import Run
from bathyscope.runs.evidence import Evidence
from bathyscope.runs.faithfulness import RandomReference, RankedMap
from bathyscope.runs.settling import SettlingRun
from bathyscope.runs.think import Sample
from tests.comparison.maps import attribution, provenance
from tests.description.test_depth import LABELS, run_of
from tests.runs.test_depth_groups import PIECES
from tests.runs.test_depth_groups import run_of as settled_run
from tests.runs.test_kinds import SAMPLES

Generator = np.random.Generator

TOKENS = ("8", "0", "▁=", "▁$", "The", "▁is", ".", ",", "`", "▁", "⏎", "☃", "<eos>", "▁+")
LONG = (
    "Q: Mia had 28 apples and gave 4 of them to her brother. A: 28 - 4 = 24",
    "Q: Mia had 28 apples and gave 7 of them to her brother. A: 28 - 7 = 21",
    "a b c d e f g h i j k l m n o p",
    r"\u200d\u200d\u200d\u200d\u200d\u200d\u200d",
    "日本語の文はどこにも空白がないので長いままである。それでも切られる",
    "code with `ticks` and *stars* and [links](http://x)",
)
SHORT = ("9 + 3 = 12", "7 x 5 = 35", "a", "b", "c", "12", "€", "`", " ", "[x](y)", "**")
SAID = " $16,000 / 0.8 =", "a", "one two three four five six seven eight nine", "日" * 40, "x`y", ""


def values_of(numbers: Generator, rows: int, columns: int) -> Any:
    """Return values that are random, tied, constant, zero, tiny, huge, or partly no numbers."""
    values = numbers.normal(size=(rows, columns)) * 10.0 ** numbers.integers(-2, 2)
    form = numbers.integers(10)
    if form == 0:
        values = np.round(values)
    elif form == 1:
        values = np.zeros((rows, columns))
    elif form == 2:
        values = np.full((rows, columns), float(numbers.integers(-2, 3)))
    elif form == 3:
        values = values * 5e-324
    elif form == 4:
        values = values * 1e20
    elif form == 5:
        gaps = numbers.choice([np.nan, np.inf, -np.inf], size=values.shape)
        values = np.where(numbers.random(values.shape) < numbers.choice([0.1, 1.0]), gaps, values)
    elif form == 6:
        values = np.abs(values) + np.abs(values).max(initial=0.5)  # all support alike
    elif form == 7:
        values = values * (numbers.random((rows, 1)) < 0.4)  # rows that owe nothing
    return values


def finite_or_nan(values: Any) -> Any:
    """Return values as runs have them: infinite ones are no numbers in their files."""
    return np.where(np.isfinite(values), values, np.nan)


def labels_of(numbers: Generator, kinds: Any, number: int) -> list[str]:
    """Return labels, long ones among them, that repeat or not."""
    if numbers.random() < 0.3:
        return [f"{kinds[index % len(kinds)]} {index}" for index in range(number)]
    return [str(label) for label in numbers.choice(kinds, size=number)]


def evidence_of(numbers: Generator, tokens: int) -> Evidence:
    """Return how probable some tokens were: all as the model would write them, or not."""
    same = numbers.random() < 0.3
    greedy = -numbers.exponential(size=tokens)
    own = greedy if same else greedy - numbers.exponential(size=tokens) - 0.1
    ids = tuple(range(tokens))
    others = ids if same else tuple(place + 1 for place in ids)
    return Evidence(
        Axis("token", ("8",) * tokens, ids),
        own,
        np.where(own == greedy, 1, 2),
        Axis("greedy", ("9",) * tokens, others),
        greedy,
    )


def attribution_run(numbers: Generator) -> bs.AttributionRun:
    """Return an attribution: exact, sampled, a contrast, or of gradients."""
    rows, columns = int(numbers.integers(1, 15)), int(numbers.choice([1, 2, 3, 5, 8, 40]))
    values = finite_or_nan(values_of(numbers, rows, columns))
    sampled = numbers.random() < 0.4
    error = np.abs(numbers.normal(size=values.shape)) * numbers.choice([0.0, 0.1, 3.0])
    made = {"target": str(numbers.choice(SAID)), "generated": bool(numbers.random() < 0.3)}
    made["segmenter"] = str(numbers.choice(["marked", "demonstrations", "sentences"]))
    quantity, method = Quantity("attribution", "nats", neutral=0.0), {"name": "shapley"}
    asked = {"of": "logprob", "baseline": "", "evaluations": int(numbers.integers(2, 3000))}
    if numbers.random() < 0.15:
        quantity, method = Quantity("saliency", "nats"), {"name": "saliency", "path_from": "pad"}
        values, sampled = np.abs(values), False
    elif numbers.random() < 0.2:
        quantity, asked["of"] = Quantity("attribution", "", neutral=0.0), "probability"
    tokens = [str(label) for label in numbers.choice(TOKENS, size=rows)]
    if numbers.random() < 0.2:
        made["against"] = str(numbers.choice(SAID))
        tokens[-1] = "whole continuation"
    run = attribution(
        values,
        tokens,
        labels_of(numbers, SHORT + LONG, columns),
        error if sampled else None,
        9 if sampled else None,
        quantity,
        **made,
        method=method | asked,
    )
    if numbers.random() < 0.6:
        run = replace(run, evidence=evidence_of(numbers, 3))
    if numbers.random() < 0.2:
        run = replace(run, none=run.none + numbers.choice([0.5, np.nan]))
    if sampled and columns > 2 and numbers.random() < 0.4:
        run = in_groups(run, numbers)
    return run


def in_groups(run: bs.AttributionRun, numbers: Generator) -> bs.AttributionRun:
    """Return a run whose columns share the values of runs of neighbours, with bounds."""
    columns = len(run.heatmap.columns)
    begins = numbers.random(columns) < 0.4
    begins[:2] = True, False
    groups = np.cumsum(begins) - 1
    values, bounds = run.heatmap.values.copy(), np.full(run.heatmap.values.shape, np.nan)
    for group in range(groups[-1] + 1):
        own = groups == group
        values[:, own] = values[:, own].mean(axis=1, keepdims=True)
        if own.sum() > 1:
            bounds[:, own] = np.abs(numbers.normal(size=(len(bounds), 1)))
    return replace(run, heatmap=replace(run.heatmap, values=values), group_of=groups, unseen=bounds)


def table_of(numbers: Generator) -> Heatmap:
    """Return a map of which nothing is known but its labels."""
    rows, columns = int(numbers.integers(1, 12)), int(numbers.integers(1, 12))
    row, column = numbers.choice(["row", "token", "layer"]), numbers.choice(["column", "feature"])
    labels = labels_of(numbers, SHORT + LONG, rows)
    if row == "token":
        labels = [str(label) for label in numbers.choice(TOKENS, size=rows)]
    if row == "layer" and numbers.random() < 0.5:
        labels = [str(layer) for layer in range(1, rows + 1)]
    quantity = Quantity(
        str(numbers.choice(["attribution", "weight", "entropy"])),
        str(numbers.choice(["", "nats"])),
        neutral=numbers.choice(np.array([0.0, None, 1.0], dtype=object)),
    )
    axes = (
        Axis(str(row), tuple(labels)),
        Axis(str(column), tuple(labels_of(numbers, SHORT + LONG, columns))),
    )
    return Heatmap(values_of(numbers, rows, columns), *axes, quantity)


def depth_run(numbers: Generator) -> bs.DepthRun:
    """Return settling depths: of one token or many, all alike or not, with gaps."""
    layers, tokens = int(numbers.integers(1, 40)), int(numbers.integers(1, 60))
    values = np.round(numbers.random((layers, tokens)) ** numbers.choice([0.2, 1, 5]), 3)
    if numbers.random() < 0.2:
        values[numbers.random(values.shape) < 0.2] = np.nan
    if numbers.random() < 0.1:
        values[:] = numbers.integers(2)
    labels = tuple(str(label) for label in numbers.choice(LABELS, size=tokens))
    run = run_of(labels, values, str(numbers.choice(["norm", "raw", "tuned", "jacobian"])))
    if numbers.random() < 0.5:
        run = replace(run, evidence=evidence_of(numbers, tokens))
    return run


def comparison_run(numbers: Generator) -> bs.Comparison:
    """Return two runs compared: equal, sampled, in part the same, of other units, of depth."""
    form = numbers.integers(5)
    if form == 0:
        return bs.compare(depth_run(numbers), depth_run(numbers))
    a = attribution_run(numbers)
    if form == 1:
        return bs.compare(a, a)
    if form == 2:
        return bs.compare(a, attribution_run(numbers))
    values = finite_or_nan(values_of(numbers, *a.heatmap.values.shape))
    if a.heatmap.quantity.neutral is None:
        values = np.abs(values)
    return bs.compare(a, replace(a, heatmap=replace(a.heatmap, values=values)))


MAKERS = (attribution_run,) * 5 + (table_of,) * 2 + (depth_run,) * 2 + (comparison_run,)


def random_runs(number: int = 500) -> list[Run | Heatmap]:
    """Return so many runs, always the same ones."""
    return [MAKERS[seed % len(MAKERS)](np.random.default_rng(seed)) for seed in range(number)]


def settling_run(numbers: Generator) -> SettlingRun:
    """Return settling depths of a text of three sentences, or of its beginning."""
    tokens = int(numbers.choice([1, 2, 11, len(PIECES)]))
    depths = numbers.integers(1, int(numbers.choice([2, 11])), size=tokens).tolist()
    return settled_run(PIECES[:tokens], depths)


def groups_run(numbers: Generator) -> bs.DepthGroupsRun:
    """Return such depths by word, sentence or role."""
    run = settling_run(numbers)
    return bs.group_depths(run, str(numbers.choice(["word", "sentence", "role"])))


def interaction_run(numbers: Generator) -> bs.InteractionRun:
    """Return a kept map of interactions with other numbers, exact or sampled."""
    run = SAMPLES["interactions"]()
    assert isinstance(run, bs.InteractionRun)
    size = len(run.heatmap.columns)
    values = finite_or_nan(values_of(numbers, size, size))
    run = replace(run, heatmap=replace(run.heatmap, values=(values + values.T) / 2))
    if numbers.random() < 0.5:
        return run
    error = np.abs(numbers.normal(size=values.shape))
    return replace(run, standard_error=(error + error.T) / 4, degrees_of_freedom=9)


def chain_run(numbers: Generator) -> bs.ChainRun:
    """Return a kept chain with other numbers, exact or sampled."""
    run = SAMPLES["chain"]()
    assert isinstance(run, bs.ChainRun)
    values = numbers.normal(size=run.heatmap.values.shape) * numbers.choice([0.0, 1.0, 1e-3])
    values = np.where(run.heatmap.values != 0, values, 0.0)
    values[:, int(numbers.integers(values.shape[1]))] *= 0.01
    run = replace(run, heatmap=replace(run.heatmap, values=values), none=None, all=None)
    if numbers.random() < 0.5:
        return replace(run, all=values.sum(axis=1), none=np.zeros(len(values)))
    error = np.abs(numbers.normal(size=values.shape)) / 2
    return replace(run, standard_error=error, degrees_of_freedom=9)


def think_run(numbers: Generator) -> bs.ThinkRun:
    """Return samples that agree or not, or give no answer."""
    count = int(numbers.integers(2, 7))
    kept = int(numbers.integers(1, count + 1))
    compared = bool(numbers.random() < 0.5)
    asked = bs.ThinkSettings(n=count, prefix=3, keep=0.5, compare=compared).to_document()
    origin = provenance(lens="norm", settings=asked, num_layers=4, deep_layer=4, threads=1)
    depths = [numbers.integers(1, 5, size=int(numbers.integers(1, 4))) for _ in range(count)]
    order = sorted(range(count), key=lambda at: -float((depths[at] >= 4).mean()))
    samples = [
        Sample(
            float((depths[at] >= 4).mean()),
            at in order[:kept],
            compared or at in order[:kept],
            len(depths[at]) + int(numbers.integers(0, 9)),
            "text",
            [None, "1", "2", "`x`", "a long answer of very many words"][numbers.integers(5)]
            if compared or at in order[:kept]
            else None,
        )
        for at in range(count)
    ]
    return bs.ThinkRun.of(depths, samples, 1.5, 2.5 if compared else None, origin)


def faithfulness_run(numbers: Generator) -> bs.FaithfulnessRun:
    """Return the curves of some maps, and random orders, counted or drawn."""
    run = SAMPLES["faithfulness"]()
    assert isinstance(run, bs.FaithfulnessRun)
    maps, points = int(numbers.integers(1, 4)), len(run.features) + 1
    curves = -np.abs(numbers.normal(size=(2 * maps + 2, points))) * numbers.choice([0.0, 1.0])
    scores = []
    for index in range(maps):
        deletion, insertion = curves[2 * index : 2 * index + 2]
        own = float((deletion[0] - deletion).mean()), float((insertion[-1] - insertion).mean())
        order = tuple(int(at) for at in numbers.permutation(points - 1))
        name = ("shapley", "banzhaf", "leave_one_out")[index]
        scores.append((own[0] - own[1], index, RankedMap(name, order, *own, own[0] - own[1], None)))
    scores.sort(key=lambda entry: -entry[0])
    rows = [2 * index + which for _, index, _ in scores for which in (0, 1)]
    curves = np.concatenate([curves[rows], curves[-2:]])
    score = float((curves[-2][0] - curves[-2]).mean())
    drawn = numbers.random() < 0.5
    random = RandomReference(score, 5 if drawn else None, 0.1 if drawn else None, None)
    labels = tuple(str(row) for row in range(len(curves)))
    heatmap = replace(run.heatmap, values=curves, rows=Axis("curve", labels))
    return replace(run, heatmap=heatmap, maps=tuple(one for *_, one in scores), random=random)


OTHERS = {
    "settling": settling_run,
    "depth_groups": groups_run,
    "interactions": interaction_run,
    "chain": chain_run,
    "think": think_run,
    "faithfulness": faithfulness_run,
}
