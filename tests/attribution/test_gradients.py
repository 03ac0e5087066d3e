"""Gradients against central differences in float64, on every family."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.attribution.gradient_methods import GRADIENT_METHODS
from bathyscope.attribution.gradients import (
    GradientEstimate,
    gradient_attribution,
    shares_of_tokens,
)
from bathyscope.attribution.token_value import TOKEN_VALUES
from bathyscope.core.heatmap import FloatArray
from bathyscope.model import gradients
from bathyscope.model.gradients import VALUES_OF
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokens import Continuation
from tests import brute_force
from tests.conftest import byte_tokenizer, random_model, tiny

PROMPT = bs.Prompt.marked("Q: 9 [[+ 3]] is?\nA: [[12]].\n[[Q]]: 7 x 5? A:")
TARGET = " $3"


def attributed(model: LanguageModel, method: str, **options: Any) -> GradientEstimate:
    continuation = model.tokens.continuation(PROMPT.text, TARGET)
    return gradient_attribution(model, PROMPT, [continuation], method, **options)[0]


def given(model: LanguageModel) -> tuple[tuple[int, ...], tuple[int, ...]]:
    continuation = model.tokens.continuation(PROMPT.text, TARGET)
    return continuation.prompt_ids, continuation.target_ids


@cache
def exact(family: str) -> LanguageModel:
    return LanguageModel(random_model(family, torch.float64), byte_tokenizer())


def embedded(model: LanguageModel) -> torch.Tensor:
    prompt_ids, target_ids = given(model)
    with torch.no_grad():
        found: torch.Tensor = model.anatomy.embed_tokens(torch.tensor(prompt_ids + target_ids[:-1]))
    return found


def each_token(vectors: torch.Tensor) -> torch.Tensor:
    """Return directions that move one token each by its own vector: (tokens, tokens, hidden)."""
    return torch.eye(len(vectors), dtype=vectors.dtype)[:, :, None] * vectors


def test_gradients_agree_with_brute_force(family: str) -> None:
    model = exact(family)
    expected = brute_force.gradients(model.model, *given(model))
    products = (expected * embedded(model).numpy()).sum(-1)
    assert np.abs(products).max() > 0.05, "a test on equal inputs would prove nothing"
    count = len(PROMPT.text)
    found = attributed(tiny(family), "input_x_gradient")
    near: dict[str, Any] = {"atol": 2e-4, "rtol": 1e-4}
    np.testing.assert_allclose(found.token_values, products[:, :count], **near)
    by_feature = [products[:, start:end].sum(1) for start, end in PROMPT.features]
    np.testing.assert_allclose(found.values, np.array(by_feature).T, **near)
    exact_values = brute_force.log_probs(model.model, *given(model))
    np.testing.assert_allclose(found.all, exact_values, atol=1e-4)
    assert found.none is None and found.gap is None
    norms = np.linalg.norm(expected, axis=-1)[:, :count]
    found = attributed(tiny(family), "saliency")
    np.testing.assert_allclose(found.token_values, norms, **near)
    by_feature = [norms[:, start:end].sum(1) for start, end in PROMPT.features]
    np.testing.assert_allclose(found.values, np.array(by_feature).T, **near)


# The others compute their norms in float32 whatever the weights are, too rough for differences.
@pytest.mark.parametrize("family", ["falcon-alibi", "gpt2", "opt", "starcoder2"])
def test_gradients_agree_with_differences(family: str) -> None:
    model = exact(family)
    expected = brute_force.slopes(model.model, *given(model), each_token(embedded(model)))
    found = attributed(model, "input_x_gradient")
    np.testing.assert_allclose(found.token_values, expected[:, : len(PROMPT.text)], atol=1e-6)


@pytest.mark.parametrize("baseline", ["zero", "mean", "pad"])
def test_the_path_leads_from_the_baseline_to_the_input(baseline: str) -> None:
    model = exact("gpt2")
    coarse = attributed(model, "integrated_gradients", steps=150, baseline=baseline)
    fine = attributed(model, "integrated_gradients", steps=600, baseline=baseline)
    assert coarse.gap is not None and fine.gap is not None and fine.none is not None
    assert np.abs(fine.all - fine.none).max() > 0.1
    assert np.abs(fine.gap).max() < 2e-3
    # The midpoint rule gains a factor 16 from four times as many steps where it converges.
    assert np.abs(fine.gap).max() < np.abs(coarse.gap).max() / 8
    assert fine.gap_in_words() is None


def test_each_step_is_the_gradient_at_its_point() -> None:
    """One step: the gradient half way, from central differences around the middle."""
    model = exact("gpt2")
    found = attributed(model, "integrated_gradients", steps=1)
    vectors = embedded(model)
    moved = torch.zeros(len(vectors), 1, dtype=torch.float64)
    for start, end in PROMPT.features:
        moved[start:end] = 1
    middle = _EmbeddedElsewhere(model.model, vectors * (1 - moved / 2))
    expected = brute_force.slopes(middle, *given(model), each_token(vectors * moved))
    np.testing.assert_allclose(found.token_values, expected[:, : len(PROMPT.text)], atol=1e-6)
    outside = np.ones(len(PROMPT.text), dtype=bool)
    for start, end in PROMPT.features:
        outside[start:end] = False
    assert not found.token_values[:, outside].any()
    words = found.gap_in_words()
    assert words is not None and "too few steps" in words


class _EmbeddedElsewhere:
    """A model whose input embeddings are given."""

    def __init__(self, model: Any, vectors: torch.Tensor) -> None:
        self.model, self.vectors = model, vectors

    def get_input_embeddings(self) -> Any:
        return lambda ids: self.vectors

    def __call__(self, **inputs: Any) -> Any:
        return self.model(**inputs)


def test_batches_of_steps_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("gemma3")
    whole = attributed(model, "integrated_gradients", steps=7)
    monkeypatch.setattr("bathyscope.model.path_gradients._TOKENS_PER_BATCH", 90)
    monkeypatch.setattr("bathyscope.model.gradients._ROWS_OF_LOGITS", 4)
    parts = attributed(model, "integrated_gradients", steps=7)
    np.testing.assert_allclose(whole.values, parts.values, atol=1e-5)


@pytest.mark.parametrize("room", [2, 5])
@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt-oss", "opt"])
def test_values_derived_side_by_side_are_those_derived_one_by_one(
    family: str, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a device, where memory lets some or all values have rows of their own."""
    model = tiny(family)
    names = ("saliency", "input_x_gradient", "integrated_gradients")
    alone = [bs.attribute(model, PROMPT, " 35 =", method=name, steps=6) for name in names]
    ways: list[int] = []

    def seen(*given: Any) -> Any:
        ways.append(len(given[2]))
        return back(*given)

    back = gradients._back
    monkeypatch.setattr(gradients, "_back", seen)
    monkeypatch.setattr(gradients, "_targets_together", lambda model, tokens: room)
    for name, one in zip(names, alone, strict=True):
        ways.clear()
        other = bs.attribute(model, PROMPT, " 35 =", method=name, steps=6)
        np.testing.assert_allclose(other.heatmap.values, one.heatmap.values, atol=2e-5)
        np.testing.assert_allclose(other.all, one.all, atol=2e-5)
        count = len(one.heatmap.rows)
        assert len(ways) == -(-count // room) < count, "ways back"


@pytest.mark.parametrize("method", GRADIENT_METHODS)
def test_the_future_gets_nothing(method: str) -> None:
    """A token of the target is blind to the target's later tokens."""
    model = tiny("gemma3")
    pair = [model.tokens.continuation(PROMPT.text, text) for text in (" $3", " $3599")]
    short, long = gradient_attribution(model, PROMPT, pair, method, steps=4)
    np.testing.assert_allclose(short.values, long.values[:3], atol=1e-4)
    np.testing.assert_allclose(short.all, long.all[:3], atol=1e-5)


@pytest.mark.parametrize("of", VALUES_OF)
def test_what_is_derived(of: str) -> None:
    model = tiny("llama")
    found = attributed(model, "input_x_gradient", of=of)
    by_logprob = attributed(model, "input_x_gradient")
    if of == "probability":
        expected = by_logprob.token_values * np.exp(by_logprob.all)[:, None]
        np.testing.assert_allclose(found.token_values, expected, atol=1e-6)
        np.testing.assert_allclose(found.all, np.exp(by_logprob.all), atol=1e-6)
    assert np.isfinite(found.values).all()
    assert (of == "logprob") == np.allclose(found.values, by_logprob.values)


def test_the_values_are_those_of_the_game() -> None:
    assert set(VALUES_OF) == set(TOKEN_VALUES)


def test_equal_inputs_share_one_pass_and_the_weights_are_left_alone() -> None:
    model = LanguageModel(random_model("llama"), byte_tokenizer())
    frozen = next(model.model.parameters())
    frozen.requires_grad_(False)
    before = [weight.requires_grad for weight in model.model.parameters()]
    ids = model.tokens.encode(PROMPT.text)
    several = [Continuation(ids, (id,), None) for id in (65, 66, 67, 65)]
    passes: list[int] = []
    handle = model.model.register_forward_hook(lambda *_: passes.append(1))
    told: list[tuple[int, int | None]] = []
    found = gradient_attribution(
        model,
        PROMPT,
        several,
        "input_x_gradient",
        progress=lambda stage, done, total: told.append((done, total)),
    )
    handle.remove()
    assert len(passes) == 3, "one pass for all, and two that check the way in by number"
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    np.testing.assert_array_equal(found[0].values, found[3].values)
    assert np.abs(found[0].values - found[1].values).max() > 1e-3
    assert [weight.requires_grad for weight in model.model.parameters()] == before
    assert all(weight.grad is None for weight in model.model.parameters())


def test_a_shared_token_is_divided_and_an_unmarked_rest_is_not_lost() -> None:
    spans = [(0, 0), (0, 3), (3, 8), (8, 9)]
    expected: FloatArray = np.array([[0, 0], [1, 0], [0.25, 0.75], [0, 0]])
    np.testing.assert_allclose(shares_of_tokens(spans, [(2, 4), (5, 8)]), expected)


def test_a_feature_without_a_token_is_refused() -> None:
    with pytest.raises(bs.InputError, match=r"characters 4..5 has no token"):
        shares_of_tokens([(0, 4)], [(1, 2), (4, 5)])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "deeplift"}, "integrated_gradients"),
        ({"method": "saliency", "of": "entropy"}, "logprob, logit"),
        ({"method": "integrated_gradients", "baseline": "blur"}, "zero, mean, pad"),
        ({"method": "integrated_gradients", "steps": 0}, "at least 1 step"),
    ],
)
def test_what_is_unknown_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(bs.InputError, match=words):
        attributed(tiny("llama"), **options)


def test_a_continuation_of_another_prompt_is_refused() -> None:
    model = tiny("llama")
    other = model.tokens.continuation("something else", TARGET)
    with pytest.raises(bs.InputError, match="another prompt"):
        gradient_attribution(model, PROMPT, [other], "saliency")


def test_a_model_without_a_way_in_for_embeddings_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = LanguageModel(random_model("llama"), byte_tokenizer())
    original = model.model.forward

    def forward(*args: Any, inputs_embeds: Any = None, **kwargs: Any) -> Any:
        if inputs_embeds is not None:
            inputs_embeds = inputs_embeds * 2
        return original(*args, inputs_embeds=inputs_embeds, **kwargs)

    monkeypatch.setattr(model.model, "forward", forward)
    with pytest.raises(bs.ModelError, match="gives other predictions"):
        attributed(model, "saliency")


def test_quantities_name_their_units() -> None:
    norm = GRADIENT_METHODS["saliency"].quantity("logprob")
    assert (norm.unit, norm.neutral) == ("nats per unit of embedding length", None)
    product = GRADIENT_METHODS["integrated_gradients"].quantity("logit")
    assert (product.unit, product.neutral) == ("logits", 0.0)
