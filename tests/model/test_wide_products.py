"""States in float32 against weights in half precision: nothing of the states is rounded away."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor

import bathyscope as bs
from bathyscope.core.settling import settling_depths
from bathyscope.layers.divergence import jensen_shannon
from bathyscope.layers.last_layer import LastLayerComparison
from bathyscope.layers.lenses.jacobian import JacobianLens
from bathyscope.layers.lenses.lens import stacked
from bathyscope.model import wide_products as module
from bathyscope.model.anatomy import Anatomy
from tests.conftest import byte_tokenizer
from tests.families import random_model

HALVES = [torch.bfloat16, torch.float16]


@pytest.fixture(params=["halves", "widened"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a processor in the place of a device that gives float32, and one as it is."""

    def summed(states: Tensor, weight: Tensor) -> Tensor:
        assert states.dtype == weight.dtype != torch.float32
        return states.float() @ weight.float().T

    if request.param == "halves":
        monkeypatch.setattr(module, "adds_in_float32", lambda device, dtype: True)
        monkeypatch.setattr(module, "summed", summed)
    for name in ("_COLUMNS", "_COLUMNS_ON_DEVICE"):
        monkeypatch.setattr(module, name, 200)  # not all at once


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("dtype", HALVES)
def test_a_product_is_off_by_what_is_stated(dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    states = torch.randn(5, 96) * torch.logspace(-2, 2, 96)
    weight, bias = torch.randn(517, 96).to(dtype), torch.randn(517).to(dtype)
    out = torch.empty(5, 517)
    module.wide_product_into(states, weight, bias, out)
    exact = states.double() @ weight.double().T + bias.double()
    most = states.double().abs() @ weight.double().abs().T * 2**-17
    off = (out - exact).abs()
    assert (off <= most).all()
    rounded = states.to(dtype).double() @ weight.double().T + bias.double()
    assert float((rounded - exact).abs().mean() / off.mean()) > 100


def test_a_half_and_what_is_missing_are_a_state_to_sixteen_bits() -> None:
    states = torch.randn(40, 50) * torch.logspace(-3, 3, 50)
    for dtype, rest in ((torch.bfloat16, 2**-17), (torch.float16, 2**-21)):
        hi, lo = module.halves(states, dtype).float().split(40)
        assert ((hi + lo - states).abs() <= rest * states.abs() + 2**-25).all()
        assert float((hi - states).abs().max()) > 100 * float((hi + lo - states).abs().max())


def test_a_processor_is_not_asked_for_products_in_float32() -> None:
    assert not module.adds_in_float32(torch.device("cpu"), torch.bfloat16)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", HALVES)
def test_a_cuda_device_gives_products_in_float32(dtype: torch.dtype) -> None:
    assert module.adds_in_float32(torch.device("cuda"), dtype)


def exact_reading(model: bs.LanguageModel, lens: JacobianLens, text: tuple[str, str]) -> Tensor:
    """Return the divergences of a model's own states, all in float64 from there on."""
    anatomy = model.anatomy
    states = model.hidden_states(model.tokens.continuation(*text))
    rows, last = stacked(states)
    with torch.inference_mode():
        read = torch.bmm(rows.double(), lens.matrices.double().transpose(1, 2))
        for norm in anatomy.final_norm:
            read = copy.deepcopy(norm).double()(read)
        head = anatomy.linear_head
        assert head is not None
        weight = head.weight.double()
        p, q = (x.double() @ weight.T for x in (read, anatomy.normed(last)))
        return jensen_shannon(anatomy.rescale(p).softmax(-1), anatomy.rescale(q).softmax(-1))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2"])
def test_a_lens_in_float32_reads_a_model_in_half_precision_unrounded(
    family: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    text = "Q: what is 8 + 5?\nA:", " it is 13."
    model = bs.LanguageModel(random_model(family, torch.bfloat16), byte_tokenizer())
    torch.manual_seed(2)
    size = model.num_layers - 1, model.hidden_size, model.hidden_size
    lens = JacobianLens(torch.eye(model.hidden_size) + 0.1 * torch.randn(size), {})
    monkeypatch.setattr("bathyscope.layers.depth.open_lens", lambda *_: lens)
    expected = exact_reading(model, lens, text).numpy()

    def off() -> float:
        return float(abs(bs.depth(model, *text).heatmap.values - expected).max())

    assert model.anatomy.takes_wide and off() < 1e-5
    depths = bs.settle(model, *text, threshold=0.01).settling_depth
    assert depths.tolist() == settling_depths(expected, 0.01).tolist()
    with monkeypatch.context() as rounded:
        rounded.setattr(Anatomy, "takes_wide", False)
        assert off() > 1e-4


def test_states_of_any_other_type_are_taken_in_that_of_the_weights() -> None:
    torch.manual_seed(4)
    head = torch.nn.Linear(24, 300, bias=False)
    anatomy = Anatomy(torch.nn.Identity(), head, lambda logits: logits, "", (head,) * 4, ())
    rows, final = torch.randn(3, 5, 24), torch.randn(5, 24)
    comparison = LastLayerComparison(anatomy)
    expected = comparison.columns(rows, final).bits
    for dtype, off in ((torch.float64, 1e-6), (torch.bfloat16, 0.05)):
        found = comparison.columns(rows.to(dtype), final.to(dtype)).bits
        assert float((found - expected).abs().max()) < off
    assert not anatomy.takes_wide and float(expected.max()) > 0.1
