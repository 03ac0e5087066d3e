"""Make the files of Captum and inseq again: `python -m tests.tables.make`.

Needs both tools, as the environment of `make bench` has them. In `expected.json` stand the numbers
of each file as the tool has them in memory.
"""

import contextlib
import io
import json
import os
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch

os.environ["HF_HUB_OFFLINE"] = "1"

import bathyscope as bs
from bathyscope.tables.objects import from_object
from tests.families import byte_tokenizer, random_model

HERE = Path(__file__).parent / "files"
PROMPT = "Q: 6 apples, 2 each?\nA: {}.\nQ: 3 and 4?\nA: {}.\nQ: 8 sweets for 2?\nA:"
EXAMPLES = ["6 / 2 = 3", "3 + 4 = 7"]


def main() -> None:
    """Write every file, and `expected.json`."""
    HERE.mkdir(exist_ok=True)
    expected = {**_captum(), **_inseq(), **_encoder_decoder()}
    (HERE / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")


def _captum() -> dict[str, Any]:
    from captum.attr import (
        FeatureAblation,
        LayerGradientXActivation,
        LLMAttribution,
        LLMGradientAttribution,
        TextTemplateInput,
        TextTokenInput,
    )

    model = bs.load()
    tokenizer = model.tokens.tokenizer
    tool = LLMAttribution(FeatureAblation(model.model), tokenizer, attr_target="log_prob")
    asked = TextTemplateInput(PROMPT.format, EXAMPLES, baselines=["", ""])
    target = torch.tensor(tokenizer(" 8 / 2 = 4", add_special_tokens=False).input_ids)
    ablation = tool.attribute(asked, target=target, use_cached_outputs=False)
    gradients = LLMGradientAttribution(
        LayerGradientXActivation(model.model, model.model.get_input_embeddings()), tokenizer
    ).attribute(TextTokenInput("Café:\n8 / 2 =", tokenizer), target=target[-2:])

    fields = {name: getattr(ablation, name) for name in ("input_tokens", "output_tokens")}
    attributions = {name: getattr(ablation, name).tolist() for name in ("seq_attr", "token_attr")}
    _write("captum_ablation.json", {**fields, **attributions})
    bare = {name: value for name, value in vars(gradients).items() if name != "inp"}
    _write("captum_vars.json", bare)
    np.savez(
        HERE / "captum_gradients.npz",
        input_tokens=gradients.input_tokens,
        output_tokens=gradients.output_tokens,
        token_attr=gradients.token_attr,
    )
    _write("captum_sequence.json", {**fields, "seq_attr": ablation.seq_attr.tolist()})
    for result, name in ((ablation, "captum_ablation.json"), (gradients, "captum_vars.json")):
        live, kept = from_object(result), bs.read_table(HERE / name)
        assert (live.rows, live.columns) == (kept.rows, kept.columns)
        np.testing.assert_allclose(live.values, kept.values, rtol=0, atol=0)
    return {
        "captum_ablation.json": attributions["token_attr"],
        "captum_sequence.json": [attributions["seq_attr"]],
        "captum_vars.json": gradients.token_attr.tolist(),
        "captum_gradients.npz": gradients.token_attr.tolist(),
    }


def _write(name: str, document: Any) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1, default=lambda array: array.tolist())
    (HERE / name).write_text(text + "\n")


def _inseq() -> dict[str, Any]:
    """Save one result in every way that inseq has."""
    import inseq

    model = bs.load()
    model.model.config.name_or_path = model.provenance["name"]  # inseq keeps it; it was a path
    real = _attribute(
        inseq, model.model, model.tokens.tokenizer, "Café:\n8 / 2 =", " 4é"
    ).aggregate()
    tiny = _attribute(inseq, random_model("llama"), byte_tokenizer(), "Q: 1\n=", " é")
    whole = tiny.aggregate()
    saved: dict[str, tuple[Any, Any, dict[str, Any]]] = {
        "inseq.json": (real, real, {}),
        "inseq_granular.json": (tiny, whole, {}),
        "inseq_primitives.json": (whole, whole, {"use_primitives": True}),
        "inseq_half.json.gz": (whole, whole, {"scores_precision": "float16", "compress": True}),
        "inseq_8_bits.json": (whole, whole, {"scores_precision": "float8"}),
    }
    for name, (output, _, options) in saved.items():
        output.save(HERE / name, overwrite=True, **options)
    both = inseq.merge_attributions([whole, deepcopy(whole)])
    both.save(HERE / "inseq_two_sequences.json", overwrite=True)
    return {
        name: _transposed(output.sequence_attributions[0].target_attributions)
        for name, (_, output, _) in saved.items()
    }


def _encoder_decoder() -> dict[str, Any]:
    import inseq
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    sizes: dict[str, Any] = {"d_model": 16, "d_kv": 4, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    tokens: dict[str, Any] = {
        "pad_token_id": 257,
        "eos_token_id": 257,
        "decoder_start_token_id": 256,
    }
    config = T5Config(vocab_size=258, **sizes, **tokens)
    tool = inseq.load_model(
        T5ForConditionalGeneration(config), "saliency", tokenizer=byte_tokenizer()
    )
    with contextlib.redirect_stderr(io.StringIO()):
        output = tool.attribute("12 3", "45", attribute_target=True, show_progress=False)
    output = output.aggregate()
    output.save(HERE / "inseq_encoder_decoder.json", overwrite=True)
    sequence = output.sequence_attributions[0]
    both = torch.cat([sequence.source_attributions, sequence.target_attributions])
    return {"inseq_encoder_decoder.json": _transposed(both)}


def _attribute(inseq: Any, model: Any, tokenizer: Any, prompt: str, target: str) -> Any:
    tool = inseq.load_model(model, "input_x_gradient", tokenizer=tokenizer)
    with contextlib.redirect_stderr(io.StringIO()):
        return tool.attribute(
            prompt,
            prompt + target,
            attributed_fn="probability",
            logprob=True,
            show_progress=False,
        )


def _transposed(scores: Any) -> list[list[float]]:
    rows: list[list[float]] = scores.T.double().tolist()
    return rows


if __name__ == "__main__":
    main()
