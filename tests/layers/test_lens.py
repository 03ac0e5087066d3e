"""The depth map on every family against SciPy in float64."""

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.layers import lens as lens_module
from bathyscope.layers.divergence import jensen_shannon
from bathyscope.layers.lens import divergence_from_last_layer
from tests import brute_force
from tests.conftest import random_model, tiny

PROMPT, RESPONSE = "Q: what is 8 + 5?\nA:", " it is 13."


@pytest.mark.parametrize("lens", ["norm", "raw"])
def test_depth_agrees_with_brute_force(family: str, lens: str) -> None:
    model = tiny(family)
    run = bs.depth(model, PROMPT, RESPONSE, lens=lens)
    ids = tuple(model.tokens.tokenizer(PROMPT + RESPONSE)["input_ids"])
    first = len(model.tokens.tokenizer(PROMPT)["input_ids"])
    expected = brute_force.divergences(random_model(family, torch.float64), ids, first, lens)
    assert np.ptp(expected) > 0.1, "a test on equal inputs would prove nothing"
    np.testing.assert_allclose(run.heatmap.values, expected, atol=2e-4)


def test_a_model_of_36_layers_gives_35_rows() -> None:
    run = bs.depth(tiny("llama-36"), PROMPT, RESPONSE)
    assert run.heatmap.values.shape == (35, len(RESPONSE))
    assert run.heatmap.rows.labels == tuple(str(layer) for layer in range(1, 36))
    assert run.num_layers == 36


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bs.depth(tiny("llama"), PROMPT, RESPONSE).heatmap.values
    monkeypatch.setattr(lens_module, "_ROWS_PER_BLOCK", 7)
    monkeypatch.setattr(lens_module, "_ROWS_PER_SLICE", 3)
    parts = bs.depth(tiny("llama"), PROMPT, RESPONSE).heatmap.values
    np.testing.assert_allclose(whole, parts, atol=1e-6)


def test_no_array_holds_more_rows_than_a_block() -> None:
    """Nothing of the size layers × tokens × vocabulary exists, however long the text."""
    anatomy = tiny("llama-36").anatomy
    states = [torch.randn(500, 32) for _ in range(36)]
    largest = 0

    def watched(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
        nonlocal largest
        largest = max(largest, p.shape[0] * p.shape[1])
        return jensen_shannon(p, q)

    seen: list[int] = []
    handle = anatomy.lm_head.register_forward_hook(
        lambda module, inputs, output: seen.append(output.numel() // output.shape[-1])
    )
    try:
        divergence_from_last_layer(anatomy, states, watched)
    finally:
        handle.remove()
    assert max(seen) <= 480
    assert largest <= 2 * 32


def test_an_unknown_lens_is_refused() -> None:
    with pytest.raises(bs.InputError, match="norm, raw"):
        bs.depth(tiny("llama"), PROMPT, RESPONSE, lens="tuned")


def test_a_single_layer_has_no_depth() -> None:
    with pytest.raises(bs.InputError, match="one layer"):
        divergence_from_last_layer(tiny("llama").anatomy, [torch.zeros(2, 32)], jensen_shannon)
