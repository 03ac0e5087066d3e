"""What is kept between starts is believed only as long as nothing has changed."""

import json
import os
import shutil
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch

import bathyscope as bs
from bathyscope.core.files.writing import sha256
from bathyscope.model import anatomy, head, language_model, logits, measured
from bathyscope.model.measured import measured_once, measuring_anew, sha256_of
from tests.conftest import byte_tokenizer, random_model


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "measured"


class Counted:
    """A measurement that knows how often it was made."""

    def __init__(self, value: Any) -> None:
        self.value, self.count = value, 0

    def __call__(self) -> Any:
        self.count += 1
        return self.value


def test_a_measurement_is_made_once() -> None:
    for value in ("text", None, 3, [1, "a"]):
        measure = Counted(value)
        found = [measured_once({"what": str(value), "of": [1, None]}, measure) for _ in range(3)]
        assert found == [value] * 3 and measure.count == 1
    other = Counted("other")
    assert measured_once({"what": "text", "of": [2, None]}, other) == "other" and other.count == 1


def test_what_is_damaged_is_measured_again(cache: Path) -> None:
    measure = Counted("right")
    measured_once({"a": 1}, measure)
    (file,) = cache.glob("*.json")
    whole = file.read_text()
    entry = json.loads(whole)
    damaged = [
        "",
        "{",
        "[]",
        "null",
        whole[:-5],
        json.dumps({**entry, "value": "wrong"}),
        json.dumps({**entry, "key": entry["key"].replace("1", "2")}),
        json.dumps({**entry, "digest": None}),
        json.dumps({"key": entry["key"]}),
    ]
    for count, content in enumerate(damaged, start=2):
        file.write_text(content)
        assert measured_once({"a": 1}, measure) == "right" and measure.count == count
        assert file.read_text() == whole, "it heals"
    file.write_bytes(b"\xff\xfe")
    assert measured_once({"a": 1}, measure) == "right" and measure.count == len(damaged) + 2


def test_verifying_measures_again_and_keeps_what_it_found() -> None:
    measured_once({"a": 1}, Counted("old"))
    with measuring_anew(True):
        assert measured_once({"a": 1}, Counted("new")) == "new"
    assert measured_once({"a": 1}, Counted("newer")) == "new"


def test_a_cache_that_cannot_be_written_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(tmp_path / "file" / "below"))
    measure = Counted(5)
    assert [measured_once({"a": 1}, measure) for _ in range(2)] == [5, 5] and measure.count == 2


def old(path: Path, content: bytes) -> Path:
    """Write a file that has been as it is for an hour."""
    path.write_bytes(content)
    os.utime(path, (time.time() - 3600,) * 2)
    return path


def test_a_hash_is_that_of_the_file_whatever_was_done_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old(tmp_path / "weights", b"one")
    reads = Counted(None)
    monkeypatch.setattr(measured, "sha256", lambda file: (reads(), sha256(file))[1])
    assert sha256_of(path) == sha256_of(path) == sha256(path) and reads.count == 1
    times = path.stat()
    path.write_bytes(b"two")  # of the same size, and its time set back
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert sha256_of(path) == sha256(path) and reads.count == 2
    os.replace(old(tmp_path / "other", b"six"), path)
    assert sha256_of(path) == sha256(path) and reads.count == 3
    with measuring_anew(True):
        sha256_of(path)
    assert reads.count == 4


def test_a_file_that_was_just_written_is_not_kept(tmp_path: Path) -> None:
    """Written again within one tick of the clock, it would look the same."""
    path = tmp_path / "weights"
    for content in (b"one", b"two", b"six"):
        path.write_bytes(content)
        assert sha256_of(path) == sha256(path)


@pytest.fixture
def folder(tmp_path: Path, llama_folder: str) -> Path:
    return Path(shutil.copytree(llama_folder, tmp_path / "model"))


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Counted:
    verdict = Counted("because")
    monkeypatch.setattr(language_model, "why_not_shared", lambda *_: verdict())
    return verdict


