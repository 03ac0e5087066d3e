"""Runs with known numbers, for pages: an attribution map and a depth map of one answer."""

from typing import Any

import numpy as np

from bathyscope.core.heatmap import Axis, Heatmap, Quantity, Span
from bathyscope.core.settling import settling_depths
from bathyscope.games.methods import ATTRIBUTION
from bathyscope.layers.divergence import JENSEN_SHANNON
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.evidence import Evidence
from bathyscope.runs.readings import Readings

PROMPT = "Add. Two plus 3 is five. Then 7 is 7.\nQ: 3 + 4?\nA:"
FEATURES = ((5, 8), (14, 15), (19, 23), (30, 36))
TOKENS = (" 3", " +", " 4", " =", " 7", ".", " 7")
LAYERS = 6


def attribution(
    seed: int = 0,
    *,
    prompt: str = PROMPT,
    features: tuple[Span, ...] = FEATURES,
    tokens: tuple[str, ...] = TOKENS,
    sampled: bool = True,
) -> AttributionRun:
    """Return a map of random numbers, of which no two are alike."""
    values = np.random.default_rng(seed).normal(size=(len(tokens), len(features)))
    nothing = np.linspace(-3, -2, len(tokens))
    error = np.abs(values) / 7 + 0.01
    return AttributionRun(
        Heatmap(values, _tokens("target token", tokens), _features(prompt, features), ATTRIBUTION,
                _provenance(prompt, tokens) | {"against": None, "method": _METHOD}),
        all=nothing + values.sum(axis=1),
        none=nothing,
        standard_error=error if sampled else None,
        degrees_of_freedom=9 if sampled else None,
        whole_target_error=error.sum(axis=0) / 2 if sampled else None,
    )  # fmt: skip


def depth(
    seed: int = 1,
    *,
    prompt: str = PROMPT,
    tokens: tuple[str, ...] = TOKENS,
    layers: int = LAYERS,
    readings: bool = True,
) -> DepthRun:
    """Return a map of random numbers that fall from layer to layer."""
    draw = np.random.default_rng(seed)
    values = np.sort(draw.uniform(size=(layers - 1, len(tokens))), axis=0)[::-1]
    depths = settling_depths(values, 0.5)
    provenance = _provenance(prompt, tokens) | {
        "lens": "norm", "threshold": 0.5, "depth_fraction": 0.85, "deep_layer": 6,
    }  # fmt: skip
    rows = Axis("layer", tuple(str(layer) for layer in range(1, layers)))
    return DepthRun(
        Heatmap(values, rows, _tokens("response token", tokens), JENSEN_SHANNON, provenance),
        depths,
        float((depths >= 6).mean()),
        _readings(draw, values.shape) if readings else None,
    )


def evidence(tokens: tuple[str, ...] = TOKENS) -> Evidence:
    """Return how probable an answer was: its first token least, from the third on the likeliest."""
    count = len(tokens)
    ranks = np.array([14, 2, *[1] * (count - 2)])
    own = np.array([1e-5, 0.25, *np.linspace(0.5, 0.9, count - 2)])
    best = np.where(ranks > 1, 0.625, own)
    labels = tuple(f"▁{token.strip()}" for token in tokens)
    greedy = ("▁8", "▁8", *labels[2:])
    return Evidence(
        Axis("token", labels, tuple(range(count))),
        np.log(own),
        ranks,
        Axis("greedy", greedy, tuple(range(count))),
        np.log(best),
    )


def table(values: Any) -> Heatmap:
    """Return a map of unknown origin."""
    numbers = np.array(values, dtype=np.float64)
    rows, columns = numbers.shape
    return Heatmap(
        numbers,
        Axis("row", tuple(f"r{i}" for i in range(rows))),
        Axis("column", tuple(f"c{i}" for i in range(columns))),
        Quantity("value", neutral=0.0),
    )


def long_depth(layers: int = 64, tokens: int = 4000) -> DepthRun:
    """Return a depth map of a long answer that looks like a real one: it falls about one layer."""
    draw = np.random.default_rng(2)
    settled = np.clip(draw.normal(0.6, 0.2, tokens), 0.05, 1) * layers
    slope = (np.arange(1, layers)[:, None] - settled) / 3
    values = np.clip(1 / (1 + np.exp(slope)) + draw.normal(0, 0.02, slope.shape), 0, 1)
    words = (" the", " sum", " of", " 8", " and", " 5", " is", "13", ".", "\n", "=")
    text = tuple(words[i] for i in draw.integers(0, len(words), tokens))
    run = depth(tokens=text, layers=layers, readings=False)
    heatmap = Heatmap(values, run.heatmap.rows, run.heatmap.columns, JENSEN_SHANNON,
                      {**run.heatmap.provenance, "deep_layer": 55})  # fmt: skip
    depths = settling_depths(values, 0.5)
    return DepthRun(heatmap, depths, float((depths >= 55).mean()))


_METHOD = {"name": "shapley", "of": "logprob", "baseline": "", "evaluations": 64}


def _provenance(prompt: str, tokens: tuple[str, ...]) -> dict[str, Any]:
    return {
        "model": {"name": "hand-made", "dtype": "float32"},
        "prompt": prompt,
        "target": "".join(tokens),
        "target_ids": [sum(map(ord, token)) for token in tokens],
        "generated": True,
        "seed": 0,
        "versions": {},
    }


def _tokens(name: str, tokens: tuple[str, ...]) -> Axis:
    ends = np.cumsum([len(token) for token in tokens]).tolist()
    spans = tuple((end - len(token), end) for token, end in zip(tokens, ends, strict=True))
    labels = tuple(token.replace(" ", "▁").replace("\n", "⏎") for token in tokens)
    return Axis(name, labels, tuple(sum(map(ord, token)) for token in tokens), spans)


def _features(prompt: str, features: tuple[Span, ...]) -> Axis:
    return Axis("feature", tuple(prompt[slice(*span)] for span in features), spans=features)


def _readings(draw: np.random.Generator, shape: tuple[int, ...]) -> Readings:
    probabilities = np.sort(draw.dirichlet(np.ones(4), size=shape)[..., :3], axis=-1)[..., ::-1]
    ids = draw.integers(100, 105, size=(*shape, 3))
    labels = {100 + i: label for i, label in enumerate(("▁7", "▁x", "<b>", "▁five", "é"))}
    return Readings({}, ids, probabilities, labels, {})
