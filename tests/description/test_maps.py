"""Every sentence about a map is read back from the text and computed again."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bathyscope as bs
from bathyscope.core.heatmap import Axis, Heatmap, Quantity
from tests.description.map_sentences import expected, rules
from tests.description.reader import Page, page
from tests.description.truth import Truth

FIGURES = Path(__file__).parent.parent / "figures"
TOKENS = ("8", "0", "▁=", "▁$", "The", "▁is", ".", ",", "`", "▁", "⏎", "☃", "<eos>", "<")
FEATURES = ("9 + 3 = 12", "Q: how many", "a", "12", "€")


def read(heatmap: Heatmap) -> Page:
    """Read a description back; nothing that must be said may be missing."""
    found = page(bs.describe(heatmap))
    truth = Truth.of(heatmap)
    rules.read(found, truth)
    assert expected(truth) <= set(found.told) <= {name for name, _, _ in rules.rules}
    return found


@pytest.mark.parametrize("name", ["division", "multiplication"])
def test_the_published_tables(name: str) -> None:
    table = bs.read_table(FIGURES / f"{name}.csv")
    found = read(table)
    assert {"row", "role_shares", "negatives", "other_rows"} <= set(found.told)


VALUES = st.one_of(
    st.floats(-10, 10).map(lambda value: round(value, 3)),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, math.nan, math.inf, -math.inf]),
)


@st.composite
def maps(draw: st.DrawFn) -> Heatmap:
    rows, columns = draw(st.integers(1, 9)), draw(st.integers(1, 8))
    cells = st.lists(VALUES, min_size=columns, max_size=columns)
    values = np.array(draw(st.lists(cells, min_size=rows, max_size=rows)))
    values *= draw(st.sampled_from([1.0, 1.0, 1e-9, 1e7]))
    name = draw(st.sampled_from(["token", "target token", "row", "country"]))
    labels = draw(st.lists(st.sampled_from(TOKENS), min_size=rows, max_size=rows))
    others = draw(st.lists(st.sampled_from(FEATURES), min_size=columns, max_size=columns))
    across = draw(st.sampled_from(["feature", "column"]))
    neutral = draw(st.sampled_from([0.0, 0.0, None, 1.0]))
    quantity = Quantity("attribution", draw(st.sampled_from(["", "nats"])), neutral=neutral)
    return Heatmap(values, Axis(name, tuple(labels)), Axis(across, tuple(others)), quantity)


@given(maps())
@settings(max_examples=150, deadline=None)
def test_any_map(heatmap: Heatmap) -> None:
    read(heatmap)
