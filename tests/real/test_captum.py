"""The embedded model against Captum itself, on a prompt of two demonstrations."""

from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.model.language_model import LanguageModel
from tests import captum_values
from tests.captum_values import Values

pytestmark = pytest.mark.real

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


@pytest.mark.parametrize("method", ["saliency", "input_x_gradient"])
def test_gradients(smollm: LanguageModel, method: str) -> None:
    """By token, which is what Captum gives."""
    target = smollm.tokens.continuation(PROMPT.text, " /")
    if method == "saliency":
        captums = captum_values.saliency(smollm, target)
    else:
        captums = captum_values.input_x_gradient(smollm, PROMPT.text, target)
    agree(by_token(smollm, method), captums, TOLERANCE)


def test_a_path() -> None:
    """In float64: in float32 the steep path leaves either tool some 1e-4 of the largest cell off.

    The largest is 8.7 nats; ours differs from the value in float64 by 1.1e-3, Captum's by 4e-4.
    """
    exact = bs.load(dtype="float64")
    target = exact.tokens.continuation(PROMPT.text, " /")
    captums = captum_values.integrated_gradients(exact, PROMPT.text, target, steps=2)
    found = by_token(exact, "integrated_gradients", steps=2, path_from="pad")
    agree(found, captums, 1e-9)


def by_token(model: LanguageModel, method: str, **options: Any) -> Values:
    tokens = bs.Prompt.segmented(PROMPT.text, "tokens", model.tokens.spans)
    return bs.attribute(model, tokens, " /", method=method, **options).heatmap.values


def agree(found: Values, captums: Values, tolerance: float) -> None:
    assert captums.shape == found.shape and np.abs(captums).max() > 0.01
    np.testing.assert_allclose(found, captums, atol=tolerance, rtol=0)
