"""All ways through the rows (torch's, compiled C, Triton) against SciPy in float64."""

import ctypes
import hashlib
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax
from scipy.stats import entropy

from bathyscope.layers.kernels import compiled_rows as module
from bathyscope.layers.kernels import fastest
from bathyscope.layers.kernels.compiled_rows import CompiledRows, compiled_rows
from bathyscope.layers.kernels.fastest import fastest_rows
from bathyscope.layers.kernels.torch_rows import Rows, TorchRows, agree
from tests.layers.kernels.on_triton import triton

CPU = torch.device("cpu")
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@pytest.fixture(params=["torch", pytest.param("compiled", marks=needs_compiler), "triton"])
def rows(request: pytest.FixtureRequest) -> Rows:
    if request.param == "torch":
        return TorchRows(CPU)
    if request.param == "triton":
        return triton()
    compiled = compiled_rows()
    assert compiled is not None
    return compiled


def predicted(rows: Rows, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    probabilities = torch.empty(logits.shape)
    nats = torch.empty(len(logits), dtype=torch.float64)
    rows.predictions(logits, probabilities, nats)
    return probabilities, nats


def compared(rows: Rows, logits: torch.Tensor, token: torch.Tensor, q: torch.Tensor) -> np.ndarray:
    last, nats = predicted(rows, q)
    bits = torch.empty(len(logits), dtype=torch.float64)
    rows.divergences(logits.clone(), token, last, nats, bits)
    return bits.numpy()


@pytest.mark.parametrize("width", [1, 3, 511, 512, 1037, 49_152])
@pytest.mark.parametrize("spread", [0.01, 1.0, 30.0])
def test_predictions_agree_with_scipy(rows: Rows, width: int, spread: float) -> None:
    """Every probability to a few units in its last place, down to where float32 ends."""
    torch.manual_seed(width)
    logits = torch.randn(3, width) * spread - 50
    found, nats = predicted(rows, logits)
    expected = softmax(logits.double().numpy(), axis=-1)
    seen = expected > 1e-37
    np.testing.assert_allclose(found.numpy()[seen], expected[seen], rtol=1e-5)
    assert float(found.min()) >= torch.finfo(torch.float32).tiny
    np.testing.assert_allclose(nats.numpy(), entropy(expected, axis=-1), atol=2e-6, rtol=1e-6)


@pytest.mark.parametrize("width", [1, 3, 511, 512, 1037, 49_152])
@pytest.mark.parametrize("spread", [0.01, 1.0, 30.0])
def test_divergences_agree_with_scipy(rows: Rows, width: int, spread: float) -> None:
    torch.manual_seed(width)
    p, q = torch.randn(5, width) * spread, torch.randn(2, width) * spread + 7
    p[3] = q[1] + 0.01 * torch.randn(width)
    token = torch.tensor([1, 0, 0, 1, 1])
    wide_p = softmax(p.double().numpy(), axis=-1)
    wide_q = softmax(q.double().numpy(), axis=-1)[token]
    with np.errstate(invalid="ignore"):  # SciPy's root of −1e-17 where both are equal
        expected = np.nan_to_num(jensenshannon(wide_p, wide_q, axis=-1, base=2) ** 2)
    np.testing.assert_allclose(compared(rows, p, token, q), expected, atol=4e-6)


def test_equal_logits_are_exactly_nothing_apart_whatever_their_offset_in_memory(rows: Rows) -> None:
    q = torch.randn(2, 1037) * 9
    assert compared(rows, q[[1, 0, 1]], torch.tensor([1, 0, 1]), q).tolist() == [0.0, 0.0, 0.0]


def test_disjoint_predictions_are_one_bit_apart(rows: Rows) -> None:
    p, q = torch.zeros(2, 1, 600)
    p[0, :300], q[0, 300:] = 200.0, 200.0
    assert compared(rows, p, torch.tensor([0]), q).tolist() == pytest.approx([1.0], abs=1e-6)


def test_tokens_that_a_model_rules_out_count_as_nothing(rows: Rows) -> None:
    """A logit of minus infinity, as of rows that only pad the vocabulary."""
    p, q = torch.randn(2, 1, 90)
    plain = compared(rows, p, torch.tensor([0]), q)
    gap = torch.full((1, 40), -torch.inf)
    padded = compared(rows, torch.cat([p, gap], -1), torch.tensor([0]), torch.cat([q, gap], -1))
    assert plain > 0.01
    assert padded == pytest.approx(plain, abs=1e-6)


def test_no_number_stays_no_number(rows: Rows) -> None:
    p, q = torch.randn(2, 2, 70)
    p[0, 3] = torch.nan
    found = compared(rows, p, torch.tensor([0, 1]), q)
    assert np.isnan(found).tolist() == [True, False]


@needs_compiler
def test_the_compiled_way_is_taken_for_what_float32_holds() -> None:
    assert isinstance(fastest_rows(torch.float32, CPU), CompiledRows)
    assert isinstance(fastest_rows(torch.bfloat16, CPU), CompiledRows)
    assert isinstance(fastest_rows(torch.float64, CPU), TorchRows)


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let the search for a compiler begin anew, in an empty cache."""
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "compiled_rows", compiled_rows.__wrapped__)
    monkeypatch.setattr(fastest, "compiled_rows", compiled_rows.__wrapped__)
    return tmp_path


def compiler(folder: Path, script: str) -> str:
    path = folder / "cc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_without_a_compiler_torch_does_it(anew: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(anew))
    monkeypatch.delenv("CC", raising=False)
    assert isinstance(fastest_rows(torch.float32, CPU), TorchRows)


@pytest.mark.parametrize("script", ["exit 1", "echo no library > /dev/null"])
def test_with_a_broken_compiler_torch_does_it(
    anew: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setenv("CC", compiler(anew, script))
    assert isinstance(fastest_rows(torch.float32, CPU), TorchRows)


def library(cache: Path) -> Path:
    (found,) = (cache / "compiled").iterdir()
    return found


@needs_compiler
def test_a_compiler_that_gets_it_wrong_is_not_trusted(
    anew: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("cc")
    wrong = f"sed 's|0.25 / LN_2|0.2501 / LN_2|' | {real}"
    script = f'case " $* " in *" -E "*) {real} "$@";; *) {wrong} "$@";; esac'
    monkeypatch.setenv("CC", compiler(anew, script))
    assert isinstance(fastest_rows(torch.float32, CPU), TorchRows)
    assert library(anew).stat().st_size > 1000, "it was compiled, loaded and found wrong"


@needs_compiler
def test_a_compiler_may_have_arguments(anew: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapper = compiler(anew, 'exec "$@"')
    monkeypatch.setenv("CC", f"{wrapper} {shutil.which('cc')}")
    assert module.compiled_rows() is not None


@needs_compiler
@pytest.mark.parametrize("damage", ["open to others", "empty", "no library"])
def test_it_is_compiled_once_and_anew_where_the_file_cannot_be_used(
    anew: Path, damage: str
) -> None:
    assert module.compiled_rows() is not None
    found = library(anew)
    written = found.stat().st_mtime_ns
    assert module.compiled_rows() is not None
    assert library(anew).stat().st_mtime_ns == written
    if damage == "open to others":
        os.chmod(found, 0o777)
    else:
        found.unlink()  # what this process has loaded stays as it is
        found.write_bytes(b"" if damage == "empty" else b"no library" * 2000)
        found.chmod(0o700)
    assert module.compiled_rows() is not None
    assert library(anew).stat().st_mtime_ns > written
    assert library(anew).stat().st_mode & 0o777 == 0o700


@needs_compiler
def test_a_library_with_a_flipped_bit_is_never_loaded(
    anew: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module.compiled_rows() is not None
    found, loaded = library(anew), []
    whole = found.read_bytes()
    real = ctypes.CDLL

    def watched(path: str) -> object:
        loaded.append(Path(path).read_bytes())
        return real(path)

    monkeypatch.setattr(ctypes, "CDLL", watched)
    for at in (20, len(whole) // 2, len(whole) - 1):
        flipped = bytearray(whole)
        flipped[at] ^= 4
        found.unlink()  # what this process has loaded stays as it is
        found.write_bytes(flipped)
        found.chmod(0o700)
        assert module.compiled_rows() is not None
        assert library(anew).read_bytes() != bytes(flipped)
        found = library(anew)
        assert hashlib.sha256(found.read_bytes()).hexdigest()[:32] in found.name
        assert loaded[-1] == found.read_bytes() and bytes(flipped) not in loaded


@needs_compiler
def test_libraries_that_nothing_loads_any_more_are_removed(anew: Path) -> None:
    folder = anew / "compiled"
    folder.mkdir(mode=0o700)
    former = folder / f"rows-{'a' * 64}.so"
    unused, used = (folder / f"rows-{letter * 32}-{'c' * 32}.so" for letter in "ab")
    for path in (former, unused, used):
        path.write_bytes(b"of another processor")
    long_ago = time.time() - 40 * 24 * 3600
    os.utime(unused, (long_ago, long_ago))
    assert module.compiled_rows() is not None
    (own,) = set(folder.iterdir()) - {used}
    assert own.name.startswith("rows-") and own not in (former, unused)
    os.utime(own, (long_ago, long_ago))
    assert module.compiled_rows() is not None
    assert own.stat().st_mtime > long_ago + 3600, "what is loaded is in use"


@needs_compiler
def test_code_from_a_folder_that_others_may_write_to_is_not_run(anew: Path) -> None:
    (anew / "compiled").mkdir()
    (anew / "compiled").chmod(0o777)
    assert module.compiled_rows() is None


@needs_compiler
@pytest.mark.parametrize("default", [torch.float64, torch.bfloat16])
def test_the_default_type_of_torch_changes_nothing(anew: Path, default: torch.dtype) -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(default)
    try:
        assert isinstance(fastest_rows(torch.float32, CPU), CompiledRows)
    finally:
        torch.set_default_dtype(before)


@needs_compiler
def test_arrays_that_the_compiled_way_would_read_wrongly_are_refused() -> None:
    rows = compiled_rows()
    assert rows is not None
    nats = torch.empty(4, dtype=torch.float64)
    given = torch.randn(4, 6)
    for logits, probabilities in (
        (given.double(), torch.empty(4, 6)),
        (given, torch.empty(6, 4).T),
        (given, torch.empty(4, 6, dtype=torch.float64)),
    ):
        with pytest.raises(TypeError, match=r"expected torch.float32, contiguous"):
            rows.predictions(logits, probabilities, nats)


def test_rows_with_gaps_in_memory_are_read_right(rows: Rows) -> None:
    p, q = torch.randn(1037, 3).T, torch.randn(1037, 2).T
    token = torch.tensor([1, 0, 1])
    found = compared(rows, p, token, q)
    assert not p.is_contiguous() and found.min() > 0.05
    expected = compared(TorchRows(CPU), p.contiguous(), token, q.contiguous())
    np.testing.assert_allclose(found, expected, atol=4e-6)


def test_agreement_sees_a_hundredth_of_a_percent() -> None:
    class Off(TorchRows):
        def divergences(self, *given: torch.Tensor) -> None:
            super().divergences(*given)
            given[-1].mul_(1.0001)

    assert agree(TorchRows(CPU), TorchRows(CPU), CPU)
    assert not agree(Off(CPU), TorchRows(CPU), CPU)
