"""Every method that Captum has, too: the same numbers within 2e-4 nats, on every family."""

from typing import Any

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokens import Continuation
from tests import captum_values
from tests.captum_values import Values
from tests.conftest import tiny
from tests.families import DEEP, FAMILIES

# Captum reads a target token by token; a longrope model's positions depend on what comes after.
SAME = sorted(set(FAMILIES) - {"phi3-longrope", DEEP})
PROMPT = bs.Prompt.marked("Q: 9 [[+ 3]] is?\nA: [[12]].\n\nQ: [[7 x 5]]?\nA:")
TARGET = " $35"
TOLERANCE = 2e-4

pytestmark = pytest.mark.filterwarnings("ignore:Setting forward, backward hooks:UserWarning")


@pytest.fixture(params=SAME)
def model(request: pytest.FixtureRequest) -> LanguageModel:
    return tiny(request.param)


def explained(model: LanguageModel) -> Continuation:
    return model.tokens.continuation(PROMPT.text, TARGET)


def ours(model: LanguageModel, method: str, **options: Any) -> Values:
    return bs.attribute(model, PROMPT, TARGET, method=method, **options).heatmap.values


def in_features(model: LanguageModel, of_tokens: Values) -> Values:
    """Sum what prompt tokens got; the tiny models' tokens are single characters."""
    return np.stack([of_tokens[:, a:b].sum(axis=1) for a, b in PROMPT.features], axis=1)


def agrees(found: Values, captums: Values) -> None:
    assert np.abs(captums).max() > 0.05, "a test on equal inputs would prove nothing"
    np.testing.assert_allclose(found, captums, atol=TOLERANCE)


@pytest.mark.parametrize("by_token", [False, True])
def test_leave_one_out(model: LanguageModel, by_token: bool) -> None:
    captums = captum_values.leave_one_out(model, PROMPT, explained(model), by_token)
    agrees(ours(model, "leave_one_out"), captums)


def test_shapley(model: LanguageModel) -> None:
    agrees(ours(model, "shapley"), captum_values.shapley(model, PROMPT, explained(model)))


def test_input_x_gradient(model: LanguageModel) -> None:
    captums = captum_values.input_x_gradient(model, PROMPT.text, explained(model))
    agrees(ours(model, "input_x_gradient"), in_features(model, captums))


def test_saliency(model: LanguageModel) -> None:
    captums = captum_values.saliency(model, explained(model))
    agrees(ours(model, "saliency"), in_features(model, captums))


def test_integrated_gradients(model: LanguageModel) -> None:
    """Captum moves every token of the prompt; so every token is a feature here."""
    tokens = bs.Prompt.segmented(PROMPT.text, "tokens", model.tokens.spans)
    run = bs.attribute(
        model, tokens, TARGET, method="integrated_gradients", steps=6, path_from="pad"
    )
    captums = captum_values.integrated_gradients(model, PROMPT.text, explained(model), steps=6)
    agrees(run.heatmap.values, captums)
