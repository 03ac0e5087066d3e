"""Imports that are put off change no number, and nothing of them stays where others look."""

import builtins
import subprocess
import sys
from typing import Any, Optional

import pytest

from bathyscope.model.lean_imports import _Later, lean_imports

_LOADED = """
import builtins, sys
import bathyscope as bs
from bathyscope.model.lean_imports import lean_imports
HEAVY = ("sympy", "triton", "torch._dynamo", "torch._inductor", "scipy.optimize",
         "torch.distributed.tensor", "torch.distributed.fsdp", "accelerate.utils")

def numbers(model):
    prompt = bs.Prompt.marked("Q: [[6 / 2]] and [[3]]?")
    found = bs.attribute(model, prompt, target=" 3", method="shapley")
    deep = bs.depth(model, "Q: 8?", response=" 8 + 5")
    return found.heatmap.values.tolist(), deep.heatmap.values.tolist()

given = builtins.__import__
with lean_imports():
    model = bs.load(sys.argv[1])
    lean = numbers(model)
    heavy = [name for name in HEAVY if name in sys.modules]
    from torch._dynamo import allow_in_graph, config  # as a package that is not transformers'
    import torch._dynamo.utils
    assert allow_in_graph is torch._dynamo.allow_in_graph and config.suppress_errors is not None

    # As on a CUDA device: weights are read straight to it, Triton compares, the rest is at hand.
    placed = numbers(bs.load(sys.argv[1], device={"": "cpu"}))
    from bathyscope.layers.kernels.fastest import triton_rows
    kernels = [type(triton_rows(torch.device("cpu"), reads)).__name__ for reads in (1, 2)]
    import torch.cuda.graphs, torch.distributed.tensor, torch.nn.attention.flex_attention
    from torch._inductor import config as inductor
    assert inductor.triton is not None
    from transformers import StaticCache, TorchAoConfig
    ids = torch.tensor([[1, 2, 3]])
    cache = StaticCache(config=model.model.config, max_cache_len=8)
    model.model.generate(ids, past_key_values=cache, max_new_tokens=2, disable_compile=True)
assert builtins.__import__ is given
print(*heavy)

import torch
compiled = torch.compile(lambda x: x + 1, backend="eager")
assert compiled(torch.zeros(2)).tolist() == [1, 1]
from torch._dynamo import OptimizedModule
from torch.distributed.tensor import DTensor
assert isinstance(OptimizedModule, type) and isinstance(DTensor, type)
from transformers.distributed.sharding_utils import DTensor as held
assert not isinstance(torch.zeros(1), held) and held is not DTensor
print(lean == placed == numbers(bs.load(sys.argv[1])) and len(lean[1]) == 3)
print(*kernels)
"""


@pytest.fixture(scope="module")
def loaded(llama_folder: str) -> list[str]:
    """What a fresh Python says that loads a model with what it can do without put off."""
    found = subprocess.run(
        [sys.executable, "-c", _LOADED, llama_folder],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()


def test_what_is_put_off_is_not_imported_by_any_number(loaded: list[str]) -> None:
    assert loaded[0] == ""


def test_numbers_are_the_same_bits(loaded: list[str]) -> None:
    assert loaded[1] == "True"


def test_what_a_device_needs_is_there(loaded: list[str]) -> None:
    pytest.importorskip("triton", "3.4")
    assert loaded[2] == "OnePassRows TritonRows"


def test_imports_are_as_before_afterwards_whatever_happens_in_between() -> None:
    given = builtins.__import__
    with pytest.raises(KeyboardInterrupt), lean_imports():
        assert builtins.__import__ is not given
        raise KeyboardInterrupt
    assert builtins.__import__ is given


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A name of a module that nobody has imported."""
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    return _Later("wave")


def test_a_stand_in_is_the_real_thing_once_it_is_used(away: Any) -> None:
    assert not isinstance(3, away.Error) and not issubclass(int, away.Error)
    assert "wave" not in sys.modules
    assert Optional[away.Error] and (away.Error | None) and (None | away.Error)  # noqa: UP045
    assert "wave" not in sys.modules

    class Own(away.Error):  # type: ignore[misc]
        pass

    import wave

    assert issubclass(Own, wave.Error) and isinstance(Own(), away.Error)
    assert type(away.Error()) is wave.Error and away.Wave_read.getparams is wave.Wave_read.getparams
    with pytest.raises(AttributeError):
        _ = away.nothing_of_the_kind.name


def test_only_what_transformers_takes_by_name_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "scipy.optimize", raising=False)
    own = {"__name__": "transformers.loss.anything", "__package__": "transformers.loss"}
    other = {"__name__": "somebody", "__package__": ""}
    with lean_imports():
        held = builtins.__import__("scipy.optimize", own, {}, ("linear_sum_assignment",), 0)
        assert "scipy.optimize" not in sys.modules
        real = builtins.__import__("scipy.optimize", other, {}, ("linear_sum_assignment",), 0)
    assert real is sys.modules["scipy.optimize"] and held is not real
    cost = [[4.0, 1.0], [2.0, 7.0]]
    assert [list(a) for a in held.linear_sum_assignment(cost)] == [[0, 1], [1, 0]]
