"""Whole models: scorers that can also be looked into, told from those that cannot. No torch."""

import sys
from typing import TYPE_CHECKING

from bathyscope.core.errors import InputError
from bathyscope.model.scorer import Scorer, require_scorer

if TYPE_CHECKING:
    from bathyscope.model.language_model import LanguageModel

GRADIENTS = "gradients at the model's embeddings"
LAYERS = "the model's layers"
"""What some questions need beyond scores."""


def language_model(model: Scorer) -> "LanguageModel | None":
    """Return a scorer that is a whole transformers model as what it is; None of any other."""
    home = sys.modules.get("bathyscope.model.language_model")  # else there is none of its class
    return model if home is not None and isinstance(model, home.LanguageModel) else None


def whole_model(model: Scorer, what: str, why: str) -> "LanguageModel":
    """Return a scorer as a whole transformers model.

    Args:
        model: What was given.
        what: What is asked of it, at the beginning of a sentence.
        why: What that needs beyond scores, `GRADIENTS` or `LAYERS`.

    Raises:
        InputError: It is none.
    """
    require_scorer(model)
    whole = language_model(model)
    if whole is None:
        raise InputError(
            f"{what} needs {why}, which {type(model).__name__} does not give: it only says how "
            "probable a text is; load the model with bathyscope.load."
        )
    return whole
