"""Adapters are read upon their bases, and give what PEFT gives."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import bathyscope as bs
from bathyscope.core.errors import ModelError
from bathyscope.model import adapters
from bathyscope.model.identity import identity_of
from bathyscope.model.loading import load
from tests.conftest import byte_tokenizer
from tests.families import random_model

peft = pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing")
TEXT, TARGET = "[[six]] and [[two]]:", " 8"


def lora() -> Any:
    return peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=4,
        target_modules=["q_proj", "v_proj", "down_proj"],
        init_lora_weights=False,
    )


@pytest.fixture
def folder(llama_folder: str, tmp_path: Path) -> Path:
    """Return a folder with an adapter that nobody trained."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(5)
    base = AutoModelForCausalLM.from_pretrained(llama_folder)
    peft.get_peft_model(base, lora()).save_pretrained(tmp_path / "adapter")
    assert not (tmp_path / "adapter" / "config.json").exists()
    return tmp_path / "adapter"


def test_an_adapter_is_read_upon_its_base(llama_folder: str, folder: Path) -> None:
    from transformers import AutoModelForCausalLM

    own = peft.PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(llama_folder, dtype=torch.float64), str(folder)
    ).eval()
    model = load(folder, dtype="float64")
    run = bs.attribute(model, TEXT, TARGET)
    ids = torch.tensor([model.tokens.encode(TEXT.replace("[[", "").replace("]]", "") + TARGET)])
    with torch.no_grad():
        rows = own(input_ids=ids).logits[0].log_softmax(-1)[-3:-1]
    expected = rows.gather(-1, ids[0, -2:, None])[:, 0].numpy()
    np.testing.assert_allclose(run.all, expected, atol=1e-9)
    without = bs.attribute(load(llama_folder, dtype="float64"), TEXT, TARGET).all
    assert np.abs(run.all - without).max() > 0.01, "an adapter that does nothing proves nothing"
    assert run.heatmap.provenance["model"]["base"]["name"] == "tiny-llama"


def test_depth_and_answers_of_an_adapter_are_its_own(folder: Path) -> None:
    model = load(folder)
    run = bs.depth(model, "six and two:", max_new_tokens=4)
    streamed = list(bs.stream(model, "six and two:", max_new_tokens=4))
    assert run.settling_depth.tolist() == [token.settling_depth for token in streamed]


def test_identity_follows_adapter_and_base(llama_folder: str, folder: Path, tmp_path: Path) -> None:
    base, one = load(llama_folder), load(folder)
    other = tmp_path / "other" / "adapter"
    shutil.copytree(folder, other)
    file = other / "adapter_model.safetensors"
    save_file({name: tensor * 2 for name, tensor in load_file(file).items()}, file)
    assert len({identity_of(model) for model in (base, one, load(other))}) == 3
    assert identity_of(one) == identity_of(load(folder))


def test_missing_weights_are_not_made_up(folder: Path) -> None:
    file = folder / "adapter_model.safetensors"
    weights = load_file(file)
    del weights[sorted(weights)[0]]
    save_file(weights, file)
    with pytest.raises(ModelError, match="missing adapter keys"):
        load(folder)


def test_a_missing_base_is_named(folder: Path) -> None:
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = "/no/such/base"
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match=r"base model of the adapter in .*no model at /no/such"):
        load(folder)
    settings["base_model_name_or_path"] = None
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="does not name its base"):
        load(folder)


def test_without_peft_the_base_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"adapter \(LORA\) of the base model '.*tiny-llama'"):
        load(folder)


@pytest.mark.parametrize("kind", ["PromptTuningConfig", "PromptEncoderConfig"])
def test_tuned_prompts_are_refused(kind: str) -> None:
    settings = getattr(peft, kind)(task_type="CAUSAL_LM", num_virtual_tokens=4)
    with pytest.raises(ModelError, match="9 rows of logits for 5 tokens"):
        bs.LanguageModel(peft.get_peft_model(random_model("llama"), settings), byte_tokenizer())


def test_tuned_prefixes_are_read_whole() -> None:
    """Keys and values before the text: no cache of ours may take their place."""
    settings = peft.PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4)
    torch.manual_seed(5)
    own = peft.get_peft_model(random_model("llama"), settings).eval()
    model = bs.LanguageModel(own, byte_tokenizer())
    assert model.why_not_shared is not None
    run = bs.attribute(model, TEXT, TARGET)
    ids = torch.tensor([model.tokens.encode(TEXT.replace("[[", "").replace("]]", "") + TARGET)])
    with torch.no_grad():
        rows = own(input_ids=ids).logits[0].log_softmax(-1)[-3:-1]
    expected = rows.gather(-1, ids[0, -2:, None])[:, 0].numpy()
    np.testing.assert_allclose(run.all, expected, atol=2e-5)
    with pytest.raises(ModelError, match="does not go on from its cache"):
        list(bs.stream(model, "six", max_new_tokens=2))
