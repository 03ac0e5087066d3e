"""How often a device is called: blocks of rows cost a fixed number of launches and never wait."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes

import bathyscope as bs
from bathyscope.core.settling import settling_depths
from bathyscope.layers import last_layer, lazy_settling
from bathyscope.layers.kernels.torch_rows import TorchRows
from bathyscope.layers.last_layer import LastLayerComparison
from bathyscope.model import scoring
from tests.conftest import tiny
from tests.devices import Device, counted


class OneLaunch:
    """Stands for the kernels of a device, each of which is one launch: test_triton_rows.py."""

    at_once = 1 << 20
    _torch = TorchRows(torch.device("cpu"))

    def predictions(self, logits: Tensor, probabilities: Tensor, entropy: Tensor) -> None:
        probabilities.fill_(0.5)
        with _disable_current_modes():
            self._torch.predictions(logits, probabilities, entropy)

    def divergences(self, *given: Tensor) -> None:
        given[-1].fill_(0.25)
        with _disable_current_modes():
            self._torch.divergences(*given)


@pytest.mark.parametrize("family", ["llama", "gemma2"])
def test_a_block_costs_the_same_calls_whatever_its_rows(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    anatomy = tiny(family).anatomy
    width = next(anatomy.lm_head.parameters()).shape[-1]

    def calls(rows: OneLaunch | TorchRows, tokens: int) -> Device:
        monkeypatch.setattr(last_layer, "fastest_rows", lambda dtype, device: rows)
        comparison = LastLayerComparison(anatomy)
        states, final = torch.randn(5, tokens, width), torch.randn(tokens, width)
        comparison.columns(states, final)
        with counted() as found:
            assert comparison.columns(states, final).bits.shape == (5, tokens)
        return found

    few, many = calls(OneLaunch(), 2), calls(OneLaunch(), 90)
    assert few.launches == many.launches <= 20
    assert few.waits == many.waits == 0
    by_torch = calls(TorchRows(torch.device("cuda")), 90)
    assert by_torch.launches > 4 * many.launches and by_torch.waits > 5, "the count sees both"


@pytest.fixture
def on_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have kernels that take one launch, as on a device, and sums in what MPS has."""
    monkeypatch.setattr(last_layer, "fastest_rows", lambda dtype, device: OneLaunch())
    for module in (last_layer, scoring):
        monkeypatch.setattr(module, "exact_float", lambda device: torch.float32)


@pytest.mark.usefixtures("on_device")
def test_a_map_waits_for_its_pieces_and_for_no_block(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("llama")
    assert model.may_continue_a_cache(200), "tried here rather than in what is counted"
    for top_k in (0, 2):
        handed = []
        for count, rows in ((60, 4 * 30), (150, 4 * 30), (150, 4 * 5)):
            monkeypatch.setattr(LastLayerComparison, "rows_per_block", rows)
            with counted() as device:
                bs.depth(model, "a", response="b" * count, top_k=top_k)
            # The model of its mask, whether a piece is numbers; the map, its details, its scores.
            assert device.waits <= 2 * -(-count // 128) + (2 if top_k == 0 else 14)
            assert not device.doubles
            handed.append(device.handed)
        assert handed[1] == handed[2] <= handed[0] + 4, "ids come over with the text, not by block"


@pytest.mark.usefixtures("on_device")
def test_settling_waits_for_rounds_and_not_for_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each round tries twice as many layers as the last: of 36 there are seven at most."""
    assert lazy_settling._rounds(torch.device("cuda"))[1] == 2
    model = tiny("llama-36")
    rounds: list[int] = []
    cells = LastLayerComparison.cells

    def seen(self: LastLayerComparison, *given: Any) -> Tensor:
        rounds.append(len(given[0]))
        return cells(self, *given)

    monkeypatch.setattr(LastLayerComparison, "cells", seen)
    monkeypatch.setattr(LastLayerComparison, "rows_per_block", 10_000)
    text = "abc", "defgh" * 6
    values = bs.depth(model, *text).heatmap.values
    threshold = float(np.median(values[24]))  # which half of the tokens reach late
    met, found = [], [settling_depths(values, threshold).tolist()]
    for faster, bound in ((2, True), (2, False), (1, False)):
        monkeypatch.setattr(lazy_settling, "_rounds", lambda device, by=faster: (1, by))
        if not bound:  # which leaves few cells to try
            all_open = torch.ones(35, 30, dtype=torch.bool)
            monkeypatch.setattr(lazy_settling.Settler, "_possible", lambda *_, it=all_open: it + 0)
        rounds.clear()
        with counted() as device:
            run = bs.settle(model, *text, threshold=threshold)
        assert device.waits <= len(rounds) + 6 and device.handed <= 6
        assert not device.doubles
        met.append(len(rounds))
        found.append(run.settling_depth.tolist())
    assert found == [found[0]] * 4
    assert met[0] <= met[1] <= 7 and met[2] > 20


@pytest.mark.usefixtures("on_device")
def test_a_streamed_token_waits_for_its_depths_and_itself() -> None:
    model, count = tiny("llama"), 12
    list(bs.stream(model, ["abc", "abd"], max_new_tokens=2))
    waits, handed = [], []
    for new in (count, 2 * count):
        with counted() as device:
            tokens = list(bs.stream(model, ["abc", "abd"], max_new_tokens=new))
        assert len(tokens) == 2 * new and not device.doubles
        waits.append(device.waits)
        handed.append(device.handed)
    assert waits[1] - waits[0] <= 3 * count, "depths, tokens, and whether they are numbers"
    assert handed[1] == handed[0], "what is written next is there already"
