"""Every sentence is computed again here, from the numbers, by other means."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import bathyscope as bs
from bathyscope.heatmap import Axis, Heatmap, Quantity
from bathyscope.render.markdown import code
from tests.conftest import tiny

FIGURES = Path(__file__).parent.parent / "figures"
PROMPT = bs.Prompt.marked("Q: [[9 + 3]]\nA: [[12]]\nQ: 5?\nA:")


def test_the_published_division_table() -> None:
    words = bs.describe(bs.read_table(FIGURES / "division.csv"))
    assert "Token attribution: 13 rows, 5 columns" in words
    assert "Largest cell: +1.9074 at token 8 `▁/` × column 3 `4900 / 100 = 49`." in words
    assert "Smallest cell: -0.0987 at token 2 `1` × column 3 `4900 / 100 = 49`." in words
    assert "Token 8 `▁/` dominates" in words
    assert "sum to 3.7041, 13.4 times the next row's 0.2772 (token 1 `▁$`)" in words
    assert "61 of 65 cells" not in words
    assert "unit not stated" in words


@pytest.mark.parametrize("name", ["division", "multiplication"])
def test_counts_of_the_published_tables(name: str) -> None:
    table = bs.read_table(FIGURES / f"{name}.csv")
    words = bs.describe(table)
    limit = 0.05 * max(abs(value) for row in table.values for value in row)
    near = sum(abs(value) <= limit for row in table.values for value in row)
    assert f"Near zero: {near} of 65 cells" in words
    negatives = sorted(value for row in table.values for value in row if value < -limit)
    listed = re.search(r"Negative and not near zero \((\d+)\): (.*)\.\n", words)
    assert listed is not None and int(listed[1]) == len(negatives)
    numbers = [float(cell.split(" ")[0]) for cell in listed[2].split("; ")]
    assert numbers == [round(value, 4) for value in negatives]


def test_an_attribution_run() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 00")
    words = bs.describe(run)
    row, column = np.unravel_index(run.heatmap.values.argmax(), run.heatmap.values.shape)
    assert (
        f"Largest cell: {run.heatmap.values.max():+.4f} at target token {row + 1} "
        f"`{run.heatmap.rows.labels[row]}` × feature {column + 1} "
        f"`{run.heatmap.columns.labels[column]}`." in words
    )
    assert f"is {run.all.sum():.4f} with every feature and {run.none.sum():.4f} with none" in words
    assert "exact Shapley value" in words
    gap = re.search(r"at most (\S+) nats in size", words)
    assert gap is not None
    assert float(gap[1]) == pytest.approx(np.abs(run.gap).max(), rel=0.05)


def test_leave_one_out_names_its_gap() -> None:
    run = bs.attribute(tiny("llama"), PROMPT, " 00", method="leave_one_out", baseline="?")
    words = bs.describe(run)
    assert "what is lost when it alone is taken out" in words
    assert "replaced by `?`" in words
    gap = re.search(r"at most (\S+) nats in size", words)
    assert gap is not None
    assert float(gap[1]) == pytest.approx(np.abs(run.gap).max(), rel=0.05) != 0


def test_a_depth_run() -> None:
    run = bs.depth(tiny("llama"), "Q: 8 + 5?\nA:", " it is 13.")
    words = bs.describe(run)
    depths, labels = run.settling_depth.tolist(), run.heatmap.columns.labels
    first = min(depths)
    names = ", ".join(f"`{labels[i]}` ({i + 1})" for i in range(10) if depths[i] == first)
    assert f"earliest at layer {first}: {names};" in words
    deep = sum(depth >= 4 for depth in depths)  # ⌈0.85 · 4⌉ = 4
    assert f"Deep-thinking ratio: {deep / 10:.4f}, {deep} of 10 tokens settle at layer 4" in words
    assert "layers 1 (bottom) to 3, of 4" in words


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6))
def test_dominance_and_extremes_of_any_map(rows: int, columns: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(rows, columns)) ** 3
    heatmap = Heatmap(
        values,
        Axis("token", ("t",) * rows),
        Axis("feature", ("f",) * columns),
        Quantity("attribution", "nats", neutral=0.0),
    )
    words = bs.describe(heatmap)
    sizes = sorted((sum(abs(v) for v in row) for row in values), reverse=True)
    if rows > 1 and sizes[0] >= 1.5 * sizes[1]:
        assert f"sum to {sizes[0]:.4f}, {sizes[0] / sizes[1]:.1f} times" in words
    else:
        assert "No row dominates" in words
    assert f"Largest cell: {values.max():+.4f}" in words
    assert f"Smallest cell: {values.min():+.4f}" in words


def test_a_map_of_zeros() -> None:
    heatmap = Heatmap(
        np.zeros((2, 2)), Axis("token", ("a", "b")), Axis("feature", ("c", "d")), Quantity("a")
    )
    words = bs.describe(heatmap)
    assert "4 of 4 cells (100 %)" in words
    assert "No row dominates" in words


@given(st.text(min_size=1))
def test_any_label_is_shown_as_it_is(text: str) -> None:
    """Inline code survives a Markdown parser, whatever a token contains."""
    line = text.replace("\n", "⏎").replace("\r", "␍")
    inline = MarkdownIt("commonmark").parseInline(f"x {code(text)} y")[0].children
    assert inline is not None
    found = [token.content for token in inline if token.type == "code_inline"]
    if "\0" not in text:
        assert found == [line]
