"""The whole way from a marked prompt to a map, on every family, against float64 brute force."""

from itertools import product

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.attribution.prompt_game import prompt_game
from bathyscope.model.tokens import Continuation
from tests import brute_force
from tests.conftest import random_model, tiny

PROMPT = bs.Prompt.marked("Q: 9 [[+ 3]] is?\nA: [[12]].\n\nQ: [[7 x 5]]?\nA:")
TARGET = " $35é ="


@pytest.mark.parametrize("baseline", ["", "__"])
def test_attribution_agrees_with_brute_force(family: str, baseline: str) -> None:
    model = tiny(family)
    run = bs.attribute(model, PROMPT, TARGET, baseline=baseline)
    exact = random_model(family, torch.float64)
    ids = {text: tuple(model.tokens.tokenizer(text)["input_ids"]) for text in _texts(baseline)}
    target_ids = tuple(model.tokens.tokenizer(TARGET)["input_ids"])
    table = {
        coalition: brute_force.log_probs(exact, ids[text], target_ids)
        for text, coalition in _texts(baseline).items()
    }
    expected = brute_force.shapley(table, 3)
    assert np.abs(expected).max() > 0.1, "a test on equal inputs would prove nothing"
    np.testing.assert_allclose(run.heatmap.values, expected, atol=2e-4)
    np.testing.assert_allclose(run.all, table[frozenset({0, 1, 2})], atol=2e-4)
    np.testing.assert_allclose(run.none, table[frozenset()], atol=2e-4)
    np.testing.assert_allclose(run.gap, 0, atol=1e-12)


def _texts(baseline: str) -> dict[str, frozenset[int]]:
    return {
        PROMPT.masked(present, baseline): frozenset(i for i in range(3) if present[i])
        for present in product([False, True], repeat=3)
    }


@pytest.mark.parametrize("batch_tokens", [60, 150, None])
def test_batches_change_nothing(family: str, batch_tokens: int | None) -> None:
    model = tiny(family)
    alone = bs.attribute(model, PROMPT, TARGET, batch_tokens=1)
    batched = bs.attribute(model, PROMPT, TARGET, batch_tokens=batch_tokens)
    np.testing.assert_allclose(alone.heatmap.values, batched.heatmap.values, atol=2e-5)


def test_what_comes_after_a_feature_only_is_influenced(family: str) -> None:
    """A token of the target is blind to the target's later tokens."""
    model = tiny(family)
    short = bs.attribute(model, PROMPT, " $3")
    long = bs.attribute(model, PROMPT, " $3599")
    count = len(short.heatmap.rows)
    if family == "phi3-longrope":
        # Where the target crosses the original context, all positions turn by other angles.
        assert np.abs(short.heatmap.values - long.heatmap.values[:count]).max() > 0.1
        return
    np.testing.assert_allclose(short.heatmap.values, long.heatmap.values[:count], atol=2e-5)


def test_generated_targets_are_forced_under_every_coalition() -> None:
    model = tiny("llama")
    run = bs.attribute(model, PROMPT, max_new_tokens=5)
    ids = run.heatmap.rows.ids
    assert ids is not None and 1 <= len(ids) <= 5
    game = prompt_game(model, PROMPT, [Continuation(model.tokens.encode(PROMPT.text), ids, None)])
    np.testing.assert_allclose(game.all(), run.all, atol=2e-5)
    with torch.no_grad():
        prompt_ids = model.tokens.encode(PROMPT.text)
        logits = model.model(torch.tensor([prompt_ids + ids])).logits[0]
    greedy = logits.argmax(-1)[len(prompt_ids) - 1 : -1].tolist()
    assert greedy == list(ids), "the model writes the most probable token each time"


def test_an_empty_masked_prompt_is_explained() -> None:
    with pytest.raises(bs.InputError, match="--baseline"):
        bs.attribute(tiny("llama"), bs.Prompt.marked("[[all of it]]"), "x")


def test_a_prompt_beyond_the_context_is_refused() -> None:
    prompt = bs.Prompt.marked("[[a]]" + "b" * 400)
    with pytest.raises(bs.InputError, match="context ends at 256"):
        bs.attribute(tiny("llama"), prompt, "x")


def test_a_prompt_of_many_features_is_sampled_within_the_budget() -> None:
    prompt = bs.Prompt.marked("Q:" + "".join(f" [[{word}]]" for word in "abcdefgh"))
    runs = [bs.attribute(tiny("llama"), prompt, " $3", budget=120, seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0].heatmap.values, runs[1].heatmap.values)
    assert np.abs(runs[0].heatmap.values - runs[2].heatmap.values).max() > 1e-3
    np.testing.assert_allclose(runs[0].gap, 0, atol=1e-12)
    provenance = runs[0].heatmap.provenance
    assert provenance["seed"] == 1 and not provenance["method"]["exact"]
    assert 86 <= provenance["method"]["evaluations"] <= 120
    assert "sampled Shapley value" in bs.describe(runs[0])


def test_a_model_that_shares_no_prefixes_says_so() -> None:
    run = bs.attribute(tiny("mamba"), PROMPT, " 3")
    assert any(one.startswith("Whole prompts are scored: it carries a run") for one in run.notes)
    assert "running state" in run.heatmap.provenance["method"]["whole_prompts_because"]
    shared = bs.attribute(tiny("llama"), PROMPT, " 3").heatmap.provenance["method"]
    assert shared["whole_prompts_because"] is None
