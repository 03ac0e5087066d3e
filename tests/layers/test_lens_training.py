"""Training a tuned lens: gradients against float64, loss, seeds, and what is refused."""

import numpy as np
import pytest
import torch

import bathyscope as bs
from bathyscope.layers.lens_training import LensTraining, gradients, held_out_losses
from bathyscope.layers.lenses.norm import NormLens
from bathyscope.layers.lenses.tuned import TunedLens
from bathyscope.layers.training_text import split
from tests import brute_force
from tests.conftest import random_model, tiny

TEXT = "The cat sat on the mat, and 8 + 5 = 13. " * 12
FEW = LensTraining(steps=30, positions=16, sequence_length=32, learning_rate=3e-3)


@pytest.mark.parametrize("family", ["gemma3", "llama", "mamba", "opt"])
def test_training_lowers_the_loss_on_text_held_out(family: str) -> None:
    losses = bs.train_lens(tiny(family), [TEXT], settings=FEW).about["held_out"]["kl_from_last"]
    assert len(losses["norm"]) == tiny(family).num_layers - 1
    assert sum(losses["tuned"]) < 0.95 * sum(losses["norm"])


@pytest.mark.parametrize("family", ["gemma2", "granite", "llama", "opt"])
def test_gradients_agree_with_differences_of_a_brute_force_loss(family: str) -> None:
    """In float64, with softcapping, scaling and a projection among the families."""
    model = bs.LanguageModel(random_model(family, torch.float64), tiny(family).tokens.tokenizer)
    ids = model.tokens.encode("8 + 5 = 13.")
    torch.manual_seed(1)
    weight = 0.1 * torch.randn(3, 32, 32, dtype=torch.float64)
    bias = 0.1 * torch.randn(3, 32, dtype=torch.float64)
    states = brute_force.residual_stream(model.model, ids)
    loss, by_weight, by_bias = gradients(model.anatomy, torch.stack(states), weight, bias)

    def of(weight: torch.Tensor, bias: torch.Tensor) -> float:
        return float(brute_force.tuned_losses(model.model, ids, weight, bias).mean(axis=1).sum())

    assert loss == pytest.approx(of(weight, bias), abs=1e-9)
    steepest = by_weight / by_weight.norm(), by_bias / by_bias.norm()
    other = torch.randn_like(weight), torch.randn_like(bias)
    # Norms compute in float32 whatever the model's type, so a smaller step would measure rounding.
    for along, step in ((steepest, 1e-2), (other, 1e-3)):
        up, down = (
            of(weight + sign * step * along[0], bias + sign * step * along[1]) for sign in (1, -1)
        )
        slope = float((by_weight * along[0]).sum() + (by_bias * along[1]).sum())
        assert slope == pytest.approx((up - down) / (2 * step), rel=2e-3, abs=2e-4)
    assert float(by_weight.norm()) > 0.01 and float(by_bias.norm()) > 0.01


def test_the_loss_reported_is_that_of_a_brute_force_loop() -> None:
    reference = random_model("gemma2", torch.float64)
    texts = [tiny("gemma2").tokens.encode(text) for text in ("8 + 5 = 13.", "no " * 40)]
    torch.manual_seed(2)
    fitted = 0.2 * torch.randn(3, 32, 32), 0.2 * torch.randn(3, 32)
    lenses = NormLens(), TunedLens(*fitted, {})
    found = held_out_losses(tiny("gemma2"), lenses, texts)
    for own, parts in zip(
        found, ((torch.zeros(3, 32, 32), torch.zeros(3, 32)), fitted), strict=True
    ):
        exact = [part.double() for part in parts]
        losses = [brute_force.tuned_losses(reference, ids, *exact)[:, :-1] for ids in texts]
        expected = np.concatenate(losses, axis=1).mean(axis=1) / np.log(2)
        np.testing.assert_allclose(own, expected, rtol=1e-4)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(llama: bs.LanguageModel) -> None:
    one, same = (bs.train_lens(llama, [TEXT], settings=FEW) for _ in range(2))
    other = bs.train_lens(llama, [TEXT], settings=FEW, seed=1)
    assert torch.equal(one.weight, same.weight) and torch.equal(one.bias, same.bias)
    assert one.about == same.about
    assert not torch.equal(one.weight, other.weight)


def test_no_array_holds_all_layers_of_a_sequence_over_the_vocabulary() -> None:
    model, largest = tiny("llama-36"), [0]

    class Watched(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore
            result = func(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor) and result.shape[-1:] == (258,):
                largest.append(result.numel() // 258)
            return result

    states, weight = torch.randn(36, 60, 32), torch.zeros(35, 32, 32)
    with Watched():
        gradients(model.anatomy, states, weight, torch.zeros(35, 32))
    assert 60 < max(largest) <= 192


def test_the_model_is_left_as_it_was(llama: bs.LanguageModel) -> None:
    before = {name: one.clone() for name, one in llama.model.state_dict().items()}
    bs.train_lens(llama, [TEXT], settings=FEW)
    assert all(torch.equal(before[name], one) for name, one in llama.model.state_dict().items())
    assert all(one.grad is None for one in llama.model.parameters())


def test_what_is_held_out_is_the_end_of_each_text(llama: bs.LanguageModel) -> None:
    text = split(llama, ["a" * 100, "b" * 57, "c" * 9], length=10, held_out=0.2)
    assert len(text.training) == 8 + 4 and len(text.held_out) == 2 + 1
    assert llama.tokens.decode(text.training[-1]) == "b" * 10
    one = split(llama, ["a" * 10, "b" * 10], length=10, held_out=0.1)
    assert [llama.tokens.decode(ids) for ids in one.held_out] == ["b" * 10]


@pytest.mark.parametrize(
    ("texts", "settings", "message"),
    [
        (["too short"], {}, "has 9 tokens; a lens needs two sequences of 256"),
        (["a" * 40], {"sequence_length": 32}, "two sequences of 32"),
        (["a" * 999], {"sequence_length": 300}, "context ends at 256"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    llama: bs.LanguageModel, texts: list[str], settings: dict[str, float], message: str
) -> None:
    chosen = LensTraining(**({"steps": 5} | settings))  # type: ignore[arg-type]
    with pytest.raises(bs.InputError, match=message):
        bs.train_lens(llama, texts, settings=chosen)


def test_a_loss_that_is_no_number_ends_the_training() -> None:
    model = bs.LanguageModel(random_model("llama"), tiny("llama").tokens.tokenizer)
    with torch.no_grad():
        model.model.lm_head.weight[0, 0] = torch.nan
    with pytest.raises(bs.InputError, match="not a finite number at step 1"):
        bs.train_lens(model, [TEXT], settings=FEW)


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": 0},
        {"positions": 0},
        {"sequence_length": 1},
        {"learning_rate": float("nan")},
        {"held_out": 1.0},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(bs.InputError, match=", not "):
        LensTraining(**settings)  # type: ignore[arg-type]


def test_the_learning_rate_falls_to_0_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    step = torch.optim.Adam.step

    def noted(self: torch.optim.Adam, closure: None = None) -> None:
        rates.append(self.param_groups[0]["lr"])
        step(self, closure)

    monkeypatch.setattr(torch.optim.Adam, "step", noted)
    few = LensTraining(steps=5, positions=4, sequence_length=32, learning_rate=1e-2)
    bs.train_lens(tiny("llama"), [TEXT], settings=few)
    assert rates == pytest.approx([1e-2 * (1 - done / 5) for done in range(5)])
