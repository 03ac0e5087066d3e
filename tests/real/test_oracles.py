"""The embedded model against values that other tools computed (see tests/oracles/README.md)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.model.language_model import LanguageModel
from bathyscope.runs.base import Run

pytestmark = pytest.mark.real

ORACLES = Path(__file__).parent.parent / "oracles"
TOLERANCE = 2e-4


def oracle(name: str) -> dict[str, Any]:
    document = json.loads((ORACLES / f"{name}.json").read_text())
    return dict(document["SmolLM2-135M-Instruct.Q4_1"])


@pytest.fixture(scope="module")
def left_out(smollm: LanguageModel) -> dict[str, bs.AttributionRun]:
    """Leave-one-out maps of the demo's questions, by name."""
    found = {}
    for name in ("division", "multiplication"):
        asked = oracle(name)
        prompt = bs.Prompt.marked(asked["marked_prompt"])
        found[name] = bs.attribute(smollm, prompt, asked["target"], method="leave_one_out")
    return found


def given(name: str, runs: dict[str, Run]) -> bs.AttributionRun:
    """Return the demo's Shapley values of what a model was given, which are the oracle's."""
    run, expected = runs[f"given-{name}"], oracle(name)
    assert isinstance(run, bs.AttributionRun) and run.provenance["method"]["name"] == "shapley"
    prompt = bs.Prompt.marked(expected["marked_prompt"])
    assert run.provenance["features"] == [list(span) for span in prompt.features]
    assert (run.prompt, run.provenance["given"]) == (prompt.text, expected["target"])
    return run


@pytest.mark.parametrize("method", ["shapley", "leave_one_out"])
@pytest.mark.parametrize("name", ["division", "multiplication"])
def test_attribution(
    demo_runs: dict[str, Run], left_out: dict[str, bs.AttributionRun], name: str, method: str
) -> None:
    expected = oracle(name)
    run = given(name, demo_runs) if method == "shapley" else left_out[name]
    assert run.prompt == expected["prompt"]
    assert run.heatmap.columns.labels == tuple(expected["features"])
    assert list(run.heatmap.rows.ids or ()) == expected["target_ids"]
    np.testing.assert_allclose(run.heatmap.values, expected[method], atol=TOLERANCE)
    np.testing.assert_allclose(run.all, expected["all"], atol=TOLERANCE)
    np.testing.assert_allclose(run.none, expected["none"], atol=TOLERANCE)
    assert len(run.heatmap.rows) == 13
    if method == "shapley":
        np.testing.assert_allclose(run.gap, 0, atol=1e-9)


@pytest.mark.parametrize("method", ["shapley", "leave_one_out"])
def test_the_slash_is_owed_to_the_division(
    demo_runs: dict[str, Run], left_out: dict[str, bs.AttributionRun], method: str
) -> None:
    run = given("division", demo_runs) if method == "shapley" else left_out["division"]
    row = run.heatmap.rows.labels.index("▁/")
    largest = run.heatmap.values[row].argmax()
    assert run.heatmap.columns.labels[largest] == "4900 / 100 = 49"


def test_the_answer_to_the_division_was_given(
    smollm: LanguageModel, left_out: dict[str, bs.AttributionRun]
) -> None:
    """What the pages say of the demo's first map, against passes of the model's own."""
    expected, run = oracle("division"), left_out["division"]
    found, ids = run.evidence, expected["target_ids"]
    assert found is not None
    before = list(smollm.tokens.encode(expected["prompt"]))
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
