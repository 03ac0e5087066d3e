"""How often a device is called: blocks of rows cost a fixed number of launches and never wait."""

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from bathyscope.layers import last_layer
from bathyscope.layers.kernels.torch_rows import TorchRows
from bathyscope.layers.last_layer import LastLayerComparison
from tests.conftest import tiny

VIEWS = {
    *("view", "_unsafe_view", "slice", "t", "transpose", "expand", "unsqueeze", "select"),
    *("alias", "detach", "reshape", "permute", "squeeze"),
}
WAITS = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select"}


class Calls(TorchDispatchMode):
    """Counts what would be launched on a device, and what would wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.launches = self.waits = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        name = func.overloadpacket.__name__
        self.waits += name in WAITS
        self.launches += name not in VIEWS
        return func(*args, **(kwargs or {}))


class OneLaunch:
    """Stands for the kernels of a device, each of which is one launch: test_triton_rows.py."""

    at_once = 1 << 20

    def predictions(self, logits: Tensor, probabilities: Tensor, entropy: Tensor) -> None:
        probabilities.fill_(0.5)

    def divergences(self, *given: Tensor) -> None:
        given[-1].fill_(0.25)


@pytest.mark.parametrize("family", ["llama", "gemma2"])
def test_a_block_costs_the_same_calls_whatever_its_rows(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    anatomy = tiny(family).anatomy
    width = next(anatomy.lm_head.parameters()).shape[-1]

    def calls(rows: OneLaunch | TorchRows, tokens: int) -> Calls:
        monkeypatch.setattr(last_layer, "fastest_rows", lambda dtype, device: rows)
        comparison = LastLayerComparison(anatomy)
        states, final = torch.randn(5, tokens, width), torch.randn(tokens, width)
        comparison.columns(states, final)
        found = Calls()
        with found:
            assert comparison.columns(states, final).bits.shape == (5, tokens)
        return found

    few, many = calls(OneLaunch(), 2), calls(OneLaunch(), 90)
    assert few.launches == many.launches <= 20
    assert few.waits == many.waits == 0
    by_torch = calls(TorchRows(torch.device("cuda")), 90)
    assert by_torch.launches > 4 * many.launches and by_torch.waits > 5, "the count sees both"
