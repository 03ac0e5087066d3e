"""Conversion of a GGUF file that the test itself writes, and what heals what."""

import json
import shutil
import threading
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gguf
import numpy as np
import pytest
import torch

from bathyscope.core.errors import ModelError
from bathyscope.core.files.writing import sha256
from bathyscope.core.progress import silent
from bathyscope.model import gguf as conversion
from bathyscope.model import gguf_tensors, shards
from bathyscope.model.loading import load

HIDDEN, LAYERS, HEADS, FEED_FORWARD = 32, 2, 4, 64


def write_gguf(
    path: Path, hidden: int = HIDDEN, layers: int = LAYERS, feed_forward: int = FEED_FORWARD
) -> dict[str, Any]:
    """Write a small llama with quantised matrices; return the weights it was made from."""
    rng = np.random.default_rng(0)
    alphabet = list(_alphabet())
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_context_length(64)
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(hidden // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(alphabet) + 2)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([*alphabet[:-1], alphabet[40] + alphabet[41], "<bos>", "<eos>"])
    writer.add_token_types([1] * len(alphabet) + [3, 3])
    writer.add_token_merges([f"{alphabet[40]} {alphabet[41]}"])
    writer.add_bos_token_id(len(alphabet))
    writer.add_eos_token_id(len(alphabet) + 1)
    weights: dict[str, Any] = {"token_embd.weight": rng.normal(size=(258, hidden))}
    for layer in range(layers):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            weights[f"blk.{layer}.{name}.weight"] = rng.normal(size=(hidden, hidden)) * 0.3
        for name, shape in (
            ("ffn_gate", (feed_forward, hidden)),
            ("ffn_up", (feed_forward, hidden)),
            ("ffn_down", (hidden, feed_forward)),
        ):
            weights[f"blk.{layer}.{name}.weight"] = rng.normal(size=shape) * 0.3
        for name in ("attn_norm", "ffn_norm"):
            weights[f"blk.{layer}.{name}.weight"] = 1 + rng.normal(size=hidden) * 0.1
    weights["output_norm.weight"] = 1 + rng.normal(size=hidden) * 0.1
    for name, value in weights.items():
        single = value.astype(np.float32)
        if single.ndim == 1:
            writer.add_tensor(name, single)
        else:
            kind = gguf.GGMLQuantizationType.Q4_1
            packed = gguf.quants.quantize(single, kind)
            weights[name] = gguf.quants.dequantize(packed, kind)
            writer.add_tensor(name, packed, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return weights


def _alphabet() -> list[str]:
    from bathyscope.prompt.pieces import BYTE_OF

    return sorted(BYTE_OF)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def file(tmp_path: Path, cache: Path) -> Path:
    write_gguf(tmp_path / "tiny.gguf")
    return tmp_path / "tiny.gguf"


def test_the_weights_are_dequantised_exactly(tmp_path: Path, cache: Path) -> None:
    weights, stages = write_gguf(tmp_path / "tiny.gguf"), dict[str, int]()
    model = load(
        tmp_path / "tiny.gguf", progress=lambda stage, done, _: stages.update({stage: done})
    )
    (told,) = [stage for stage in stages if stage.endswith(" GB")]
    assert told.startswith(
        "convert tiny.gguf (5.1 bits a number: what these lost stays lost) to fl"
    )
    assert stages[told] == 100
    embedding = model.model.get_input_embeddings().weight
    torch.testing.assert_close(
        embedding, torch.from_numpy(weights["token_embd.weight"]).float(), rtol=0, atol=0
    )
    down = model.model.model.layers[1].mlp.down_proj.weight
    torch.testing.assert_close(
        down, torch.from_numpy(weights["blk.1.ffn_down.weight"]).float(), rtol=0, atol=0
    )
    assert model.provenance["sha256"] == sha256(tmp_path / "tiny.gguf")
    assert model.tokens.decode(model.tokens.encode("8 + 5 é")) == "8 + 5 é"


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_that_of_the_exact_conversion(
    tmp_path: Path, cache: Path, dtype: str
) -> None:
    """Straight from the file, or from float32 at load: the same rounding of every weight."""
    weights = write_gguf(tmp_path / "tiny.gguf")
    straight = load(tmp_path / "tiny.gguf", dtype=dtype).model.state_dict()
    assert [path.name.split("-")[2] for path in cache.glob("gguf-*") if path.is_dir()] == [dtype]
    exact = load(tmp_path / "tiny.gguf").model.state_dict()
    assert exact.keys() == straight.keys()
    for name, tensor in exact.items():
        assert torch.equal(tensor.to(getattr(torch, dtype)), straight[name]), name
    embedding = torch.from_numpy(weights["token_embd.weight"]).to(getattr(torch, dtype))
    assert torch.equal(straight["model.embed_tokens.weight"], embedding)


def test_an_exact_conversion_serves_every_precision(file: Path, cache: Path) -> None:
    load(file)
    for dtype in ("bfloat16", "float64"):
        load(file, dtype=dtype)
    assert len([path for path in cache.glob("gguf-*") if path.is_dir()]) == 1


def test_every_weight_is_the_one_that_transformers_reads(file: Path) -> None:
    from transformers import AutoModelForCausalLM

    loader: Any = AutoModelForCausalLM
    whole = loader.from_pretrained(str(file.parent), gguf_file=file.name, dtype=torch.float32)
    ours = load(file).model.state_dict()
    assert ours.keys() == whole.state_dict().keys()
    for name, tensor in whole.state_dict().items():
        assert torch.equal(ours[name], tensor), name


def test_no_more_than_a_few_tensors_are_held(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted over all arrays that are made, of which those of torch are parts of a tensor."""
    monkeypatch.setattr(gguf_tensors, "_ELEMENTS_AT_ONCE", 4096)
    monkeypatch.setattr(shards, "_ELEMENTS_AT_ONCE", 4096)
    write_gguf(file, hidden=128, feed_forward=512, layers=6)
    _, model, tensors = conversion._opened(file, "float32")
    assert tensors is not None
    largest = max(tensor.numel() * 4 for tensor in model.state_dict().values())
    whole = sum(tensor.numel() * 4 for tensor in model.state_dict().values())
    assert whole > 20 * largest, "or the whole would be let through"
    with shards.shards(file.parent, torch.float32, tensors.num_tensors) as writing:
        tracemalloc.start()
        for name, tensor in tensors:
            writing.add(name, tensor)
            del tensor
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 3 * largest, f"{peak} bytes, {largest} in the largest tensor"


def test_large_models_lie_in_several_files(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load(file).model.state_dict()
    shutil.rmtree(conversion.conversion_folder(sha256(file)))
    monkeypatch.setattr(shards, "BYTES_PER_SHARD", 40_000)
    model = load(file).model
    files = sorted(conversion.conversion_folder(sha256(file)).glob("*.safetensors"))
    assert len(files) > 2 and "of-0000" in files[0].name
    for name, tensor in expected.items():
        assert torch.equal(model.state_dict()[name], tensor), name
    index = files[0].parent / "model.safetensors.index.json"
    said = json.loads(index.read_text())
    assert {files[0].parent / one for one in said["weight_map"].values()} == set(files)
    different = {one.data_ptr(): 4 * one.numel() for one in expected.values()}  # two are tied
    assert said["metadata"]["total_size"] == sum(different.values())


def test_too_little_room_is_said_before(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(ModelError, match=r"takes 0\.0 GB, but .* has 0\.0 GB left"):
        load(file)


def test_the_second_time_nothing_is_converted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(file)
    monkeypatch.setattr(conversion, "_convert", _fail)
    load(file)


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "tokenizer.json", "checksums.json"]
)
@pytest.mark.parametrize("damage", ["missing", "truncated", "changed"])
def test_a_damaged_cache_heals(file: Path, name: str, damage: str) -> None:
    folder = conversion.converted(file, sha256(file), silent)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    path = folder / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        middle = len(content) // 2
        changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        path.write_bytes(content[:middle] if damage == "truncated" else changed)
    assert not conversion.is_whole(folder)
    conversion.converted(file, sha256(file), silent)
    assert conversion.is_whole(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_conversion_leaves_nothing(
    file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    def interrupted(*args: Any) -> Any:
        raise stop

    monkeypatch.setattr(shards.Shards, "finish", interrupted)
    with pytest.raises(stop):
        conversion.converted(file, sha256(file), silent)
    assert [path.name for path in cache.iterdir() if not path.name.endswith(".lock")] == []
    monkeypatch.undo()
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(cache))
    assert conversion.is_whole(conversion.converted(file, sha256(file), silent))


def test_two_at_once_convert_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0
    original = conversion._convert

    def counted(*args: Any) -> None:
        nonlocal count
        count += 1
        original(*args)

    monkeypatch.setattr(conversion, "_convert", counted)
    digest = sha256(file)
    threads = [
        threading.Thread(target=conversion.converted, args=(file, digest, silent)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count == 1


def test_a_truncated_file_is_refused(file: Path, cache: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(ModelError, match="cannot be converted"):
        load(file)


def test_a_cache_that_cannot_be_written_is_named(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blocked").touch()
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(tmp_path / "blocked" / "cache"))
    with pytest.raises(ModelError, match="BATHYSCOPE_CACHE"):
        load(file)


def test_checksums_list_every_file(file: Path) -> None:
    folder = conversion.converted(file, sha256(file), silent)
    listed = json.loads((folder / "checksums.json").read_text())
    assert set(listed) == {path.name for path in folder.iterdir()} - {"checksums.json"}


@pytest.mark.parametrize("listed", ["nothing", "one file less", "a file that is not there"])
def test_a_list_that_is_not_of_every_file_is_not_believed(file: Path, listed: str) -> None:
    folder = conversion.converted(file, sha256(file), silent)
    checksums = json.loads((folder / "checksums.json").read_text())
    weights = (folder / "model.safetensors").read_bytes()
    damaged = bytearray(weights)
    damaged[-1] ^= 1
    (folder / "model.safetensors").write_bytes(damaged)
    if listed == "nothing":
        checksums = {}
    elif listed == "one file less":
        del checksums["model.safetensors"]
    else:
        checksums["model.safetensorz"] = checksums.pop("model.safetensors")
    (folder / "checksums.json").write_text(json.dumps(checksums))
    assert not conversion.is_whole(folder)
    assert conversion.converted(file, sha256(file), silent) == folder
    assert (folder / "model.safetensors").read_bytes() == weights


def test_a_file_that_was_not_written_there_makes_it_new(file: Path) -> None:
    """Whatever lies in a model's folder may be read with it."""
    folder = conversion.converted(file, sha256(file), silent)
    (folder / "generation_config.json.bak").touch()
    assert not conversion.is_whole(folder)
    conversion.converted(file, sha256(file), silent)
    assert not (folder / "generation_config.json.bak").exists()


def test_an_empty_folder_with_an_empty_list_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "checksums.json").write_text("{}")
    assert not conversion.is_whole(tmp_path)


def _fail(*args: Any) -> None:
    raise AssertionError("converted again")
