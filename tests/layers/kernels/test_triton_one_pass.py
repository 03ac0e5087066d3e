"""Rows that are read once: the series in float64, and every row that is read again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax, xlogy

import bathyscope as bs
from bathyscope.layers import last_layer
from bathyscope.layers.kernels import fastest
from bathyscope.layers.kernels.torch_rows import Rows, TorchRows
from tests.conftest import tiny
from tests.layers.kernels.on_triton import CUDA, one_pass, triton

Logits = NDArray[np.float64]

WIDTH = 5003  # no multiple of a tile, and wider than what ẑ is made of


def exactly(p: Logits, q: Logits) -> Logits:
    """Return the divergence of rows of logits from others in bits."""
    p, q = softmax(p, axis=-1), softmax(q, axis=-1)
    both = np.where(p + q > 0, p + q, 1)
    found: Logits = (xlogy(p, 2 * p / both) + xlogy(q, 2 * q / both)).sum(-1) / (2 * np.log(2))
    return found


def compared(rows: Rows, p: Logits, q: Logits, dtype: torch.dtype = torch.float64) -> Logits:
    """Return what a way finds of rows of logits, a last layer's row each in turn."""
    x, last = torch.from_numpy(p).to(dtype), torch.from_numpy(q).to(dtype)
    share = torch.empty(last.shape, dtype=torch.promote_types(dtype, torch.float32))
    nats = torch.empty(len(last), dtype=torch.float64)
    bits = torch.full((len(x),), torch.nan, dtype=torch.float64)
    rows.predictions(last, share, nats)
    rows.divergences(x, torch.arange(len(x)) % len(last), share, nats, bits)
    return bits.numpy()


@contextmanager
def marks() -> Iterator[list[Logits]]:
    """See what stands in the places of results: after rows are read once, and with z known."""
    from bathyscope.layers.kernels import triton_one_pass as module
    from bathyscope.layers.kernels.triton_rows import launched

    seen: list[Logits] = []

    def kept(kernel: Any, given: tuple[Any, ...], options: dict[str, Any]) -> None:
        launched(kernel, given, options)
        seen.append(given[4 if len(seen) % 2 else 5].cpu().numpy().copy())

    with patch.object(module, "launched", kept):
        yield seen


def with_delta(x: Logits, q: Logits, delta: float) -> Logits:
    """Return a row whose ẑ is off by so much: what is not looked at is made heavier or lighter."""
    likely = np.argsort(-q, kind="stable")[:1024]
    place = np.arange(2048)
    columns = place // 16 * (WIDTH // 128) + place % 16
    rest = np.setdiff1d(columns[columns < WIDTH], likely)
    unseen = np.setdiff1d(np.arange(WIDTH), np.concatenate([rest, likely]))
    x = x.copy()
    x[rest] += max(0, np.log(0.4) + logsumexp(x[likely]) - logsumexp(x[rest]))  # enough to take off
    seen = logsumexp(x[np.concatenate([rest, likely])])
    others = logsumexp(x[rest]) + np.log((WIDTH - 1024) / len(rest))
    near = np.logaddexp(logsumexp(x[likely]), others)
    x[unseen] += np.log(np.exp(near + delta) - np.exp(seen)) - logsumexp(x[unseen])
    np.testing.assert_allclose(logsumexp(x) - near, delta, atol=1e-12)
    return x


@pytest.fixture(scope="module")
def unequal() -> tuple[Logits, Logits]:
    """Rows of logits with tails, and as many of a last layer, some like them and some not."""
    draw = np.random.default_rng(5)
    p, q = draw.normal(size=(2, 3, WIDTH)) * np.array([0.3, 2, 3])[:, None]
    p[1], p[2] = 0.6 * q[1] + 0.4 * p[1], 0.95 * q[2] + 0.05 * p[2]
    p[1, ::7] -= 60  # tails that float32 hardly holds
    q[2, 3::4] = -90
    return p, q


