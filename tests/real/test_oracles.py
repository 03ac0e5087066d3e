"""The embedded model against values that other tools computed (see tests/oracles/README.md)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.model.language_model import LanguageModel

pytestmark = pytest.mark.real

ORACLES = Path(__file__).parent.parent / "oracles"
TOLERANCE = 2e-4


def oracle(name: str) -> dict[str, Any]:
    document = json.loads((ORACLES / f"{name}.json").read_text())
    return dict(document["SmolLM2-135M-Instruct.Q4_1"])


@pytest.mark.parametrize("method", ["shapley", "leave_one_out"])
@pytest.mark.parametrize("name", ["division", "multiplication"])
def test_attribution(smollm: LanguageModel, name: str, method: str) -> None:
    expected = oracle(name)
    prompt = bs.Prompt.marked(expected["marked_prompt"])
    run = bs.attribute(smollm, prompt, expected["target"], method=method)
    assert prompt.text == expected["prompt"]
    assert run.heatmap.columns.labels == tuple(expected["features"])
    assert list(run.heatmap.rows.ids or ()) == expected["target_ids"]
    np.testing.assert_allclose(run.heatmap.values, expected[method], atol=TOLERANCE)
    np.testing.assert_allclose(run.all, expected["all"], atol=TOLERANCE)
    np.testing.assert_allclose(run.none, expected["none"], atol=TOLERANCE)
    assert len(run.heatmap.rows) == 13
    if method == "shapley":
        np.testing.assert_allclose(run.gap, 0, atol=1e-9)


@pytest.mark.parametrize("method", ["shapley", "leave_one_out"])
def test_the_slash_is_owed_to_the_division(smollm: LanguageModel, method: str) -> None:
    expected = oracle("division")
    prompt = bs.Prompt.marked(expected["marked_prompt"])
    run = bs.attribute(smollm, prompt, expected["target"], method=method)
    row = run.heatmap.rows.labels.index("▁/")
    largest = run.heatmap.values[row].argmax()
    assert run.heatmap.columns.labels[largest] == "4900 / 100 = 49"


def test_the_answer_to_the_division_was_given(smollm: LanguageModel) -> None:
    """What the pages say of the demo's first map, against passes of the model's own."""
    expected = oracle("division")
    prompt = bs.Prompt.marked(expected["marked_prompt"])
    run = bs.attribute(smollm, prompt, expected["target"], method="leave_one_out")
    found, ids = run.evidence, expected["target_ids"]
    assert found is not None
    before = list(smollm.tokens.encode(prompt.text))
    with torch.no_grad():
        logits = smollm.model(torch.tensor([before + ids[:-1]]), use_cache=False).logits[0]
    rows = logits[len(before) - 1 :].double().log_softmax(-1)
    own = rows[torch.arange(len(ids)), torch.tensor(ids)]
    np.testing.assert_allclose(found.log_probs, own, atol=TOLERANCE)
    np.testing.assert_allclose(found.log_probs, expected["all"], atol=TOLERANCE)
    np.testing.assert_allclose(found.greedy_log_probs, rows.max(-1).values, atol=TOLERANCE)
    assert list(found.greedy.ids or ()) == rows.argmax(-1).tolist()
    assert found.otherwise == tuple(np.flatnonzero(own.numpy() < rows.max(-1).values.numpy()))
    assert found.otherwise, "the pages say that the model would have written something else"
    assert found.ranks.tolist() == ((rows > own[:, None]).sum(-1) + 1).tolist()
    assert "was given the continuation" in (said := bs.describe(run))
    assert f"another token in place of {len(found.otherwise)} of its 13 tokens" in said


@pytest.mark.parametrize("lens", ["norm", "raw"])
def test_depth(smollm: LanguageModel, lens: str) -> None:
    expected = oracle("depth")
    values = expected["lenses"][lens]
    run = bs.depth(smollm, expected["prompt"], expected["response"], lens=lens)
    assert list(run.heatmap.columns.ids or ()) == expected["response_ids"]
    np.testing.assert_allclose(run.heatmap.values, values["jsd_bits"], atol=TOLERANCE)
    assert run.settling_depth.tolist() == values["settling_depth"]
    assert run.deep_thinking_ratio == pytest.approx(values["deep_thinking_ratio"], abs=1e-12)
