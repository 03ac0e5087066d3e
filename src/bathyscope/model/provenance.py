"""Provenance: a continuation, and a record of where the numbers come from."""

import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bathyscope.core.errors import InputError
from bathyscope.core.progress import Progress
from bathyscope.core.versions import version_of
from bathyscope.model.scorer import Scorer, written
from bathyscope.model.tokens import Continuation
from bathyscope.model.whole import language_model
from bathyscope.prompt import Prompt, notes_of, text_of

MAX_NEW_TOKENS = 64

_FUNCTION = "function "


def require_text(text: object, name: str) -> None:
    """Raise InputError where a text is given and empty, or what is given is no text."""
    if not isinstance(text, str | None):
        raise InputError(
            f"The {name} is a text, not a {type(text).__name__}; give a str, or leave it out to "
            "generate one."
        )
    if text == "":
        raise InputError(f"The {name} is empty; give a text, or leave it out to generate one.")


def continuation_of(
    model: Scorer, prompt: str, text: str | None, max_new_tokens: int, progress: Progress
) -> Continuation:
    """Return a prompt and what follows it: the text given, or what the model writes."""
    if text is None:
        return written(model, prompt, max_new_tokens, progress)
    return model.tokens.continuation(prompt, text)


def provenance_of(
    model: Scorer, prompt: str | Prompt, continuation: Continuation
) -> dict[str, Any]:
    """Return what is needed to ask the same question again, as plain JSON values.

    `given` is the continuation as it was given, None where the model wrote it; `target` is what
    its tokens say, which may begin within the prompt.
    """
    return {
        **question_of(model, prompt),
        "target": model.tokens.spelled(continuation.target_ids),
        "target_ids": list(continuation.target_ids),
        "given": continuation.text,
        "generated": continuation.text is None,
        "seed": None,
    }


def question_of(model: Scorer, prompt: str | Prompt) -> dict[str, Any]:
    """Return the model, the prompt with its notes, and what numbers depend on beside them."""
    notes = notes_of(prompt)
    return {
        "model": dict(model.provenance),
        "tokenizer": model.tokens.name,
        "prompt": text_of(prompt),
        **({"prompt_notes": list(notes)} if notes else {}),
        **_surroundings(model),
    }


def _surroundings(model: Scorer) -> dict[str, Any]:
    """Return what a model's numbers depend on beside itself; of another's model what is known."""
    packages, threads = ["bathyscope", "numpy"], {}
    if language_model(model) is not None:
        import torch

        packages += ["torch", "transformers", "tokenizers"]
        threads = {"threads": torch.get_num_threads()}
    return threads | {
        "versions": {"python": platform.python_version()} | {p: version_of(p) for p in packages}
    }


def prompt_of(provenance: Mapping[str, Any]) -> Prompt:
    """Return the prompt as the model read it, a chat template included, and its features.

    Raises:
        KeyError, TypeError, ValueError: The provenance does not say.
    """
    features = tuple((start, end) for start, end in provenance["features"])
    names = tuple(map(str, provenance.get("feature_names", ())))
    return replace(
        text_prompt_of(provenance),
        features=features,
        segmenter=provenance["segmenter"],
        names=names,
    )


def named(prompt: Prompt) -> dict[str, list[str]]:
    """Return what a record says of the names of features: nothing where their texts are theirs."""
    return {"feature_names": list(prompt.names)} if prompt.names else {}


def text_prompt_of(provenance: Mapping[str, Any]) -> Prompt:
    """Return the prompt without features; the errors are those of `prompt_of`."""
    return Prompt(provenance["prompt"], notes=tuple(provenance.get("prompt_notes", ())))


def recorded(baseline: str | Callable[..., str]) -> str:
    """Return what a record says of a baseline: the text itself, or that it was a function."""
    if isinstance(baseline, str):
        return baseline
    return f"{_FUNCTION}{getattr(baseline, '__qualname__', type(baseline).__name__)}"


def was_a_function(baseline: str) -> bool:
    """Tell whether a record names a function as baseline, which no file keeps."""
    return baseline.startswith(_FUNCTION)


def source_of(model: Mapping[str, Any]) -> str | None:
    """Return what `load` was given for a model, by its provenance: None for the embedded one.

    Raises:
        InputError: The model had been in memory, so nothing says where it is.
    """
    if "source" not in model:
        raise InputError(
            "The run's model was not loaded by bathyscope, so the run does not say where it "
            "is; name it with --model."
        )
    source: str | None = model["source"]
    return source


def dtype_of(model: Mapping[str, Any]) -> str:
    """Return what `load` was given for a model's type of weights, by its provenance."""
    return str(model.get("weights") or model.get("dtype") or "float32")


def require_same_model(made_by: Mapping[str, Any], model: Scorer) -> None:
    """Raise InputError where a model is not the one that provenance names."""
    for key, what in (("sha256", "weights with SHA-256"), ("revision", "revision")):
        stored = made_by.get(key)
        if stored is not None and model.provenance.get(key) != stored:
            raise InputError(
                f"The run was made by {made_by.get('name')} with {what} {stored[:12]}…, but "
                f"the model that was loaded has {str(model.provenance.get(key))[:12]}…; name "
                "the original with --model."
            )


@contextmanager
def on_threads(count: int | None) -> Iterator[None]:
    """Compute on so many threads: sums are rounded otherwise on another number of them.

    None, of a model that says nothing of threads, leaves them as they are.
    """
    if count is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
