"""Any configuration of transformers made tiny, and a random model of it.

Sizes go by the names that configurations give them; what one family needs beyond that stands in
`HINTS`. A list with an entry for each layer keeps every kind of entry it has.
"""

from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedConfig

LAYERS = 4

# A name that a configuration does not have is not given to it; nor is one whose value is no number.
SIZES: dict[str, Any] = {
    **dict.fromkeys(("vocab_size", "decoder_vocab_size"), 258),
    **dict.fromkeys(("num_hidden_layers", "num_layers", "n_layer", "n_layers"), LAYERS),
    **dict.fromkeys(("decoder_layers", "num_decoder_layers", "num_blocks"), LAYERS),
    **dict.fromkeys(("encoder_layers", "num_encoder_layers"), LAYERS),  # caches are as long
    "depth": 2,
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "emb_dim", "embedding_dim"), 32),
    **dict.fromkeys(("dim", "dim_model", "embed_dim", "word_embed_proj_dim", "embedding_size"), 32),
    **dict.fromkeys(("input_embedding_size", "output_embedding_size", "lru_width"), 32),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads"), 4),
    **dict.fromkeys(("decoder_attention_heads", "encoder_attention_heads", "attention_heads"), 4),
    **dict.fromkeys(("num_decoder_attention_heads", "num_encoder_attention_heads"), 4),
    **dict.fromkeys(("num_key_value_heads", "num_kv_heads", "num_query_groups"), 2),
    **dict.fromkeys(("head_dim", "dim_head", "d_head", "attention_head_size", "kv_channels"), 8),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "dim_ff", "dff", "d_inner", "d_ff"), 48),
    **dict.fromkeys(("ffn_hidden_size", "feed_forward_size", "intermediate_size_mlp"), 48),
    **dict.fromkeys(("decoder_ffn_dim", "encoder_ffn_dim", "dense_intermediate_size"), 48),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size"), 24),
    **dict.fromkeys(("shared_intermediate_size", "shared_experts_intermediate_size"), 24),
    **dict.fromkeys(("moe_shared_expert_intermediate_size", "expert_ffn_hidden_size"), 24),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), 4),
    **dict.fromkeys(("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k"), 2),
    **dict.fromkeys(("n_group", "topk_group", "num_expert_group", "zero_expert_num"), 1),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"), 640),
    **dict.fromkeys(("max_target_positions", "context_length", "model_max_length"), 640),
    **dict.fromkeys(("sliding_window", "sliding_window_size", "window_size"), 16),
    **dict.fromkeys(("attention_window_size", "local_attention", "attention_chunk_size"), 16),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank", "o_lora_rank", "adapter_rank"), 16),
    **dict.fromkeys(("qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"), 8),
    "qk_head_dim": 16,
    **dict.fromkeys(("rotary_dim", "state_size", "mamba_d_state", "ssm_state_size"), 8),
    **dict.fromkeys(("linear_num_key_heads", "linear_num_value_heads", "linear_num_heads"), 2),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim", "linear_head_dim"), 8),
    **dict.fromkeys(("time_step_rank", "mamba_dt_rank", "gated_norm_rank", "laurel_rank"), 4),
    "index_head_dim": 16,
    "index_n_heads": 16,  # of few heads all may say 0: ties, which no two passes break alike
    "index_topk": 16,
    **dict.fromkeys(("first_k_dense_replace", "num_dense_layers"), 1),
    **dict.fromkeys(("mamba_chunk_size", "chunk_size"), 16),
    **dict.fromkeys(("vocab_size_per_layer_input",), 258),
    **dict.fromkeys(("hidden_size_per_layer_input",), 8),
    **dict.fromkeys(("num_nextn_predict_layers", "num_kv_shared_layers"), 0),
    "query_pre_attn_scalar": 8,
    "bos_token_id": 256,
    "eos_token_id": 257,
    **dict.fromkeys(("image_size",), 32),
    **dict.fromkeys(("patch_size",), 8),
}

