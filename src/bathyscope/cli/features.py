"""From PROMPT and --features to a prompt with features."""

import warnings
from typing import TYPE_CHECKING

from bathyscope.prompt import Prompt
from bathyscope.prompt.segmenters import MARKED, TOKENS, require_known

if TYPE_CHECKING:
    from bathyscope.model.language_model import LanguageModel


def choose_features(source: str, name: str) -> Prompt | None:
    """Return the prompt with its features, or None where only the model's tokenizer knows them.

    Raises:
        InputError: The name is unknown, nothing is found, or a mark is wrong.
    """
    marked = Prompt.marked(source)
    require_known(name)
    if name != MARKED and marked.features:
        warnings.warn(
            f"{_counted(len(marked.features))} not used: the features are {name}; write \\[[ where "
            "[[ is meant literally.",
            stacklevel=2,
        )
    return None if name == TOKENS else Prompt.segmented(source, name)


def _counted(marks: int) -> str:
    return "1 marked part is" if marks == 1 else f"{marks} marked parts are"


def tokens_as_features(source: str, model: "LanguageModel") -> Prompt:
    """Return the prompt with the model's own tokens as features."""
    return Prompt.segmented(source, TOKENS, model.tokens.spans)