def test_a_verdict_is_reached_once(folder: Path, tried: Counted) -> None:
    for _ in range(3):
        assert bs.load(folder).why_not_shared == "because"
    assert tried.count == 1
    assert bs.load(folder).why_not_batched is None, "another verdict"
    assert bs.load(folder, verify=True).why_not_shared == "because" and tried.count == 2


def _other_weights(folder: Path) -> None:
    model = random_model("llama")
    model.model.norm.weight.data.mul_(1.5)
    model.save_pretrained(folder)


def _other_tokenizer(folder: Path) -> None:
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model_max_length": 7777}))


def _other_settings(folder: Path) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"rms_norm_eps": 1e-4}))


@pytest.mark.parametrize("change", [_other_weights, _other_tokenizer, _other_settings])
def test_another_model_has_a_verdict_of_its_own(
    folder: Path, tried: Counted, change: Callable[[Path], None]
) -> None:
    _ = bs.load(folder).why_not_shared
    change(folder)
    _ = bs.load(folder).why_not_shared
    assert tried.count == 2


@pytest.mark.parametrize("of", ["transformers", "torch", "tokenizers", "bathyscope", "processor"])
def test_another_version_or_processor_has_a_verdict_of_its_own(
    folder: Path, tried: Counted, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    _ = bs.load(folder).why_not_shared
    if of == "processor":
        monkeypatch.setattr(measured, "_processor", lambda: "another")
    else:
        monkeypatch.setattr(
            measured, "version_of", lambda name: "9" if name == of else version(name)
        )
    _ = bs.load(folder).why_not_shared
    assert tried.count == 2


def test_another_dtype_has_a_verdict_of_its_own(folder: Path, tried: Counted) -> None:
    for dtype in ("float32", "float64", "float32"):
        _ = bs.load(folder, dtype=dtype).why_not_shared
    assert tried.count == 2


def _hook(model: Any) -> None:
    model.model.layers[0].register_forward_hook(lambda *_: None)


def _weights(model: Any) -> None:
    with torch.no_grad():
        model.model.norm.weight.mul_(1.1)


def _class(model: Any) -> None:
    kind = type(model.model)
    model.model.__class__ = type("Other", (kind,), {})


@pytest.mark.parametrize("change", [_hook, _weights, _class])
def test_a_model_that_was_changed_in_memory_is_tried(
    folder: Path, tried: Counted, change: Callable[[Any], None]
) -> None:
    _ = bs.load(folder).why_not_shared
    for count in (2, 3):
        model = bs.load(folder)
        change(model.model)
        _ = model.why_not_shared
        assert tried.count == count, "and nothing of it is kept"
    _ = bs.load(folder).why_not_shared
    assert tried.count == 3


def test_a_model_that_was_never_a_file_is_tried(tried: Counted) -> None:
    for _ in range(2):
        _ = bs.LanguageModel(random_model("llama"), byte_tokenizer()).why_not_shared
    assert tried.count == 2


def test_a_model_that_was_verified_is_not_run_at_the_next_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bs.load(folder)
    passes: list[Any] = []

    def logits_of(*given: Any) -> Any:
        passes.append(given)
        return logits.logits_of(*given)

    for module in (head, anatomy):
        monkeypatch.setattr(module, "logits_of", logits_of)
    again = bs.load(folder)
    assert not passes and again.provenance == first.provenance
    for name in ("rescale", "rescaling", "head_factor"):
        assert getattr(again.anatomy, name) == getattr(first.anatomy, name)
    paths = [{module: path for path, module in one.model.named_modules()} for one in (first, again)]
    for parts in ("layers", "final_norm"):
        found = [
            [names[module] for module in getattr(one.anatomy, parts)]
            for names, one in zip(paths, (first, again), strict=True)
        ]
        assert found[0] == found[1] and found[0]
    bs.load(folder, verify=True)
    assert len(passes) == 6
    _other_weights(folder)
    bs.load(folder)
    assert len(passes) == 12


def test_a_refusal_is_not_kept(folder: Path) -> None:
    _no_numbers(folder)
    for _ in range(2):
        with pytest.raises(bs.ModelError, match="no number"):
            bs.load(folder)


def _no_numbers(folder: Path) -> None:
    model = random_model("llama")
    model.model.norm.weight.data.fill_(float("nan"))
    model.save_pretrained(folder)
