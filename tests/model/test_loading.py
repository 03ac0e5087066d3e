import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertModel, T5Config, T5ForConditionalGeneration

from bathyscope.core.errors import InputError, ModelError
from bathyscope.model.loading import load
from tests.cli.copies import Copy, needs_copies, quietly
from tests.conftest import byte_tokenizer
from tests.families import encoder_config


def test_a_folder_is_loaded(llama_folder: str) -> None:
    model = load(llama_folder)
    assert model.num_layers == 4
    assert model.provenance["name"] == "tiny-llama"
    assert len(model.provenance["sha256"]) == 64


def test_the_hash_of_a_folder_follows_its_weights(llama_folder: str, tmp_path: Path) -> None:
    for file in Path(llama_folder).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    before = load(tmp_path).provenance["sha256"]
    assert before == load(llama_folder).provenance["sha256"]
    config = json.loads((tmp_path / "config.json").read_text()) | {"rms_norm_eps": 1e-4}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert load(tmp_path).provenance["sha256"] != before


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_dtypes(llama_folder: str, dtype: str) -> None:
    model = load(llama_folder, dtype=dtype)
    assert model.provenance["dtype"] == dtype
    assert model.model.dtype == getattr(torch, dtype)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no-such-model", "neither a folder"),
        ("someone/no-such-model", "neither a folder"),
        ("/no/such/folder", "no model at"),
        ("./none.gguf", "no model at"),
        ("none.gguf", "no model at"),
    ],
)
def test_unknown_models_are_refused(
    name: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bathyscope.model.loading.hub_answers", lambda: False)
    with pytest.raises(ModelError, match=message):
        load(name)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        load(tmp_path)


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="not a GGUF file"):
        load(tmp_path / "model.bin")


def test_an_encoder_is_refused(tmp_path: Path) -> None:
    BertModel(encoder_config()).save_pretrained(tmp_path)
    byte_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=r"causal language model|do not follow"):
        load(tmp_path)


def test_an_encoder_decoder_is_refused(tmp_path: Path) -> None:
    config = T5Config(vocab_size=258, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4)
    T5ForConditionalGeneration(config).save_pretrained(tmp_path)
    byte_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="cannot be loaded as a causal language model"):
        load(tmp_path)


def _damage(name: str, folder: str, copy: Path) -> None:
    for file in Path(folder).iterdir():
        content = file.read_bytes()
        (copy / file.name).write_bytes(content[:100] if file.name == name else content)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_damaged_files_are_refused(llama_folder: str, tmp_path: Path, name: str) -> None:
    _damage(name, llama_folder, tmp_path)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(tmp_path)


def test_missing_weights_are_not_made_up(llama_folder: str, tmp_path: Path) -> None:
    _damage("", llama_folder, tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks the weights model\.layers\.1\.mlp\.up_proj"):
        load(tmp_path)


def test_unknown_dtypes_and_devices_are_refused(llama_folder: str) -> None:
    with pytest.raises(InputError, match="int3"):
        load(llama_folder, dtype="int3")
    for device in ("cuda:77", "toaster"):
        with pytest.raises(InputError, match=device):
            load(llama_folder, device=device)


CODE = """
from pathlib import Path
Path(__file__).with_name("ran").touch()
Path({marker!r}).touch()
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
class OwnConfig(LlamaConfig):
    model_type = "own-kind"
class OwnModel(LlamaForCausalLM):
    config_class = OwnConfig
class OwnTokenizer(PreTrainedTokenizerFast):
    pass
"""


@needs_copies
@quietly
@pytest.mark.parametrize("of", ["model", "tokenizer", "both"])
def test_code_in_a_folder_is_neither_run_nor_asked_about(
    llama_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    """With a terminal or an open pipe, transformers would ask, and wait for an answer."""
    folder, marker = tmp_path / "model", tmp_path / "ran"
    folder.mkdir()
    _damage("", llama_folder, folder)
    (folder / "own.py").write_text(CODE.format(marker=str(marker)))
    config = json.loads((folder / "config.json").read_text())
    tokenizer = json.loads((folder / "tokenizer_config.json").read_text())
    if of != "tokenizer":
        config |= {
            "model_type": "own-kind",
            "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"},
        }
    if of != "model":
        tokenizer |= {
            "tokenizer_class": "OwnTokenizer",
            "auto_map": {"AutoTokenizer": ["own.OwnTokenizer", "own.OwnTokenizer"]},
        }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    monkeypatch.chdir(tmp_path)
    command = ["attribute", "[[a]] b", "--target", " c", "-m", str(folder), "--json"]
    reading, writing = os.pipe()
    os.write(writing, b"y\n" * 9)  # and left open
    copy = Copy(tmp_path / "said", *command, input=reading)
    code, said = copy.ended(), copy.errors.read_text()
    for end in (reading, writing):
        os.close(end)
    assert not marker.exists(), "code of the folder has run"
    assert "Do you wish to run" not in said and "Traceback" not in said
    if of == "tokenizer" and code == 0:
        return  # its tokenizer.json says the same without the code
    assert code == 2 and "needs Python code that comes with its files" in " ".join(said.split())
