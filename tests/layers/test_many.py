"""Many responses in one call get the maps that each would get alone."""

from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.errors import BathyscopeError
from bathyscope.model import decoding
from tests.conftest import tiny

PROMPTS = ["Q: six and two?", "x", "Q: of all that was said", "Q: six and two?", "Q: no"]
RESPONSES = [" so 8", " yz", " in the house that evening, nothing", None, " 1"]


def together(model: bs.LanguageModel, **settings: Any) -> list[Any]:
    found = dict(bs.depth_many(model, PROMPTS, RESPONSES, max_new_tokens=4, **settings))
    return [found[index] for index in range(len(PROMPTS))]


def alone(model: bs.LanguageModel, **settings: Any) -> list[Any]:
    return [
        bs.depth(model, prompt, response, max_new_tokens=4, **settings)
        for prompt, response in zip(PROMPTS, RESPONSES, strict=True)
    ]


@pytest.mark.parametrize("family", ["llama", "gemma3", "mamba", "opt", "phi3-longrope"])
def test_maps_are_those_of_single_calls(family: str) -> None:
    model = tiny(family)
    for ours, one in zip(together(model, top_k=2), alone(model, top_k=2), strict=True):
        np.testing.assert_allclose(ours.heatmap.values, one.heatmap.values, atol=2e-5)
        np.testing.assert_allclose(ours.evidence.log_probs, one.evidence.log_probs, atol=1e-4)
        np.testing.assert_array_equal(ours.settling_depth, one.settling_depth)
        assert ours.heatmap.columns == one.heatmap.columns
        assert ours.heatmap.provenance == one.heatmap.provenance
        ours_rank, rank = (run.layer_statistic("rank").values for run in (ours, one))
        np.testing.assert_array_equal(ours_rank, rank)


def test_depths_without_the_map() -> None:
    model = tiny("llama")
    for ours, one in zip(
        together(model, ratio_only=True), alone(model, ratio_only=True), strict=True
    ):
        np.testing.assert_array_equal(ours.settling_depth, one.settling_depth)
        assert ours.deep_thinking_ratio == one.deep_thinking_ratio


def test_short_texts_share_passes_and_long_ones_run_piece_by_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = bs.LanguageModel(tiny("llama").model, tiny("llama").tokens.tokenizer)
    assert model.why_not_batched is None and model.why_not_shared is None
    batches: list[int] = []
    original = decoding._of_batch

    def counted(model: Any, texts: Any) -> Any:
        batches.append(len(texts))
        return original(model, texts)

    monkeypatch.setattr(decoding, "_of_batch", counted)
    monkeypatch.setattr(decoding, "TOKENS_PER_PIECE", 24)
    expected = alone(model)
    found = together(model)
    assert sum(batches) == 4 > len(batches), "the third text is longer than a piece"
    for ours, one in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.heatmap.values, one.heatmap.values, atol=2e-5)


def test_states_that_are_held_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("llama")
    monkeypatch.setattr(decoding, "_BYTES_OF_STATES", 1)
    assert decoding._tokens_per_batch(model) == decoding.TOKENS_PER_PIECE
    monkeypatch.setattr(decoding, "_BYTES_OF_STATES", 200 * 4 * 32 * 4)
    assert decoding._tokens_per_batch(model) == 200


def test_a_prompt_that_cannot_be_answered_is_told_of_and_left_out() -> None:
    model = tiny("llama")
    told: dict[int, BathyscopeError] = {}
    given = ["", "x" * 300, "fine", "fine"]
    runs = dict(bs.depth_many(model, given, [" a", " b", "", " d"], failed=told.__setitem__))
    assert list(runs) == [3] and sorted(told) == [0, 1, 2]
    np.testing.assert_allclose(
        runs[3].heatmap.values,
        bs.depth(model, "fine", " d").heatmap.values,
        atol=2e-5,
    )
    with pytest.raises(bs.InputError, match=r"In prompts\[1\]: Prompt and continuation"):
        list(bs.depth_many(model, ["fine", "x" * 300], [" a", " b"]))


def test_what_is_read_off_the_map_is_refused_without_it() -> None:
    with pytest.raises(bs.InputError, match="left out where only the ratio"):
        bs.depth_many(tiny("llama"), PROMPTS, ratio_only=True, top_k=2)


def test_no_prompt_has_no_run() -> None:
    assert list(bs.depth_many(tiny("llama"), [])) == []


def test_each_keeps_what_is_noted_of_its_own_response_alone() -> None:
    runs = dict(bs.depth_many(tiny("llama"), ["plus seven"] * 2, ["12", " 12"]))
    assert [sum("as one word" in note for note in runs[k].notes) for k in (0, 1)] == [1, 0]
