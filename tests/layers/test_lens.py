"""The depth map on every family against SciPy in float64."""

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.layers import last_layer
from bathyscope.layers.depth_map import depth_map
from bathyscope.layers.lenses.norm import NormLens
from bathyscope.model import decoding
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
    monkeypatch.setattr(last_layer, "ROWS_PER_BLOCK", 7)
    parts = bs.depth(tiny("llama"), PROMPT, RESPONSE).heatmap.values
    np.testing.assert_allclose(whole, parts, atol=2e-6)


@pytest.mark.parametrize("size", [1, 5, 16])
def test_pieces_of_text_change_nothing(
    family: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows of attention included; where pieces would change it, the text is run whole."""
    whole = bs.depth(tiny(family), PROMPT, RESPONSE).heatmap.values
    monkeypatch.setattr(decoding, "TOKENS_PER_PIECE", size)
    parts = bs.depth(tiny(family), PROMPT, RESPONSE).heatmap.values
    np.testing.assert_allclose(whole, parts, atol=2e-4)


def test_no_array_holds_more_rows_than_a_block() -> None:
    """Nothing of the size layers × tokens × vocabulary exists, however long the text."""
    anatomy = tiny("llama-36").anatomy
    states = [torch.randn(500, 32) for _ in range(36)]
    largest: list[int] = []

    class Watched(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore
            result = func(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor) and result.shape[-1:] == (258,):
                largest.append(result.numel() // 258)
            return result

    with Watched():
        depth_map(anatomy, [states], NormLens(), tuple(range(200)) * 2 + tuple(range(100)))
    assert largest and max(largest) <= 480


def test_an_unknown_lens_is_refused() -> None:
    with pytest.raises(bs.InputError, match="norm, raw, tuned"):
        bs.depth(tiny("llama"), PROMPT, RESPONSE, lens="blurred")


def test_an_empty_response_is_refused() -> None:
    with pytest.raises(bs.InputError, match="response is empty"):
        bs.depth(tiny("llama"), PROMPT, "")
    with pytest.raises(bs.InputError, match="response is empty"):
        bs.depth(tiny("llama"), PROMPT, "", ratio_only=True)


def test_a_single_layer_has_no_depth() -> None:
    with pytest.raises(bs.InputError, match="one layer"):
        depth_map(tiny("llama").anatomy, [[torch.zeros(2, 32)]], NormLens(), (1, 2))