def test_the_series_is_off_by_what_is_stated(
    unequal: tuple[Logits, Logits], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = one_pass()
    from bathyscope.layers.kernels import triton_one_pass as module

    monkeypatch.setattr(module, "FARTHEST", 0.25)
    p, q = unequal
    deltas = [-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2]
    moved = np.stack([with_delta(p[i], q[i], delta) for delta in deltas for i in range(3)])
    with marks() as seen:
        found = compared(rows, moved, q)
    assert (seen[0] > 0).all(), "each is read once"
    errors = np.abs(found - exactly(moved, np.tile(q, (7, 1)))).reshape(7, 3)
    assert errors[3].max() < 1e-12
    near, middle, far = errors[[2, 4]].max(), errors[[1, 5]].max(), errors[[0, 6]].max()
    assert near <= 1e-8 and far <= 1.2e-5
    assert 25 < middle / near < 40 and 25 < far / middle < 40, "of the fifth order"


def test_what_the_series_cannot_say_is_read_again(unequal: tuple[Logits, Logits]) -> None:
    p, q = unequal[0][1], unequal[1][1]
    none, peak, gaps = np.full(WIDTH, -np.inf), p.copy(), p.copy()
    none[77] = 0.0
    peak[np.argsort(q)[5]] = 200.0  # a token that nobody looks for: sums overflow in float32
    gaps[1::3] = -np.inf
    given = {
        "once": with_delta(p, q, 0.1),
        "gaps": gaps,
        "too light": with_delta(p, q, -0.17),
        "too heavy": with_delta(p, q, 3.0),
        "far": peak,
        "one token": none,
        "ties": np.zeros(WIDTH),
        "nearly the last": q + 1e-3 * p,
        "the last": q,
    }
    rows = np.stack(list(given.values()))
    with marks() as seen:
        found = compared(one_pass(), rows, q[None])
    once, known = (dict(zip(given, mark, strict=True)) for mark in seen)
    assert {name for name in given if once[name] == -2} == {"too light", "too heavy"}
    assert {name for name in given if once[name] == -1} == {"far", "nearly the last", "the last"}
    assert all(known[name] > 0 for name in ("too light", "too heavy"))
    with np.errstate(invalid="ignore"):
        expected = exactly(rows, q[None])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    again = [name in ("too light", "too heavy", "far", "nearly the last") for name in given]
    np.testing.assert_allclose(found[again], expected[again], atol=1e-10)
    assert found[-1] == 0.0 < found[-2] < 1e-4


def test_a_row_that_is_off_and_is_the_last_one_is_exactly_nothing(
    unequal: tuple[Logits, Logits],
) -> None:
    """Read a second time with its z it would not be nothing: q was rounded in another order."""
    p, _ = unequal
    row = with_delta(p[0], p[0], 1.0)
    with marks() as seen:
        found = compared(one_pass(), row[None], row[None], torch.float32)
    assert [seen[0].tolist(), seen[1].tolist(), found.tolist()] == [[-2.0], [-1.0], [0.0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_in_fewer_bits_rows_are_those_of_the_definition(
    dtype: torch.dtype, unequal: tuple[Logits, Logits]
) -> None:
    p, q = unequal
    rows = np.stack([with_delta(p[i], q[i], delta) for delta in (0.14, -0.3) for i in range(3)])
    rows[0, 3] = np.nan
    given = (torch.from_numpy(one).to(dtype).double().numpy() for one in (rows, q))
    rounded, last = given
    with marks() as seen:
        found = compared(one_pass(), rows, q, dtype)
    assert (seen[0] > 0).any() and (seen[0] == -2).any() and seen[0][0] == -1
    expected = exactly(rounded, np.tile(last, (2, 1)))
    assert np.isnan(found[0]) and np.isnan(expected[0])
    np.testing.assert_allclose(found[1:], expected[1:], atol=5e-6)


@pytest.mark.parametrize(("width", "spread"), [(1, 1.0), (3, 0.01), (1037, 30.0), (49_152, 1.0)])
def test_any_width_and_spread_agrees_with_the_definition(width: int, spread: float) -> None:
    draw = np.random.default_rng(width)
    p, q = draw.normal(size=(3, width)) * spread, draw.normal(size=(2, width)) * spread + 7
    found = compared(one_pass(), p, q, torch.float32)
    np.testing.assert_allclose(found, exactly(p, q[[0, 1, 0]]), atol=4e-6)


def test_disjoint_predictions_are_one_bit_apart() -> None:
    p, q = np.zeros((2, 1, 600))
    p[0, :300], q[0, 300:] = 200.0, 200.0
    assert compared(one_pass(), p, q, torch.float32)[0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(("rows", "tokens"), [(13, 13), (1, 1), (6, 3), (7, 3), (2, 5)])
def test_each_row_is_compared_with_its_own_token(rows: int, tokens: int) -> None:
    """Programs take rows in another order where there is one for each layer and token."""
    draw = np.random.default_rng(rows)
    p, q = draw.normal(size=(rows, 33)) * 3, draw.normal(size=(tokens, 33))
    expected = exactly(p, q[np.arange(rows) % tokens])
    for way in (one_pass(), triton()):
        np.testing.assert_allclose(compared(way, p, q), expected, atol=1e-6)


def test_there_are_as_many_launches_whatever_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = one_pass()
    from bathyscope.layers.kernels import triton_one_pass, triton_rows

    grids: list[int] = []
    real = triton_rows.launched

    def counted(kernel: Any, given: tuple[Any, ...], options: dict[str, Any]) -> None:
        grids.append(len(given[0]))
        real(kernel, given, options)

    for module in (triton_one_pass, triton_rows):
        monkeypatch.setattr(module, "launched", counted)
    draw = np.random.default_rng(1)
    compared(rows, draw.normal(size=(9, 33)), draw.normal(size=(4, 33)))
    assert grids == [4, 9, 9, 9]


def test_likely_columns_are_chosen_once_for_a_last_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: Any = one_pass()
    rows = getattr(rows, "rows", rows)
    chosen: list[int] = []
    topk = torch.Tensor.topk

    def seen(self: torch.Tensor, count: int, *given: Any) -> Any:
        chosen.append(count)
        return topk(self, count, *given)

    monkeypatch.setattr(torch.Tensor, "topk", seen)
    one, other = torch.rand(2, 4, 33)
    for last in (one, one, other, one):
        rows._likely(last)
    assert chosen == [33, 33, 33]


@pytest.mark.parametrize("reads", [1, 2])
def test_how_often_rows_are_read_is_said_in_one_place(
    reads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    triton()
    device = torch.device("cuda" if CUDA else "cpu")
    found = fastest.triton_rows.__wrapped__(device, reads)
    assert type(found).__name__ == {1: "OnePassRows", 2: "TritonRows"}[reads]
    asked: list[tuple[torch.device, int]] = []
    monkeypatch.setattr(fastest, "READS", reads)
    monkeypatch.setattr(fastest, "triton_rows", lambda *given: asked.append(given))
    assert isinstance(fastest.fastest_rows(torch.bfloat16, torch.device("cuda")), TorchRows)
    assert asked == [(torch.device("cuda"), reads)]


def test_a_map_and_its_settling_depths_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model, text = tiny("llama"), ("Q: 8 +", " 5 =")
    expected, depths = bs.depth(model, *text), bs.settle(model, *text, threshold=0.02)
    rows = one_pass()
    monkeypatch.setattr(last_layer, "fastest_rows", lambda dtype, device: rows)
    with marks() as seen:
        found = bs.depth(model, *text)
    assert seen, "these kernels have made it"
    np.testing.assert_allclose(found.heatmap.values, expected.heatmap.values, atol=4e-6)
    settled = bs.settle(model, *text, threshold=0.02).settling_depth
    assert settled.tolist() == depths.settling_depth.tolist()
