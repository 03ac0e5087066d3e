"""Sentences are parsed back and recomputed from the maps."""

import re

import numpy as np
import pytest
from scipy import stats

import bathyscope as bs
from bathyscope.comparison.compare import compare
from bathyscope.core.heatmap import Quantity
from tests.comparison.maps import attribution, depth, table

RANDOM = np.random.default_rng(3)
TOKENS = ["0", "0", "▁/", "|`", "<script>"]
FEATURES = ["9 + 3", "9 + 3", "`", "*b*"]
CELL = re.compile(
    r"([+-]\d+\.\d+)(?: ± (\d+\.\d+))? \((-?\d+\.\d+) → (-?\d+\.\d+)"
    r"(, which may be sampling error)?\)"
    r" at target token (\d+) .*? × feature (\d+) "
)


def numbers(pattern: str, words: str) -> list[str]:
    found = re.findall(pattern, words)
    assert len(found) == 1, (pattern, words)
    return list(found[0]) if isinstance(found[0], tuple) else [found[0]]


def test_what_it_says_of_cells_is_so() -> None:
    error = np.full((5, 4), 0.4)
    maps = RANDOM.normal(size=(2, 5, 4))
    a = attribution(maps[0], TOKENS, FEATURES, error, 11, seed=1)
    b = attribution(maps[1], TOKENS, FEATURES, error, 11, seed=2)
    comparison = compare(a, b)
    words = bs.describe(comparison).replace("−", "-")
    difference = maps[1] - maps[0]
    count, rho = numbers(r"ρ of the (\d+) cells that both have: (-?[\d.]+) \(", words)
    assert int(count) == 20
    assert float(rho) == pytest.approx(
        stats.spearmanr(maps[0].ravel(), maps[1].ravel()).statistic, abs=5e-5
    )
    (mean,) = numbers(r"Mean size of a change: ([\d.]+) nats", words)
    assert float(mean) == pytest.approx(np.abs(difference).mean(), abs=5e-5)
    margin = np.hypot(error, error) * stats.t.ppf(0.975, 22)
    clear, cells, chance = numbers(r"(\d+) of (\d+) cells changed .* about ([\d.]+) would", words)
    assert (int(clear), int(cells)) == ((np.abs(difference) > margin).sum(), 20)
    assert float(chance) == pytest.approx(0.05 * 20)
    told = CELL.findall(words)
    assert len(told) == 5
    order = np.argsort(-np.abs(difference).ravel())
    for flat, (change, interval, before, after, doubt, row, column) in zip(
        order, told, strict=False
    ):
        place = int(row) - 1, int(column) - 1
        assert place == divmod(int(flat), 4)
        assert float(change) == pytest.approx(difference[place], abs=5e-5)
        assert (float(before), float(after)) == pytest.approx(
            (maps[0][place], maps[1][place]), abs=5e-5
        )
        assert float(interval) == pytest.approx(margin[place], rel=2e-3)
        assert bool(doubt) == (abs(difference[place]) <= margin[place])
    whole, column = numbers(
        r"feature that changed most: ([+-][\d.]+) ± [\d.]+ .*? nats, feature (\d+) ", words
    )
    sums = difference.sum(axis=0)
    assert int(column) - 1 == np.abs(sums).argmax()
    assert float(whole) == pytest.approx(sums[int(column) - 1], abs=5e-5)
    assert "same seed" not in words


def test_what_it_says_of_swapped_tokens_is_so() -> None:
    a = attribution([[1, 2, 1], [3.5, -2, 1]], ["x", "▁/"], ["a", "b", "c"])
    b = attribution([[1, 2], [-5, -1]], ["x", "▁x"], ["d", "e"], model={"name": "m", "dtype": "q"})
    words = bs.describe(compare(a, b))
    assert "In the place of A's target token 2 `▁/` B has target token 2 `▁x`." in words
    assert (
        "In A: target token 2 `▁/` was raised most by `a` (+3.5000) and `c` (+1.0000), lowered "
        "most by `b` (−2.0000). In its place in B: target token 2 `▁x` was raised by none, "
        "lowered most by `d` (−5.0000)."
    ) in words
    assert "none of A's 3 and B's 2 (feature) is the same in both" in words
    assert "No cell is in both maps" in words
    assert (
        "over the 1 row that both have: +4.0000 in A, +3.0000 in B; the row that changed most: "
        "−1.0000 (4.0000 → 3.0000) nats, target token 1 `x`."
    ) in words
    assert "model (`tiny` → `m`), weights (`0` → not stated), dtype (`float32` → `q`)" in words


def test_a_shared_seed_a_missing_unit_and_a_missing_model_are_said() -> None:
    error = np.ones((1, 2))
    a = attribution([[1, 2]], error=error, freedom=9, seed=1)
    b = attribution([[2, 1]], error=error, freedom=9, seed=1)
    assert "sampled with the same seed" in bs.describe(compare(a, b))
    silent = table([[1, 2]], ["t0"], ["f0", "f1"], Quantity("value"), table="t`.csv")
    words = bs.describe(compare(a, silent))
    assert "B does not say its unit; it is taken to be nats" in words
    assert "B is the table ``t`.csv``" in words
    assert "B does not say of which model it is." in words


def test_units_that_differ_are_said() -> None:
    logits = Quantity("attribution", "logits", neutral=0.0)
    words = bs.describe(compare(attribution([[1, 2]]), attribution([[1, 2]], quantity=logits)))
    assert "they have no common scale and are not subtracted" in words
    assert "Mean size of a change" not in words


def test_what_it_says_of_depths_is_so() -> None:
    values = RANDOM.uniform(size=(2, 3, 4))
    a, b = depth(values[0], "abcd", [1, 2, 3, 4]), depth(values[1], "abcd", [2, 2, 1, 1])
    words = bs.describe(compare(a, b))
    assert "Deep-thinking ratio: 0.5000 in A, 0.0000 in B, −0.5000." in words
    assert "Of the 4 tokens that both have, 1 settle later in B, 2 earlier, 1 at the same" in words
    assert "median layer 2.5 in A, 1.5 in B" in words
    assert "layer 4 → 1 of response token 4 `d`" in words
    other = depth(values[1], "abcd", [2, 2, 1, 1], lens="raw")
    assert "differ in lens, so these are not the same measure" in bs.describe(compare(a, other))
    deeper = depth([[0.1] * 4] * 5, "abcd", [1, 1, 1, 1])
    words = bs.describe(compare(a, deeper))
    assert "A's model has 4 layers, B's 6" in words
    assert "layers of models of different depth do not correspond" in words


def test_a_map_and_itself_did_not_change() -> None:
    run = attribution([[1, 2]])
    words = bs.describe(compare(run, run))
    assert "No cell that both have changed." in words
    assert "They differ in: nothing that is recorded." in words


def test_maps_with_nothing_in_common() -> None:
    words = bs.describe(compare(table([[1]], "a", "b"), table([[1]], "c", "d")))
    assert "neither rows nor columns in common" in words
