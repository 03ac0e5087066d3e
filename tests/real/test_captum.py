"""The embedded model against Captum itself, on a prompt of two demonstrations."""

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.model.language_model import LanguageModel
from tests import captum_values
from tests.captum_values import Values

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:The path has too few steps"),
]

PROMPT = bs.Prompt.marked("6 by 2: [[6 / 2 = 3]]\n3 and 4: [[3 + 4 = 7]]\n8 by 2: 8")
TARGET = " / 2"
TOLERANCE = 2e-4


@pytest.mark.parametrize("method", ["leave_one_out", "shapley"])
def test_what_is_left_out(smollm: LanguageModel, method: str) -> None:
    target = smollm.tokens.continuation(PROMPT.text, TARGET)
    captums = getattr(captum_values, method)(smollm, PROMPT, target)
    run = bs.attribute(smollm, PROMPT, TARGET, method=method)
    assert np.abs(captums).max() > 0.3
    np.testing.assert_allclose(run.heatmap.values, captums, atol=TOLERANCE)


@pytest.mark.parametrize("method", ["saliency", "input_x_gradient", "integrated_gradients"])
def test_gradients(smollm: LanguageModel, method: str) -> None:
    """By token, which is what Captum gives."""
    tokens = bs.Prompt.segmented(PROMPT.text, "tokens", smollm.tokens.spans)
    run = bs.attribute(smollm, tokens, " /", method=method, steps=2, path_from="pad")
    captums = gradients(smollm, method)
    assert captums.shape == run.heatmap.values.shape and np.abs(captums).max() > 0.01
    np.testing.assert_allclose(run.heatmap.values, captums, atol=TOLERANCE)


def gradients(model: LanguageModel, method: str) -> Values:
    target = model.tokens.continuation(PROMPT.text, " /")
    if method == "saliency":
        return captum_values.saliency(model, target)
    if method == "input_x_gradient":
        return captum_values.input_x_gradient(model, PROMPT.text, target)
    return captum_values.integrated_gradients(model, PROMPT.text, target, steps=2)
