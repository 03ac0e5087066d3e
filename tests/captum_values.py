"""The same numbers by Captum 0.9.0, through its public classes.

Its default reuses a cache (`use_cached_outputs=True`), which under transformers 5 gives other
numbers than the model; it is off here.
"""

from typing import Any

import numpy as np
import torch
from captum.attr import (
    FeatureAblation,
    LayerGradientXActivation,
    LayerIntegratedGradients,
    LLMAttribution,
    LLMGradientAttribution,
    Saliency,
    ShapleyValues,
    TextTemplateInput,
    TextTokenInput,
)
from numpy.typing import NDArray

import bathyscope as bs
from bathyscope.model.tokens import Continuation

Values = NDArray[np.float64]


def leave_one_out(
    model: bs.LanguageModel, prompt: bs.Prompt, target: Continuation, by_token: bool = False
) -> Values:
    """Return feature ablation (targets, features); `by_token` is Captum's slow default."""
    return _left_out(FeatureAblation(model.model), model, prompt, target, by_token)


def shapley(model: bs.LanguageModel, prompt: bs.Prompt, target: Continuation) -> Values:
    """Return Shapley values (targets, features) from all orders."""
    return _left_out(ShapleyValues(model.model), model, prompt, target, False)


def _left_out(
    method: Any, model: bs.LanguageModel, prompt: bs.Prompt, target: Continuation, by_token: bool
) -> Values:
    def template(*values: str) -> str:
        text, position = "", 0
        for (start, end), value in zip(prompt.features, values, strict=True):
            text, position = text + prompt.text[position:start] + value, end
        return text + prompt.text[position:]

    labels = list(prompt.labels)
    result = LLMAttribution(method, model.tokens.tokenizer).attribute(
        TextTemplateInput(template, labels, baselines=[""] * len(labels)),
        target=torch.tensor(target.target_ids),
        use_cached_outputs=False,
        forward_in_tokens=by_token,
    )
    found: Values = result.token_attr.double().numpy()
    return found


def input_x_gradient(model: bs.LanguageModel, text: str, target: Continuation) -> Values:
    """Return embedding · gradient of each prompt token (targets, tokens)."""
    layer = model.model.get_input_embeddings()
    return _gradients(LayerGradientXActivation(model.model, layer), model, text, target)


def integrated_gradients(
    model: bs.LanguageModel, text: str, target: Continuation, steps: int
) -> Values:
    """Return the path integral (targets, tokens) from the padding token, by the midpoint rule."""
    path = LayerIntegratedGradients(model.model, model.model.get_input_embeddings())
    return _gradients(path, model, text, target, n_steps=steps, method="riemann_middle")


def _gradients(
    gradient: Any, model: bs.LanguageModel, text: str, target: Continuation, **options: Any
) -> Values:
    tokenizer = model.tokens.tokenizer
    result = LLMGradientAttribution(gradient, tokenizer).attribute(
        TextTokenInput(text, tokenizer, baselines=tokenizer.pad_token_id),
        target=torch.tensor(target.target_ids),
        **options,
    )
    found: Values = result.token_attr.double().numpy()
    return found


def saliency(model: bs.LanguageModel, target: Continuation) -> Values:
    """Return the L2 norm of Captum's gradient at each prompt token (targets, tokens)."""
    ids = torch.tensor([target.prompt_ids + target.target_ids[:-1]])
    first = len(target.prompt_ids)

    def log_prob(embeddings: torch.Tensor, position: int, token_id: int) -> torch.Tensor:
        logits: torch.Tensor = model.model(inputs_embeds=embeddings).logits[:, position]
        return logits.log_softmax(-1)[:, token_id]

    with torch.no_grad():
        embeddings = model.model.get_input_embeddings()(ids)
    rows = [
        Saliency(log_prob).attribute(
            embeddings.requires_grad_(), abs=False, additional_forward_args=(first - 1 + t, id)
        )
        for t, id in enumerate(target.target_ids)
    ]
    found: Values = torch.cat(rows).double().norm(dim=-1)[:, :first].numpy()
    return found
