"""Texts to be continued on one cache, in a model that was seen to do so rightly."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch

from bathyscope.core.errors import ModelError
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.logits import logits_of, shared_vocabulary
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.sequences import Sequences
from bathyscope.model.sharing import longest_shareable, only_rounding

# Length and number of the prompts that are tried.
_TOKENS, _PROMPTS = 11, 2
_STEPS = 3
_CHANGES: WeakKeyDictionary[LanguageModel, float | None] = WeakKeyDictionary()


def begun(model: LanguageModel, prompts: Sequence[Ids], stop: str = "") -> Sequences:
    """Return sequences that continue some prompts; arguments as of `Sequences`.

    A model may read positions or masks in ways of its own, so it is tried once, on a few tokens:
    what it predicts on the cache must be what it predicts of the whole text in one piece.

    Raises:
        ModelError: It does not go on from a cache as it reads a text in one piece.
    """
    name = type(model.model).__name__
    sequences = Sequences(model, prompts, stop)
    change = _change(model)
    if change is not None:
        raise ModelError(
            f"{name} does not go on from its cache as it reads the whole text (its logits change "
            f"by {change:.2g}), which streaming and Think@n need; let `bathyscope depth` write or "
            "read the answer whole."
        )
    return sequences


def _change(model: LanguageModel) -> float | None:
    """Return by how much logits change on the cache; None where rounding explains it."""
    if model not in _CHANGES:
        _CHANGES[model] = _tried(model)
    return _CHANGES[model]


def _tried(model: LanguageModel) -> float | None:
    vocab_size = shared_vocabulary(model.model)
    limits = (model.context_length, longest_shareable(model.model))
    count = min([_TOKENS, *(limit - _STEPS for limit in limits if limit is not None)])
    prompts = [
        tuple((7919 * (i + 1) + 104729 * kind) % vocab_size for i in range(max(1, count)))
        for kind in range(_PROMPTS)
    ]
    sequences, changes, largest = Sequences(model, prompts), [], 1.0
    for step in range(_STEPS):
        if step:
            sequences.advance()
        on_cache = [*sequences.states, sequences.logits()]
        for row, index in enumerate(sequences.running):
            ids = prompts[index] + tuple(sequences.token_ids[index])
            input_ids = torch.tensor([ids], device=on_cache[-1].device)
            with model.anatomy.recording_last() as states:
                logits = logits_of(model.model, input_ids)[:, -1]
            for ours, theirs in zip(on_cache, [*states, logits], strict=True):
                size = max(1.0, float(theirs.abs().max()))
                changes.append((ours[row] - theirs[0]).double().cpu() / size)
            largest = max(largest, float(logits.abs().max()))
        sequences.choose(lambda logits, _: logits.argmin(-1))
    change = torch.cat(changes)
    return None if only_rounding(change, model.model.dtype) else float(change.abs().max()) * largest
