"""One tiny random model of each family, with what is peculiar to the family switched on."""

from collections.abc import Callable
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    BertConfig,
    FalconConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GPTNeoXConfig,
    GptOssConfig,
    GraniteConfig,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
    MixtralConfig,
    Olmo2Config,
    OPTConfig,
    Phi3Config,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
    Qwen3MoeConfig,
    Starcoder2Config,
)

_TOKENS: dict[str, Any] = {
    "vocab_size": 258,
    "bos_token_id": 256,
    "eos_token_id": 257,
    "pad_token_id": 257,
}
_PLAIN: dict[str, Any] = _TOKENS | {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "max_position_embeddings": 256,
}
SMALL: dict[str, Any] = _PLAIN | {"num_key_value_heads": 2, "head_dim": 8}
_GROUPED: dict[str, Any] = _PLAIN | {"num_key_value_heads": 2}

DEEP = "llama-36"
"""As deep as models in use: for what depends on the number of layers, at nine times the cost."""

# Windows are shorter than the tests' prompts, so that a mask that forgot them would be noticed.
FAMILIES: dict[str, Callable[[], Any]] = {
    "falcon": lambda: FalconConfig(
        **_TOKENS, hidden_size=32, num_hidden_layers=4, num_attention_heads=4, ffn_hidden_size=48
    ),
    "falcon-alibi": lambda: FalconConfig(
        **_TOKENS,
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=4,
        ffn_hidden_size=48,
        alibi=True,
        parallel_attn=False,
    ),
    "gemma2": lambda: Gemma2Config(
        **SMALL,
        sliding_window=16,
        attn_logit_softcapping=20.0,
        final_logit_softcapping=10.0,
        query_pre_attn_scalar=8,
    ),
    "gemma3": lambda: Gemma3TextConfig(
        **SMALL, sliding_window=16, final_logit_softcapping=30.0, query_pre_attn_scalar=8
    ),
    "gpt-neox": lambda: GPTNeoXConfig(**_PLAIN),
    "gpt-oss": lambda: GptOssConfig(
        **SMALL, num_local_experts=4, num_experts_per_tok=2, sliding_window=16
    ),
    "gpt2": lambda: GPT2Config(**_TOKENS, n_embd=32, n_layer=4, n_head=4, n_positions=256),
    "granite": lambda: GraniteConfig(
        **_GROUPED,
        embedding_multiplier=1.5,
        attention_multiplier=0.3,
        residual_multiplier=0.7,
        logits_scaling=2.0,
    ),
    "llama": lambda: LlamaConfig(**SMALL),
    DEEP: lambda: LlamaConfig(**(SMALL | {"num_hidden_layers": 36})),
    "mamba": lambda: MambaConfig(
        **_TOKENS, hidden_size=32, num_hidden_layers=4, state_size=8, time_step_rank=4
    ),
    "mistral": lambda: MistralConfig(**SMALL, sliding_window=16),
    "mixtral": lambda: MixtralConfig(
        **_GROUPED, num_local_experts=4, num_experts_per_tok=2, sliding_window=16
    ),
    "olmo2": lambda: Olmo2Config(**_GROUPED),
    "opt": lambda: OPTConfig(
        **_TOKENS,
        hidden_size=32,
        word_embed_proj_dim=16,
        ffn_dim=48,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=256,
    ),
    "phi3": lambda: Phi3Config(**_GROUPED, sliding_window=16),
    "phi3-longrope": lambda: Phi3Config(
        **_GROUPED,
        original_max_position_embeddings=28,
        rope_parameters={
            "rope_type": "longrope",
            "rope_theta": 10000.0,
            "original_max_position_embeddings": 28,
            "short_factor": [1.0, 1.1, 1.2, 1.3],
            "long_factor": [1.5, 2.5, 5.0, 9.0],
        },
    ),
    "qwen2": lambda: Qwen2Config(
        **_GROUPED, use_sliding_window=True, sliding_window=16, max_window_layers=2
    ),
    "qwen3": lambda: Qwen3Config(**SMALL),
    "qwen3-moe": lambda: Qwen3MoeConfig(
        **SMALL, moe_intermediate_size=24, num_experts=4, num_experts_per_tok=2
    ),
    "starcoder2": lambda: Starcoder2Config(**_GROUPED, sliding_window=16),
}


def encoder_config() -> BertConfig:
    """Return a tiny encoder, which reads what comes after a token, too."""
    return BertConfig(
        vocab_size=258,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
    )


def random_model(family: str, dtype: torch.dtype = torch.float32, **options: Any) -> Any:
    """Return a model whose weights are large enough for predictions that differ.

    Args:
        family: A name in `FAMILIES`.
        dtype: Of the weights; the same numbers in each.
        options: For transformers, such as the attention implementation.
    """
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(FAMILIES[family](), **options)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if parameter.dim() > 1:
                parameter.normal_(std=0.25)
            elif "norm" in name or "ln_" in name:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    if dtype == torch.float64 and hasattr(model, "set_experts_implementation"):
        model.set_experts_implementation("eager")  # the grouped one has no float64
    return model.to(dtype).eval()


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
