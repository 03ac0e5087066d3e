"""What both questions begin with: a continuation, and a record of where the numbers come from."""

import platform
from importlib.metadata import version
from typing import Any

from bathyscope.errors import InputError
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokens import Continuation
from bathyscope.progress import Progress

MAX_NEW_TOKENS = 64


def require_text(text: str | None, name: str) -> None:
    """Raise InputError where a text is given and empty."""
    if text == "":
        raise InputError(f"The {name} is empty; give a text, or leave it out to generate one.")


def continuation_of(
    model: LanguageModel, prompt: str, text: str | None, max_new_tokens: int, progress: Progress
) -> Continuation:
    """Return a prompt and what follows it: the text given, or what the model writes."""
    if text is None:
        return model.generate(prompt, max_new_tokens, progress)
    return model.tokens.continuation(prompt, text)


def provenance_of(model: LanguageModel, prompt: str, continuation: Continuation) -> dict[str, Any]:
    """Return what is needed to ask the same question again, as plain JSON values."""
    import torch

    packages = ("bathyscope", "torch", "transformers", "tokenizers", "numpy")
    return {
        "model": model.provenance,
        "tokenizer": type(model.tokens.tokenizer).__name__,
        "prompt": prompt,
        "target": model.tokens.decode(continuation.target_ids),
        "target_ids": list(continuation.target_ids),
        "generated": continuation.text is None,
        "seed": None,
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in packages},
    }
