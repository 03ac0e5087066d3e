"""Products with a passage's Jacobians: derived only where something counts, and as of the whole."""

from typing import Any

import pytest
import torch

from bathyscope.model.foreign import run
from bathyscope.model.jacobians import PassageJacobian
from tests.brute_force import blocks
from tests.conftest import random_model, tiny

FIRST = 16
IDS = tuple(b"The cat sat on the mat, and 8 + 5 = 13; it went.")
WAVE = torch.arange(1, 33, dtype=torch.float64).cos()


def by_the_whole_text(model: Any, ids: tuple[int, ...], wave: torch.Tensor) -> torch.Tensor:
    """Return uᵀJ of every layer but the last, by one way back through all tokens."""
    states: list[torch.Tensor] = []

    def keep(module: Any, inputs: Any, output: Any) -> None:
        states.append(output if isinstance(output, torch.Tensor) else output[0])

    hooks = [layer.register_forward_hook(keep) for layer in blocks(model)]
    model(input_ids=torch.tensor([ids]), use_cache=False)
    for hook in hooks:
        hook.remove()
    *layers, last = states
    counted = slice(FIRST, len(ids) - 1)
    found = torch.autograd.grad((last[0, counted] @ wave.to(last)).sum(), layers)
    return torch.stack([one[0, counted].mean(0) for one in found])


@pytest.mark.parametrize("tokens", [18, 29])
def test_products_are_those_of_the_whole_text(family: str, tokens: int) -> None:
    """In every family; 29 is the first length at which "longrope" turns all tokens otherwise."""
    if family == "llama-36" and tokens > 18:
        return
    ids = IDS[:tokens]
    expected = by_the_whole_text(random_model(family, torch.float64), ids, WAVE)
    found = PassageJacobian(tiny(family), ids, FIRST, 3).products(WAVE.float().repeat(2, 1))
    size = float(expected.abs().max())
    for row in (0, 1):
        torch.testing.assert_close(found[:, row].double(), expected, atol=3e-4 * size, rtol=0)


def test_what_lies_before_is_read_once_where_a_cache_is_gone_on_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither the first positions nor the last are in the graph; elsewhere all of them are."""
    lengths = {"llama": (16, 12), "mamba": (29,), "phi3-longrope": (29,)}
    for family, expected in lengths.items():
        read: list[int] = []

        def counted(model: Any, read: list[int] = read, **inputs: Any) -> Any:
            read.append(inputs["input_ids"].shape[1])
            return run(model, **inputs)

        model = tiny(family)
        assert model.may_continue_a_cache(28) == (family != "mamba")
        with monkeypatch.context() as patch:
            patch.setattr("bathyscope.model.jacobians.run", counted)
            PassageJacobian(model, IDS[:29], FIRST, 1).products(WAVE.float()[None])
        assert tuple(read) == expected
