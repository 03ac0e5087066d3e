"""Continuations of many prompts: the texts given, or those that the model writes together."""

from collections.abc import Mapping

from bathyscope.core.progress import Progress
from bathyscope.core.several import Several
from bathyscope.model.scorer import Scorer, written
from bathyscope.model.tokens import Continuation
from bathyscope.model.whole import language_model

PROMPTS_AT_ONCE = 64
"""Prompts whose answers are written before the first of them is looked into."""


def continuations_of(
    model: Scorer,
    prompts: Mapping[int, str],
    texts: Mapping[int, str | None],
    max_new_tokens: int,
    several: Several,
    progress: Progress,
) -> dict[int, Continuation]:
    """Return prompts and what follows them, by index; what cannot be answered is left out.

    Args:
        model: The model.
        prompts: Texts by index.
        texts: What follows them; None where the model is to write it.
        max_new_tokens: Longest answer that it writes.
        several: Where failures go.
        progress: Told of new tokens.
    """
    found: dict[int, Continuation] = {}
    unwritten: list[int] = []
    whole = language_model(model)
    for index, prompt in prompts.items():
        with several.answering(index):
            text = texts[index]
            if text is not None:
                found[index] = model.tokens.continuation(prompt, text)
            elif whole is None:
                found[index] = written(model, prompt, max_new_tokens, progress)
            else:
                whole.require_continuable(prompt, max_new_tokens)
                unwritten.append(index)
    if unwritten and whole is not None:
        given = [prompts[index] for index in unwritten]
        for own, continuation in whole.generate_many(given, max_new_tokens, progress):
            found[unwritten[own]] = continuation
    return {index: found[index] for index in sorted(found)}
