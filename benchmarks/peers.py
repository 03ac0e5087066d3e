"""The same questions put to Captum and inseq, each by its public way."""

import contextlib
import io
import os
from functools import cache
from typing import Any

import numpy as np
import torch

from bathyscope.core.heatmap import FloatArray
from bathyscope.model.tokens import Continuation
from benchmarks.subject import Subject


def captum_leave_one_out(subject: Subject, *, by_token: bool = True) -> FloatArray:
    """Return Captum's feature ablation (targets, features).

    Captum's default reuses a cache (`use_cached_outputs=True`), which under transformers 5 gives
    other numbers than the model; without it they agree.

    Args:
        subject: The model and its prompt.
        by_token: Captum's default, one forward pass for each target token; otherwise one for all.
    """
    from captum.attr import FeatureAblation, LLMAttribution, TextTemplateInput

    text, features = subject.prompt.text, subject.prompt.features

    def template(*values: str) -> str:
        parts, position = [], 0
        for (start, end), value in zip(features, values, strict=True):
            parts += [text[position:start], value]
            position = end
        return "".join([*parts, text[position:]])

    tool = LLMAttribution(
        FeatureAblation(subject.model.model),
        subject.model.tokens.tokenizer,
        attr_target="log_prob",
    )
    asked = TextTemplateInput(template, list(subject.prompt.labels), baselines=[""] * len(features))
    result = tool.attribute(
        asked,
        target=torch.tensor(subject.target.target_ids),
        use_cached_outputs=False,
        forward_in_tokens=by_token,
    )
    values: FloatArray = result.token_attr.double().numpy()
    return values


def captum_gradients(subject: Subject) -> list[FloatArray]:
    """Return Captum's input × gradient (targets, features) of five targets, one run each."""
    from captum.attr import LayerGradientXActivation, LLMGradientAttribution, TextTokenInput

    model, tokens = subject.model.model, subject.model.tokens
    tool = LLMGradientAttribution(
        LayerGradientXActivation(model, model.get_input_embeddings()), tokens.tokenizer
    )
    found = []
    for target in subject.targets:
        asked = TextTokenInput(subject.prompt.text, tokens.tokenizer)
        result = tool.attribute(asked, target=torch.tensor(target.target_ids))
        found.append(by_feature(subject, result.token_attr.double().numpy()))
    return found


@cache
def _inseq_model(subject: Subject) -> Any:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import inseq

    model, tokenizer = subject.model.model, subject.model.tokens.tokenizer
    return inseq.load_model(model, "input_x_gradient", tokenizer=tokenizer)


def inseq_gradients(subject: Subject) -> list[FloatArray]:
    """Return inseq's input × gradient (targets, features) of five targets, one run each.

    The probability with `logprob=True`: inseq 0.7.1's "crossentropy" fails on a single sequence.
    """
    return [_inseq_run(subject, target) for target in subject.targets]


def _inseq_run(subject: Subject, target: Continuation) -> FloatArray:
    text = subject.prompt.text
    with contextlib.redirect_stderr(io.StringIO()):
        output = _inseq_model(subject).attribute(
            text,
            text + (target.text or ""),
            attributed_fn="probability",
            logprob=True,
            show_progress=False,
        )
    scores = output.sequence_attributions[0].target_attributions  # (tokens, targets, hidden)
    prompt_tokens = scores[: len(target.prompt_ids)].double().sum(-1)
    return by_feature(subject, prompt_tokens.T.numpy())


def by_feature(subject: Subject, values: FloatArray) -> FloatArray:
    """Sum scores of prompt tokens (targets, tokens) into features (targets, features)."""
    spans = np.array(subject.model.tokens.spans(subject.prompt.text))
    columns = [
        values[:, (spans[:, 0] < end) & (spans[:, 1] > start)].sum(axis=1)
        for start, end in subject.prompt.features
    ]
    return np.stack(columns, axis=1)
