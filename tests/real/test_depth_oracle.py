"""The depth map of the embedded model against values computed by other code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.model import decoding

ORACLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "oracles" / "depth.json").read_text(encoding="utf-8")
)["SmolLM2-135M-Instruct.Q4_1"]

pytestmark = pytest.mark.real


@pytest.mark.parametrize("lens", ["norm", "raw"])
@pytest.mark.parametrize("size", [256, 20])
def test_the_map_agrees(
    smollm: bs.LanguageModel, lens: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "TOKENS_PER_PIECE", size)
    run = bs.depth(smollm, ORACLE["prompt"], ORACLE["response"], lens=lens)
    expected = ORACLE["lenses"][lens]
    assert list(run.heatmap.columns.ids or ()) == ORACLE["response_ids"]
    np.testing.assert_allclose(run.heatmap.values, expected["jsd_bits"], atol=2e-4)
    assert run.settling_depth.tolist() == expected["settling_depth"]
    assert run.deep_thinking_ratio == pytest.approx(expected["deep_thinking_ratio"], abs=1e-12)


@pytest.mark.parametrize("lens", ["norm", "raw"])
def test_the_depths_agree_without_the_map(smollm: bs.LanguageModel, lens: str) -> None:
    run = bs.depth(smollm, ORACLE["prompt"], ORACLE["response"], lens=lens, ratio_only=True)
    assert run.settling_depth.tolist() == ORACLE["lenses"][lens]["settling_depth"]
    assert run.provenance["cells_computed"] < 0.3


def test_coarser_numbers_stay_near(smollm: bs.LanguageModel) -> None:
    """What `--dtype bfloat16` costs, as the docs state it."""
    coarse = bs.load(dtype="bfloat16")
    run = bs.depth(coarse, ORACLE["prompt"], ORACLE["response"])
    difference = np.abs(run.heatmap.values - ORACLE["lenses"]["norm"]["jsd_bits"])
    assert 1e-4 < difference.max() < 0.1
    assert difference.mean() < 0.01
