"""Tiny models built from configurations, and the real one."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GptOssConfig,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen3Config,
)

from bathyscope.model.language_model import LanguageModel
from bathyscope.model.loading import load

_SMALL: dict[str, Any] = {
    "vocab_size": 258,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "bos_token_id": 256,
    "eos_token_id": 257,
    "pad_token_id": 257,
}

FAMILIES: dict[str, Callable[[], Any]] = {
    "gpt2": lambda: GPT2Config(
        vocab_size=258,
        n_embd=32,
        n_layer=4,
        n_head=4,
        n_positions=256,
        bos_token_id=256,
        eos_token_id=257,
        pad_token_id=257,
    ),
    "llama": lambda: LlamaConfig(**_SMALL),
    "llama-36": lambda: LlamaConfig(**(_SMALL | {"num_hidden_layers": 36})),
    "qwen3": lambda: Qwen3Config(**_SMALL),
    "gemma3": lambda: Gemma3TextConfig(
        **_SMALL, sliding_window=16, final_logit_softcapping=30.0, query_pre_attn_scalar=8
    ),
    "gpt-oss": lambda: GptOssConfig(
        **_SMALL, num_local_experts=4, num_experts_per_tok=2, sliding_window=16
    ),
}


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer with one token for each byte, byte-level like GPT-2's."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {character: id for id, character in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<bos>", "<eos>"])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<eos>", pad_token="<eos>"
    )


def random_model(family: str, dtype: torch.dtype = torch.float32) -> Any:
    """Return a model whose weights are large enough for predictions that differ."""
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(FAMILIES[family]())
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if parameter.dim() > 1:
                parameter.normal_(std=0.25)
            elif "norm" in name or "ln_" in name:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    if dtype == torch.float64 and family == "gpt-oss":
        model.set_experts_implementation("eager")  # the grouped one has no float64
    return model.to(dtype).eval()


@cache
def tiny(family: str) -> LanguageModel:
    """Return a wrapped random model, built once for each family."""
    return LanguageModel(random_model(family), byte_tokenizer())


@pytest.fixture(autouse=True)
def threads(request: pytest.FixtureRequest) -> None:
    """One thread for tiny models, whose matrices are too small to share; all for real ones."""
    real = any(request.node.get_closest_marker(name) for name in ("real", "slow"))
    torch.set_num_threads((os.cpu_count() or 1) if real else 1)


@pytest.fixture(params=sorted(FAMILIES))
def family(request: pytest.FixtureRequest) -> str:
    """Each family of models in turn, by name."""
    return str(request.param)


@pytest.fixture
def llama() -> LanguageModel:
    """A tiny model of the commonest family."""
    return tiny("llama")


@pytest.fixture(scope="session")
def smollm() -> LanguageModel:
    """The embedded model, from the user's own cache; obtained when it is not there yet."""
    return load()


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a tiny model, as `--model` takes it."""
    folder = tmp_path_factory.mktemp("models") / "tiny-llama"
    random_model("llama").save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return str(folder)


# Tests must not depend on what the hub answers, nor wait for it.
os.environ["HF_HUB_OFFLINE"] = "1"
