"""The same numbers on an accelerator, where there is one."""

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.model.language_model import LanguageModel
from tests.conftest import byte_tokenizer, tiny
from tests.families import random_model

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

PROMPT = bs.Prompt.marked("Q: 9 [[+ 3]] is?\nA: [[12]].\n\nQ: [[7 x 5]]?\nA:")
FAMILIES = ["llama", "gemma3", "gpt2", "gpt-oss", "opt"]


@pytest.fixture(params=FAMILIES)
def both(request: pytest.FixtureRequest) -> tuple[LanguageModel, LanguageModel]:
    on_device = LanguageModel(random_model(request.param).to("cuda"), byte_tokenizer())
    return tiny(request.param), on_device


@pytest.mark.parametrize("method", ["shapley", "input_x_gradient", "integrated_gradients"])
def test_attribution(both: tuple[LanguageModel, LanguageModel], method: str) -> None:
    here, there = (bs.attribute(model, PROMPT, " 35 =", method=method) for model in both)
    assert there.heatmap.provenance["model"]["device"].startswith("cuda")
    np.testing.assert_allclose(there.heatmap.values, here.heatmap.values, atol=2e-4)
    np.testing.assert_allclose(there.all, here.all, atol=2e-4)


@pytest.mark.parametrize("lens", ["norm", "raw"])
def test_depth(both: tuple[LanguageModel, LanguageModel], lens: str) -> None:
    here, there = (bs.depth(model, PROMPT.text, " 35 =", lens=lens) for model in both)
    np.testing.assert_allclose(there.heatmap.values, here.heatmap.values, atol=2e-4)
    quick = bs.depth(both[1], PROMPT.text, " 35 =", lens=lens, ratio_only=True)
    assert quick.settling_depth.tolist() == there.settling_depth.tolist()


def test_generation_and_streams(both: tuple[LanguageModel, LanguageModel]) -> None:
    text = both[1].generate(PROMPT.text, 6)
    streamed = list(bs.stream(both[1], PROMPT.text, max_new_tokens=6))
    assert [token.token_id for token in streamed] == list(text.target_ids)
