"""Layer statistics by name: asked for, computed for every cell, kept, and read as maps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.core.heatmap import Quantity
from bathyscope.layers.statistics.choice import LAYER_STATISTICS, chosen_statistics
from bathyscope.layers.statistics.statistic import Cells, LayerStatistic
from tests import brute_force
from tests.conftest import random_model, tiny

PROMPT, RESPONSE = "Q: 8 + 5?\nA:", " 8 + 5 = 13"


class Margin(LayerStatistic):
    """How far the most probable token leads the second, in nats."""

    name = "margin"
    summary = "lead of the first token over the second, nats"
    quantity = Quantity("lead of the first token", "nats", legend="nats between first and second")

    def compute(self, cells: Cells) -> Any:
        top = cells.log_probs.topk(2).values
        return top[:, 0] - top[:, 1]


@pytest.fixture
def margin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LAYER_STATISTICS._known, "margin", Margin())


def test_one_statistic_agrees_with_the_model_in_float64(margin: None) -> None:
    run = bs.depth(tiny("gemma2"), PROMPT, RESPONSE, statistics=["margin"])
    found = run.layer_statistic("margin")
    reference = random_model("gemma2", torch.float64)
    ids = tiny("gemma2").tokens.encode(PROMPT + RESPONSE)
    first = len(tiny("gemma2").tokens.encode(PROMPT))
    stream: list[torch.Tensor] = []
    for block in brute_force.blocks(reference):
        block.register_forward_hook(
            lambda _, __, out: stream.append(out[0] if isinstance(out, tuple) else out)
        )
    with torch.no_grad():
        reference(torch.tensor([ids]))
        for layer in range(len(stream) - 1):
            read = brute_force.unembedded(reference, stream[layer], "norm")[0]
            top = read[first - 1 : len(ids) - 1].log_softmax(-1).topk(2).values
            expected = (top[:, 0] - top[:, 1]).numpy()
            assert expected.std() > 0
            np.testing.assert_allclose(found.values[layer], expected, atol=2e-4)
    assert found.quantity == Margin.quantity and found.columns == run.heatmap.columns


def test_a_statistic_costs_no_top_tokens_and_survives_a_file_without_its_package(
    margin: None, tmp_path: Path
) -> None:
    run = bs.depth(tiny("llama"), PROMPT, RESPONSE, statistics=["margin", "entropy"])
    run.save(tmp_path / "run")
    del LAYER_STATISTICS._known["margin"]
    again = bs.open_run(tmp_path / "run")
    assert isinstance(again, bs.DepthRun) and again.readings is not None
    assert again.readings.top_k == 0
    for name in ("margin", "entropy"):
        before, after = run.layer_statistic(name), again.layer_statistic(name)
        assert before.values.tolist() == after.values.tolist()
        assert before.quantity == after.quantity
    assert "nats" in bs.describe(again.layer_statistic("margin"))
    assert bs.draw(again.layer_statistic("margin"), tmp_path / "margin.png")


def test_the_statistics_of_top_tokens_are_the_same_when_asked_for_by_name() -> None:
    together = bs.depth(tiny("llama"), PROMPT, RESPONSE, top_k=2)
    names = list(LAYER_STATISTICS)
    apart = bs.depth(tiny("llama"), PROMPT, RESPONSE, statistics=names)
    for name in names:
        values = together.layer_statistic(name).values
        assert values.std() > 0
        assert values.tolist() == apart.layer_statistic(name).values.tolist()


def test_what_was_not_asked_for_is_named() -> None:
    run = bs.depth(tiny("llama"), PROMPT, RESPONSE, statistics=["rank"])
    with pytest.raises(bs.InputError, match=r"'entropy'; it has rank.*--statistic entropy"):
        run.layer_statistic("entropy")
    with pytest.raises(bs.InputError, match="did you mean 'entropy'"):
        bs.depth(tiny("llama"), PROMPT, RESPONSE, statistics=["entrpy"])
    with pytest.raises(bs.InputError, match="'rank' is asked for twice"):
        chosen_statistics(["rank", "rank"], 0)
    with pytest.raises(bs.InputError, match="ratio-only"):
        bs.settle(tiny("llama"), PROMPT, RESPONSE, statistics=["rank"])
