"""Texts to be continued on one cache, in a model that was seen to do so rightly."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from bathyscope.core.errors import ModelError
from bathyscope.model.logits import logits_of, shared_vocabulary
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.room import Room, bytes_per_batch
from bathyscope.model.sequences import Pasts, Sequences, Speaker, of_equal_length
from bathyscope.model.sharing import longest_shareable, only_rounding

# Tokens of the prompts that are tried: of one length, and joined of several.
_EQUAL, _UNEQUAL = (11, 11), (11, 4, 1, 9)
_STEPS = 3


class Continuable(Speaker, Protocol):
    """Part of a `LanguageModel` that is asked before texts are written together."""

    @property
    def why_not_shared(self) -> str | None:
        """Why prefixes are not shared in this model; None where they are."""

    @property
    def context_length(self) -> int | None:
        """The most tokens the model takes; None where there is no limit."""


class Together(NamedTuple):
    """Prompts that may be continued as one batch.

    Attributes:
        indices: Which.
        joined: Whether they are of unequal length, or share beginnings, and are to be joined.
    """

    indices: list[int]
    joined: bool


_Trial = tuple[bool, bool]
_CHANGES: WeakKeyDictionary[Continuable, dict[_Trial, float | None]] = WeakKeyDictionary()


def begun(
    model: Continuable,
    prompts: Sequence[Ids],
    stop: str = "",
    *,
    joined: bool = False,
    look: bool = True,
    pasts: Pasts | None = None,
) -> Sequences:
    """Return sequences that continue some prompts; arguments as of `Sequences`.

    A model may read positions or masks in ways of its own, so it is tried once, on a few tokens:
    what it predicts on the cache must be what it predicts of the whole text in one piece.

    Raises:
        ModelError: It does not go on from a cache as it reads a text in one piece.
    """
    name = type(model.model).__name__
    sequences = Sequences(model, prompts, stop, joined=joined, look=look, pasts=pasts)
    change = _change(model, joined=joined, look=look)
    if change is not None:
        raise ModelError(
            f"{name} does not go on from its cache as it reads the whole text (its logits change "
            f"by {change:.2g}), which streaming, Think@n and resampling need; let `bathyscope "
            "depth` write or read the answer whole, or a chain by deletion."
        )
    return sequences


def batches(
    model: Continuable, prompts: Sequence[Ids], num_new: int, *, look: bool = True
) -> list[Together]:
    """Return which prompts are written on together, in batches bounded by bytes.

    Unequal prompts are joined where that was seen to change nothing; elsewhere, and where a text
    may outgrow the length up to which beginnings are the same whatever follows, those of one
    length go together. Long prompts come first within what is joined, so that little is padded.

    Args:
        model: The model.
        prompts: Token ids of each.
        num_new: Most tokens that will be written of each.
        look: As of `Sequences`.
    """
    limit = longest_shareable(model.model)
    fits = [limit is None or len(prompt) + num_new <= limit for prompt in prompts]
    joined = [i for i, fit in enumerate(fits) if fit]
    if len(joined) < 2 or not joinable(model, look=look):
        joined = []
    alone = [i for i in range(len(prompts)) if i not in set(joined)]
    groups = [Together(sorted(joined, key=lambda i: -len(prompts[i])), True)] if joined else []
    for group in of_equal_length([prompts[i] for i in alone]):
        groups.append(Together([alone[i] for i in group], False))
    room, most = Room.of(model.model), bytes_per_batch(model.model.device)
    lengths = [len(prompt) for prompt in prompts]
    return [
        Together(part, group.joined)
        for group in groups
        for part in room.divided(group.indices, lengths, num_new, most)
    ]


def joinable(model: Continuable, *, look: bool = True) -> bool:
    """Tell whether prompts of unequal length may be written on as one batch in this model."""
    return model.why_not_shared is None and _change(model, joined=True, look=look) is None


def continuable(model: Continuable, *, look: bool = True) -> bool:
    """Tell whether prompts of one length may be written on as one batch in this model."""
    return _change(model, joined=False, look=look) is None


def _change(model: Continuable, *, joined: bool, look: bool) -> float | None:
    """Return by how much logits change on the cache; None where rounding explains it."""
    known = _CHANGES.setdefault(model, {})
    for trial in ((joined, True), (joined, look)):  # one that also looked into layers will do
        if trial in known:
            return known[trial]
    known[joined, look] = _tried(model, joined=joined, look=look)
    return known[joined, look]


def _tried(model: Continuable, *, joined: bool, look: bool) -> float | None:
    vocab_size = shared_vocabulary(model.model)
    limits = (model.context_length, longest_shareable(model.model))
    most = max(1, min([max(_EQUAL), *(limit - _STEPS for limit in limits if limit is not None)]))
    prompts = [
        tuple((7919 * (i + 1) + 104729 * kind) % vocab_size for i in range(min(most, count)))
        for kind, count in enumerate(_UNEQUAL if joined else _EQUAL)
    ]
    sequences, largest = Sequences(model, prompts, joined=joined, look=look), 1.0
    changes: list[Tensor] = []
    for step in range(_STEPS):
        if step:
            sequences.advance()
        on_cache = [*sequences.states, sequences.logits()]
        for row, index in enumerate(sequences.running):
            whole = _whole(model, prompts[index] + tuple(sequences.token_ids[index]), look=look)
            for ours, theirs in zip(on_cache, whole, strict=True):
                size = max(1.0, float(theirs.abs().max()))
                changes.append((ours[row] - theirs[0]).cpu().double() / size)
            largest = max(largest, float(whole[-1].abs().max()))
        sequences.choose(lambda logits, _: logits.argmin(-1))
    change = torch.cat(changes)
    return None if only_rounding(change, model.model.dtype) else float(change.abs().max()) * largest


def _whole(model: Continuable, ids: Ids, *, look: bool) -> list[Tensor]:
    """Return states and logits at the end of a text that is read in one piece."""
    input_ids = torch.tensor([ids], device=model.model.device)
    if not look:
        return [logits_of(model.model, input_ids)[:, -1]]
    with model.anatomy.recording_last() as states:
        logits = logits_of(model.model, input_ids)[:, -1]
    return [*states, logits]