_QWEN4 = {
    "indexer_n_heads": 16,
    "indexer_kv_heads": 1,
    "indexer_head_dim": 16,
    "indexer_budget": 16,
    "indexer_compress_ratio": 4,
}

HINTS: dict[str, dict[str, Any]] = {
    "bamba": {"mamba_n_heads": 4, "mamba_d_head": 16, "attn_layer_indices": [1, 3]},
    "cohere_compass_text": {
        "logit_scale": 1.0,
        "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 10000.0}},
    },
    "cohere": {"logit_scale": 1.0},
    "cohere2": {"logit_scale": 1.0},
    "cohere2_moe": {"logit_scale": 1.0},
    "dots1": {"n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2},
    "deepseek_v2": {"topk_method": "greedy", "num_experts_per_tok": 2},
    "dots3_note_text": {"num_key_value_heads": 4},
    "granitemoehybrid": {
        "mamba_n_heads": 4,
        "mamba_d_head": 16,
        "layer_types": ["linear_attention", "full_attention"] * 2,
    },
    "hunyuan_v1_dense": {"head_dim": 8},
    "hunyuan_v1_moe": {"head_dim": 8},
    "inkling_text": {"logits_mup_width_multiplier": 1.0},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * 2},
    "mamba2": {"num_heads": 8, "head_dim": 8},
    "ministral": {"head_dim": 8},
    "nemotron": {"head_dim": 8, "num_key_value_heads": 2},
    "qwen4_exp": {"text_config": _QWEN4},
    "qwen4_exp_text": _QWEN4,
    "reformer": {"axial_pos_embds_dim": [8, 24], "axial_pos_shape": [16, 40]},
    "roc_bert": {"shape_vocab_size": 64, "pronunciation_vocab_size": 64},
    "xmod": {"default_language": "en_XX"},
    "zaya": {"num_experts_per_tok": 1},
}


def tiny_config(name: str) -> Any:
    """Return the tiny configuration of a model type, as causal as it can be made."""
    return _shrunk(CONFIG_MAPPING[name], HINTS.get(name, {}))


def _shrunk(kind: type[PreTrainedConfig], hints: dict[str, Any]) -> PreTrainedConfig:
    default = kind(**{k: v for k, v in hints.items() if k in ("hidden_size_per_layer_input",)})
    given = {k: v for k, v in vars(default).items()}
    layers = next((given[n] for n in _LAYER_NAMES if isinstance(given.get(n), int)), None)
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, PreTrainedConfig):
            found[name] = _shrunk(type(value), hints.get(name, {}))
        elif name in SIZES and isinstance(value, int) and not isinstance(value, bool):
            found[name] = SIZES[name]
        elif name.endswith("_token_id") and isinstance(value, int | list):
            found[name] = min(value, 255) if isinstance(value, int) else 255
        elif isinstance(value, list | tuple) and layers and len(value) == layers:
            found[name] = _every_kind(value)
    if "kv_lora_rank" in given:  # keys and values are spread from one latent to every head
        found["num_key_value_heads"] = SIZES["num_attention_heads"]
    if "is_decoder" in given:
        found["is_decoder"] = True
    own = {k: v for k, v in hints.items() if not isinstance(v, dict) or k not in found}
    return kind(**(found | own))


_LAYER_NAMES = ("num_hidden_layers", "num_layers", "n_layer", "n_layers", "decoder_layers")


def _every_kind(values: Any) -> list[Any]:
    kinds = [v for i, v in enumerate(values) if v not in values[:i]]
    return (kinds * LAYERS)[: max(LAYERS, len(kinds))][:LAYERS]


def randomized(model: Any) -> Any:
    """Return the model with weights large enough for predictions that differ."""
    torch.manual_seed(7)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if parameter.dim() > 1:
                parameter.normal_(std=0.2)
            elif "norm" in name or "ln_" in name:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    return model.eval()


def tiny_model(name: str) -> Any:
    """Return a random model of a type in float32."""
    torch.manual_seed(7)
    return randomized(AutoModelForCausalLM.from_config(tiny_config(name)))
