"""From PROMPT and --features to a prompt with features."""

from typing import TYPE_CHECKING

from bathyscope.prompt import Prompt
from bathyscope.prompt.segmenters import TOKENS, require_known

if TYPE_CHECKING:
    from bathyscope.model.language_model import LanguageModel


def choose_features(source: str, name: str) -> Prompt | None:
    """Return the prompt with its features, or None where only the model's tokenizer knows them.

    Raises:
        InputError: The name is unknown, nothing is found, or a mark is wrong.
    """
    Prompt.marked(source)  # what is wrong with its marks is said before anything is loaded
    require_known(name)
    return None if name == TOKENS else Prompt.segmented(source, name)


def tokens_as_features(source: str, model: "LanguageModel") -> Prompt:
    """Return the prompt with the model's own tokens as features."""
    return Prompt.segmented(source, TOKENS, model.tokens.spans)
