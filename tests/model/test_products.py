"""Fast products give what the plain ones give, and what float64 gives within rounding."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bathyscope.core.progress import silent
from bathyscope.model import products
from bathyscope.model.foreign import run
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.plain_decoding import decoded
from bathyscope.model.products import FastProducts, fast_products, linear, onednn
from tests.conftest import byte_tokenizer
from tests.families import random_model


def _given(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=generator).to(dtype)


def _exact(states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    found = states.double() @ weight.double().T
    return found if bias is None else found + bias.double()


@pytest.mark.parametrize("shape", [(37,), (1, 37), (5, 37), (2, 3, 37)])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
def test_agrees_with_float64(shape: tuple[int, ...], biased: bool, transposed: bool) -> None:
    states, weight = _given(*shape), _given(37, 11).T if transposed else _given(11, 37)
    bias = _given(11) if biased else None
    found = linear(states, weight, bias)
    assert found.shape == (*shape[:-1], 11)
    torch.testing.assert_close(found.double(), _exact(states, weight, bias), rtol=0, atol=2e-5)


def test_states_that_do_not_lie_in_order() -> None:
    states, weight = _given(37, 5).T, _given(11, 37)
    found = linear(states, weight).double()
    torch.testing.assert_close(found, _exact(states, weight, None), rtol=0, atol=2e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_go_where_they_went(dtype: torch.dtype) -> None:
    states, weight = _given(5, 37, dtype=dtype), _given(11, 37, dtype=dtype)
    assert torch.equal(linear(states, weight), functional.linear(states, weight))


def test_nothing_in_nothing_out() -> None:
    assert linear(_given(0, 37), _given(11, 37)).shape == (0, 11)


def test_gradients_are_those_of_torch() -> None:
    weight, bias, seed = _given(11, 37), _given(11), _given(2, 3, 11)
    states = _given(2, 3, 37).requires_grad_()
    (ours,) = torch.autograd.grad(linear(states, weight, bias), states, seed)
    (theirs,) = torch.autograd.grad(functional.linear(states, weight, bias), states, seed)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-5)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Have a product that keeps count, on machines without the fast one too."""
    found: list[tuple[int, ...]] = []

    def product(states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        found.append(tuple(states.shape))
        return functional.linear(states, weight, bias)

    monkeypatch.setattr(products, "onednn", lambda: product)
    return found


def test_the_context_catches_linear_layers(calls: list[tuple[int, ...]]) -> None:
    layer = torch.nn.Linear(37, 11)
    with fast_products(torch.device("cpu")):
        layer(_given(5, 37))
    assert calls == [(5, 37)]
    layer(_given(5, 37))
    assert calls == [(5, 37)], "outside of the context nothing is caught"


@pytest.mark.parametrize(("device", "caught"), [("cpu", 1), ("cuda", 0), ("mps", 0)])
def test_only_a_processor_has_its_calls_read_along(
    device: str, caught: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a device that would cost time at each call and win nothing: passes, heads, decoding."""
    model = LanguageModel(random_model("llama"), byte_tokenizer())
    monkeypatch.setattr(type(model.model), "device", torch.device(device))
    depths: list[int] = []

    def seen(*given: Any) -> None:
        depths.append(torch._C._len_torch_function_stack())

    for module in (model.model.model.norm, model.head.lm_head):
        module.register_forward_pre_hook(seen)
    ids = torch.tensor([[1, 2, 3]])
    run(model.model, input_ids=ids)
    assert depths == [caught] * 2
    if device == "cpu":
        decoded(model.model, ids, 2, silent, lambda ids: False)
        model.head.unembedded(torch.zeros(1, 32))
        assert depths == [1] * 7


def test_the_context_catches_the_products_of_gpt2(calls: list[tuple[int, ...]]) -> None:
    bias, states, weight = _given(11), _given(5, 37), _given(37, 11)
    with FastProducts():
        found = torch.addmm(bias, states, weight)
    assert calls == [(5, 37)]
    torch.testing.assert_close(found, torch.addmm(bias, states, weight))


def test_other_sums_of_products_are_left_alone(calls: list[tuple[int, ...]]) -> None:
    square, states, weight = _given(5, 11), _given(5, 37), _given(37, 11)
    with FastProducts():
        found = torch.addmm(square, states, weight, beta=2.0)
        torch.addmm(square, states, weight)
    assert calls == []
    assert torch.equal(found, torch.addmm(square, states, weight, beta=2.0))


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Have the trial made anew, before and after."""
    onednn.cache_clear()
    yield
    onednn.cache_clear()


@pytest.mark.usefixtures("forgotten")
class TestTheTrial:
    """What decides whether oneDNN is taken."""

    def test_it_needs_the_wide_vector_unit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
        assert onednn() is None
        states, weight = _given(5, 37), _given(11, 37)
        assert torch.equal(linear(states, weight), functional.linear(states, weight))

    def test_wrong_numbers_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._operation(monkeypatch, lambda states, weight, bias, *rest: states @ weight.T)
        assert onednn() is None

    def test_another_signature_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def changed(*args: Any) -> Tensor:
            raise RuntimeError("expected at most 5 arguments")

        self._operation(monkeypatch, changed)
        assert onednn() is None

    def _operation(self, monkeypatch: pytest.MonkeyPatch, operation: Any) -> None:
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
        namespace = type("mkldnn", (), {"_linear_pointwise": staticmethod(operation)})
        monkeypatch.setattr(torch.ops, "mkldnn", namespace)


def test_what_onednn_refuses_is_computed_all_the_same() -> None:
    asked: list[torch.Size] = []

    def refusing(states: Tensor, *args: Any) -> Tensor:
        asked.append(states.shape)
        raise RuntimeError("could not create a primitive descriptor")

    states, weight = _given(5, 37), _given(11, 37)
    with fast_products(torch.device("cpu")):
        found = products._product(refusing, states, weight, None)
    assert asked == [states.shape]
    torch.testing.assert_close(found.double(), _exact(states, weight, None), rtol=0, atol=2e-5)
