"""What is kept of a Jacobian fit: the same bits afterwards, one process at a time, nothing lost."""

from pathlib import Path
from typing import Any

import pytest
import torch

import bathyscope as bs
from bathyscope.core.errors import WriteError
from bathyscope.core.files.locks import lock_of
from bathyscope.layers import jacobian_fit
from bathyscope.layers.jacobian_kept import KIND
from bathyscope.layers.jacobian_mean import HalfMean
from bathyscope.layers.lenses.fitted import read_tensors
from bathyscope.model.jacobians import PassageJacobian
from tests.conftest import random_model, tiny

WORDS = "The cat sat on the mat".split() * 24
TEXT = "".join(f"{word} {index} " for index, word in enumerate(WORDS))
ASKED: dict[str, Any] = {"directions": 8, "sequence_length": 24, "passages": 9}


def fit(model: bs.LanguageModel, **more: Any) -> Any:
    return bs.fit_jacobian_lens(model, [TEXT], **(ASKED | more))


class Stop(KeyboardInterrupt):
    """What a person does at the keyboard."""


def stop_at(
    patch: pytest.MonkeyPatch, place: Any, name: str, calls: int, error: type[BaseException] = Stop
) -> None:
    """Have a function raise instead of being called for the so-manieth time."""
    called, own = [0], getattr(place, name)

    def counted(*arguments: Any, **options: Any) -> Any:
        called[0] += 1
        if called[0] == calls:
            raise error
        return own(*arguments, **options)

    patch.setattr(place, name, counted)


@pytest.mark.parametrize(
    ("place", "name", "calls", "kept"),
    [
        (jacobian_fit, "PassageJacobian", 1, None),  # before the first passage
        (jacobian_fit, "PassageJacobian", 6, 5),  # on the way forward
        (PassageJacobian, "products", 22, 5),  # on the way back, four of each passage
        (HalfMean, "learn", 9, 8),  # between two passages
        (torch.Tensor, "index_add_", 8, None),  # half of a passage is in the sums
        (jacobian_fit, "relative_error", 1, 9),  # at the end
    ],
)
def test_a_fit_that_is_stopped_anywhere_goes_on_to_the_same_bits(
    llama: bs.LanguageModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    calls: int,
    kept: int | None,
) -> None:
    whole, keep = fit(llama), tmp_path / "lens.begun"
    with monkeypatch.context() as patch, pytest.raises(Stop):
        stop_at(patch, place, name, calls)
        fit(llama, keep=keep)
    if kept is None:
        assert list(tmp_path.iterdir()) == []
    else:
        assert sum(read_tensors(keep, KIND)[0]["passages"]) == kept
    found = fit(llama, keep=keep)
    assert torch.equal(found.matrices, whole.matrices) and found.about == whole.about
    assert list(tmp_path.iterdir()) == []


def test_sums_in_float64_stay_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = bs.LanguageModel(random_model("gpt2", torch.float64), tiny("gpt2").tokens.tokenizer)
    whole, keep = fit(model), tmp_path / "lens.begun"
    with monkeypatch.context() as patch, pytest.raises(Stop):
        stop_at(patch, HalfMean, "add", 6)
        fit(model, keep=keep)
    assert fit(model, keep=keep).matrices.equal(whole.matrices)
    assert not whole.matrices.float().double().equal(whole.matrices), "float32 would lose some"


def test_a_lens_that_cannot_be_saved_is_not_lost(llama: bs.LanguageModel, tmp_path: Path) -> None:
    keep, lens = tmp_path / "lens.begun", tmp_path / "lens.safetensors"

    def refuse(lens: Any) -> None:
        raise WriteError(tmp_path, "No space left on device")

    with pytest.raises(WriteError):
        fit(llama, keep=keep, save=refuse)
    assert sum(read_tensors(keep, KIND)[0]["passages"]) == 9
    fit(llama, keep=keep, save=lambda found: found.save(lens))
    assert list(tmp_path.iterdir()) == [lens]


def test_what_another_fit_keeps_is_left_alone(
    llama: bs.LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = tmp_path / "lens.begun"
    with monkeypatch.context() as patch, pytest.raises(Stop):
        stop_at(patch, HalfMean, "add", 4)
        fit(llama, keep=keep)
    before, lock = keep.read_bytes(), lock_of(keep)
    assert lock is not None
    with pytest.raises(bs.InputError, match="belongs to a fit that is running"):
        fit(llama, keep=keep)
    assert keep.read_bytes() == before


def test_a_fit_does_not_write_over_what_another_began_meanwhile(
    llama: bs.LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, add = tmp_path / "lens.begun", HalfMean.add
    locks: list[int | None] = []

    def begun_beside(self: HalfMean, rows: torch.Tensor) -> None:
        add(self, rows)
        if not locks:
            keep.write_bytes(b"another's")
            locks.append(lock_of(keep))

    with monkeypatch.context() as patch:
        patch.setattr(HalfMean, "add", begun_beside)
        patch.setattr("bathyscope.layers.jacobian_kept.SECONDS", 0.0)
        with pytest.raises(bs.InputError, match="belongs to a fit that is running"):
            fit(llama, keep=keep)
    assert keep.read_bytes() == b"another's"
