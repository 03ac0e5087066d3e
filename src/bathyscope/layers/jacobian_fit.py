"""Fits of Jacobian lenses: ways back through the model, passage after passage, and their mean.

For a passage of T tokens, valid positions V = {16 … T − 2}, counted from 0:
J[i, j] = (1/|V|) Σ_{t∈V} Σ_{t'∈V} ∂h_L[t', i] / ∂h_l[t, j], h_L the last layer's output before the
final norm, h_l that of layer l. The lens is the plain mean over the passages of 18 tokens or more
("Verbalizable representations form a global workspace", 2026, as its reference code has it).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import torch

from bathyscope.core.errors import InputError
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.progress import Progress
from bathyscope.core.versions import version_of
from bathyscope.layers.jacobian_kept import Kept
from bathyscope.layers.jacobian_mean import HalfMean, mean_of, relative_error
from bathyscope.layers.jacobian_settings import (
    FIRST,
    LEAST_TOKENS,
    JacobianFit,
    JacobianFitOverrides,
)
from bathyscope.layers.lenses.fitted import describe_model
from bathyscope.layers.lenses.jacobian import KIND, JacobianLens, sizes_of
from bathyscope.layers.training_text import passages
from bathyscope.model.beginning import beginning
from bathyscope.model.jacobians import PassageJacobian
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids
from bathyscope.model.whole import LAYERS, whole_model

_STAGE = "fit the lens"


@keywords_checked
def fit_jacobian_lens(
    model: LanguageModel,
    texts: Sequence[str],
    *,
    settings: JacobianFit | None = None,
    keep: str | Path | None = None,
    save: Callable[[JacobianLens], object] | None = None,
    **overrides: Unpack[JacobianFitOverrides],
) -> JacobianLens:
    """Fit a Jacobian lens to a model; the same seed, text and number of passages, the same lens.

    Held at a time: the sums of two halves of the passages, each as large as the lens, and the
    activations of one passage in as many copies as go back at once.

    Args:
        model: A loaded model; its weights are read only.
        texts: What it reads; general text, the more passages the better.
        settings: How it is fitted; None takes the defaults.
        keep: A file in which the sums are kept every minute and when interrupted, to go on from
            with the same settings and texts; it is removed at the end. None keeps nothing.
        save: Called with the lens before that file is removed; it stays where this fails.
        **overrides: Fields of the settings to replace.

    Returns:
        The lens; `about` says what it was fitted on, and in "error" the standard error of each
        layer's matrix by its size, from two halves of the passages.

    Raises:
        InputError: The model has a single layer, the text is too short, not one passage was done
            in the time, or the kept file is of another fit, or of one that is running.
        ModelError: The layers pass no gradient on.
    """
    chosen = JacobianFit.chosen(settings, overrides)
    whole_model(model, "A lens", LAYERS)
    if model.num_layers < 2:
        raise InputError("The model has one layer only, so there is no depth to look into.")
    chosen = replace(chosen, directions=chosen.directions_of(model.hidden_size))
    work = _Work.of(model, texts, chosen)
    halves = _halves(model, chosen)
    with Kept(None if keep is None else Path(keep), model, work.document(chosen)) as kept:
        kept.resume(halves)
        _require_further(halves, work, keep)
        with kept.written_after(KeyboardInterrupt, halves):
            _go_through(model, work, halves, chosen, kept)
            lens = _lens(model, texts, work, halves, chosen)
        with kept.written_after(BaseException, halves):
            if save is not None:
                save(lens)
        kept.remove()
    return lens


class _Work(NamedTuple):
    """The passages: two halves, of different texts where there are several."""

    halves: tuple[list[Ids], list[Ids]]
    wanted: int | None

    @classmethod
    def of(cls, model: LanguageModel, texts: Sequence[str], settings: JacobianFit) -> "_Work":
        cut = [passages(model, text, settings.sequence_length, settings.begin) for text in texts]
        end = 1 if settings.first_only else None
        found = [[ids for ids in own[:end] if len(ids) >= LEAST_TOKENS] for own in cut]
        if not any(found):
            raise InputError(
                f"No text has the {LEAST_TOKENS} tokens that a passage needs: the longest has "
                f"{max((len(ids) for own in cut for ids in own), default=0)}; give more text."
            )
        halves = _divided(found)
        there = len(halves[0]) + len(halves[1])
        if settings.estimator == "exact":
            return cls(halves, min(settings.passages or there, there))
        # Each half that has passages asks for every row, or the error would not be known.
        width = model.hidden_size
        rounds = (2 if all(halves) else 1) * -(-width // settings.directions_of(width))
        return cls(halves, settings.passages or (None if settings.minutes else max(there, rounds)))

    def document(self, settings: JacobianFit) -> dict[str, Any]:
        """Return what a fit that goes on has to have in common with the one that was begun."""
        ids = sha256(repr(self.halves).encode()).hexdigest()
        asked = settings.to_document()
        del asked["passages"]  # a fit may go on further than was first asked
        return {**asked, "first_position": FIRST, "passages_sha256": ids}

    def in_order(self, seed: int) -> Iterator[tuple[int, Ids]]:
        """Yield passages with their half, all of them in a new order each time round."""
        draw = torch.Generator().manual_seed(seed)
        while True:
            places: list[tuple[float, int, Ids]] = []
            for number, half in enumerate(self.halves):
                order = torch.randperm(len(half), generator=draw).tolist()
                places += [
                    ((place + 0.5) / len(half), number, half[index])
                    for place, index in enumerate(order)
                ]
            yield from ((number, ids) for _, number, ids in sorted(places))


def _divided(texts: Sequence[list[Ids]]) -> tuple[list[Ids], list[Ids]]:
    """Return two halves of about the same size: whole texts; of a single one, its two ends."""
    filled = [text for text in texts if text]
    if len(filled) == 1:
        middle = (len(filled[0]) + 1) // 2
        return filled[0][:middle], filled[0][middle:]
    halves: tuple[list[Ids], list[Ids]] = ([], [])
    for text in sorted(filled, key=len, reverse=True):
        min(halves, key=len).extend(text)
    return halves


def _halves(model: LanguageModel, settings: JacobianFit) -> list[HalfMean]:
    width = model.hidden_size
    dtype = torch.promote_types(model.model.dtype, torch.float32)
    count = settings.directions if settings.estimator == "random" else None
    return [
        HalfMean(
            torch.zeros(model.num_layers - 1, width, width, dtype=dtype, device=model.model.device),
            count,
            settings.seed,
            half,
        )
        for half in range(2)
    ]


def _require_further(halves: list[HalfMean], work: _Work, keep: str | Path | None) -> None:
    """Raise InputError where more was kept than is asked for: passages cannot be taken back."""
    done = sum(half.passages for half in halves)
    if work.wanted is not None and done > work.wanted:
        raise InputError(
            f"{keep} holds a fit that has read {done} passages, more than {work.wanted} "
            "(--passages); ask for as many or more, or remove that file to begin anew."
        )


def _go_through(
    model: LanguageModel, work: _Work, halves: list[HalfMean], settings: JacobianFit, kept: Kept
) -> None:
    done = sum(half.passages for half in halves)
    clock = _Clock(settings.minutes, done)
    for number, (half, ids) in enumerate(work.in_order(settings.seed)):
        if number < done:
            continue
        if number == work.wanted or (clock.is_up and clock.passages):
            return
        halves[half].learn(halves[1 - half])
        if not _one_passage(model, ids, halves[half], clock, settings.progress, work.wanted):
            return
        clock.passages += 1
        kept.write_now_and_then(halves)


class _Clock:
    """The time that is left; before one passage is done there is no end of it."""

    def __init__(self, minutes: float | None, passages: int) -> None:
        self.passages = passages
        self._end = None if minutes is None else time.monotonic() + 60 * minutes

    @property
    def is_up(self) -> bool:
        """Whether no time is left."""
        return self._end is not None and time.monotonic() >= self._end


def _one_passage(
    model: LanguageModel,
    ids: Ids,
    half: HalfMean,
    clock: _Clock,
    progress: Progress,
    wanted: int | None,
) -> bool:
    """Add a passage to its half; return False where the time is up before it is done.

    Raises:
        InputError: The time is up, and not one passage is done.
    """
    asked = torch.nn.functional.one_hot(half.next_rows(), half.width).float().to(model.model.device)
    count = len(asked)
    jacobian = PassageJacobian(model, ids, FIRST, count)
    found = []
    for start in range(0, count, jacobian.copies):
        before = clock.passages * count + start
        progress(_STAGE, before, None if wanted is None else wanted * count)
        if clock.is_up:
            if clock.passages == 0:
                raise InputError(
                    f"Not one passage was done in the time: {start} of {count} ways back through "
                    "the model were; give more --minutes, a smaller --sequence-length, or random "
                    "--directions."
                )
            return False
        found.append(jacobian.products(asked[start : start + jacobian.copies]))
    products = torch.cat(found, dim=1)
    if not products.isfinite().all():
        raise InputError(
            f"A Jacobian of passage {clock.passages + 1} is not finite; try another --dtype."
        )
    half.add(products)
    return True


def _lens(
    model: LanguageModel,
    texts: Sequence[str],
    work: _Work,
    halves: list[HalfMean],
    settings: JacobianFit,
) -> JacobianLens:
    """Return the lens of the passages so far."""
    matrices = mean_of(halves)
    counts = [half.passages for half in halves]
    about = {
        **describe_model(KIND, model),
        "fit": {
            **replace(settings, passages=sum(counts)).to_document(),
            "first_position": FIRST,
            "begins_with": list(beginning(model, settings.begin)),
            "texts_sha256": [sha256(text.encode("utf-8")).hexdigest() for text in texts],
            "passages_in_text": sum(map(len, work.halves)),
            "threads": torch.get_num_threads(),
            "versions": {package: version_of(package) for package in ("bathyscope", "torch")},
        },
        "error": {"passages": counts, "relative": relative_error(halves)},
        **sizes_of(matrices),
    }
    return JacobianLens(matrices, about).with_sample(model, work.halves[0][0])
