"""A chain asked for again, from what its record says."""

from collections.abc import Callable, Mapping
from typing import Any

from bathyscope.core.progress import Progress
from bathyscope.model.provenance import prompt_of
from bathyscope.model.scorer import Scorer
from bathyscope.model.whole import LAYERS, whole_model
from bathyscope.reasoning.chain import chain
from bathyscope.reasoning.settings import ChainSettings
from bathyscope.runs.base import Run


def chain_again(asked: Mapping[str, Any]) -> Callable[[Scorer, Progress], Run]:
    """Return the question of a chain, as something to ask a model again.

    Raises:
        KeyError, TypeError, ValueError: The record does not say.
    """
    parts, response = prompt_of(asked), asked["given"]
    # The prompt is kept as the model read it, so it is in its chat template already.
    settings = ChainSettings.from_document(asked["chain"]).as_read()

    def question(model: Scorer, progress: Progress) -> Run:
        whole = whole_model(model, "A chain", LAYERS)
        return chain(whole, parts, response, settings=settings, progress=progress)

    return question
