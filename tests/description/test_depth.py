"""Depth maps, described and read back."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bathyscope as bs
from bathyscope.core.heatmap import Axis, Heatmap
from bathyscope.layers.divergence import JENSEN_SHANNON
from tests.conftest import tiny
from tests.description.depth_sentences import DepthTruth, depth, kinds
from tests.description.evidence_sentences import must_say
from tests.description.reader import Page, page

LABELS = ("8", "▁=", "▁+", "▁$", "The", "▁the", "▁is", ".", ",", "`", "▁", "⏎", "☃", "<eos>")


def run_of(labels: tuple[str, ...], values: Any, lens: str = "norm", g: float = 0.5) -> bs.DepthRun:
    """Return a run of a hand-made map."""
    values = np.array(values, dtype=float)
    layers = len(values) + 1
    depths = [
        next((layer for layer, cell in enumerate(column, 1) if cell <= g), layers)
        for column in values.T
    ]
    deep = math.ceil(round(0.85 * layers, 9))
    made = {
        "model": {"name": "tiny", "dtype": "float32"},
        "generated": False,
        "target": "text\nof `it`",
        "lens": lens,
        "threshold": g,
        "depth_fraction": 0.85,
        "deep_layer": deep,
    }
    if lens in ("tuned", "jacobian"):
        made["translators"] = {"file": "lens.safetensors", "sha256": "0123456789abcdef" * 4}
    rows = Axis("layer", tuple(str(layer) for layer in range(1, layers)))
    heatmap = Heatmap(values, rows, Axis("response token", labels), JENSEN_SHANNON, made)
    ratio = sum(layer >= deep for layer in depths) / len(depths)
    return bs.DepthRun(heatmap, np.array(depths), ratio)


def read(run: bs.DepthRun) -> Page:
    """Read a description back; nothing that must be said may be missing."""
    found = page(bs.describe(run))
    truth = DepthTruth.of_run(run)
    depth.read(found, truth)
    must = {"title_of_depth", "response", "cell_of_depth", "lens", "settles", "ratio", "layers"}
    must |= {"axis", "profile", "every_token", "ends", "limits"}
    keys = run.heatmap.columns.ids or run.heatmap.columns.labels
    must |= {"no_repeats" if len(set(keys)) == len(keys) else "repeats"}
    must |= must_say(run)
    must |= {"decided"} if truth.cells else set()
    must |= {"late"} if truth.deep else set()
    must |= {"risen"} if min(truth.depths) < truth.last else set()
    must |= {"template"} if all(kinds(truth)) else set()
    must |= {"gaps"} if len(truth.cells) < run.heatmap.values.size else set()
    assert must <= set(found.told)
    return found


@st.composite
def runs(draw: st.DrawFn) -> bs.DepthRun:
    layers, tokens = draw(st.integers(1, 9)), draw(st.integers(1, 25))
    cell = st.one_of(st.integers(0, 1000).map(lambda value: value / 1000), st.just(math.nan))
    row = st.lists(cell, min_size=tokens, max_size=tokens)
    labels = draw(st.lists(st.sampled_from(LABELS), min_size=tokens, max_size=tokens))
    values = draw(st.lists(row, min_size=layers, max_size=layers))
    return run_of(
        tuple(labels), values, draw(st.sampled_from(["norm", "raw", "tuned", "jacobian"]))
    )


@given(runs())
@settings(max_examples=80, deadline=None)
def test_any_depth_map(run: bs.DepthRun) -> None:
    read(run)


def test_a_run_of_a_model() -> None:
    run = bs.depth(tiny("llama"), "Q: 8 + 5?\nA:", " is 12.a6")
    labels = ["▁", *"is", "▁", *"12.a6"]
    assert list(run.heatmap.columns.labels) == labels
    found = page(bs.describe(run))
    assert f"the deep-thinking ratio is {run.deep_thinking_ratio:.4f}" in found.sections[""][-1]


def test_medians_of_template_words_and_digits() -> None:
    labels = ("▁The", "▁sum", "▁is", "▁8", "▁+", "▁", "5", "▁=", "▁pens", ".")
    settle = [1, 9, 3, 7, 2, 8, 9, 2, 6, 2]
    values = [[0.75 if layer < at else 0.25 for at in settle] for layer in range(1, 9)]
    words = bs.describe(run_of(labels, values))
    assert "`.`; 3 tokens) settle at layer 2 in the median, earlier than digits" in words
    assert "equals sign (4 tokens), at layer 7.5" in words


@pytest.mark.parametrize("labels", [("▁is", "."), ("8", "▁+")])
def test_nothing_is_said_of_kinds_that_are_missing(labels: tuple[str, ...]) -> None:
    assert "Template" not in bs.describe(run_of(labels, [[0.75, 0.25]]))
