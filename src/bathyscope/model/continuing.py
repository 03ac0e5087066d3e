"""Texts to be continued on one cache, in a model that was seen to do so rightly."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch

from bathyscope.core.errors import InputError, ModelError
from bathyscope.model.anatomy import logits_of
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.sequences import Sequences
from bathyscope.model.sharing import longest_shareable, only_rounding

# Lengths of the prompts that are tried: one for texts of the same length, three for padded ones.
_ALIKE, _PADDED = (11, 11), (17, 3, 24)
_STEPS = 3
_LONGEST = 32

_CHANGES: WeakKeyDictionary[LanguageModel, dict[tuple[int, ...], float | None]] = (
    WeakKeyDictionary()
)


def begun(model: LanguageModel, prompts: Sequence[Ids], stop: str = "") -> Sequences:
    """Return sequences that continue some prompts; arguments as of `Sequences`.

    A model may read positions or masks in ways of its own, so it is tried once, on a few tokens:
    what it predicts on the cache must be what it predicts of the whole text in one piece.

    Raises:
        InputError: The model mistakes padding for text, and the prompts need it.
        ModelError: It does not go on from a cache as it reads a text in one piece.
    """
    name = type(model.model).__name__
    sequences = Sequences(model, prompts, stop)
    change = _change(model, _ALIKE)
    if change is not None:
        raise ModelError(
            f"{name} does not go on from its cache as it reads the whole text (its logits change "
            f"by {change:.2g}), which streaming and Think@n need; let `bathyscope depth` write or "
            "read the answer whole."
        )
    if len(set(map(len, prompts))) > 1 and (change := _change(model, _PADDED)) is not None:
        raise InputError(
            f"{name} takes padding for text (its logits change by {change:.2g} where prompts of "
            "unequal length go on together); give it one prompt at a time."
        )
    return sequences


def _change(model: LanguageModel, lengths: tuple[int, ...]) -> float | None:
    """Return by how much logits change on the cache; None where rounding explains it."""
    known = _CHANGES.setdefault(model, {})
    if lengths not in known:
        known[lengths] = _tried(model, lengths)
    return known[lengths]


def _tried(model: LanguageModel, lengths: tuple[int, ...]) -> float | None:
    vocab_size = model.model.get_input_embeddings().weight.shape[0]
    limits = (model.context_length, longest_shareable(model.model))
    scale = min([_LONGEST, *(limit for limit in limits if limit is not None)]) / _LONGEST
    prompts = [
        tuple((7919 * (i + 1) + 104729 * kind) % vocab_size for i in range(max(1, int(n * scale))))
        for kind, n in enumerate(lengths)
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
