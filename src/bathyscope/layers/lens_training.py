"""Training a tuned lens: each layer's translator learns to say what the last layer says.

The loss of a layer is KL(q ‖ p): q the model's own output, p what is read off the layer, as in
Belrose et al. 2023 (arXiv 2303.08112). Layers do not share anything, so theirs is one sum. As in
the authors' code the translator is added to the state, so that it begins as the lens `norm`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypedDict, Unpack

import numpy as np
import torch
from torch import Tensor

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.progress import Progress, standard
from bathyscope.core.settings import Settings, unrecorded
from bathyscope.core.versions import version_of
from bathyscope.layers.last_layer import LastLayerComparison, Written
from bathyscope.layers.lenses.fitted import describe_model
from bathyscope.layers.lenses.lens import Lens, blocks_of, read_states
from bathyscope.layers.lenses.norm import NormLens
from bathyscope.layers.lenses.tuned import KIND, TunedLens, translated
from bathyscope.layers.statistics.kl_from_last import KlFromLast
from bathyscope.layers.training_text import Split, split
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.logits import as_float
from bathyscope.model.tokens import Continuation
from bathyscope.model.whole import LAYERS, whole_model

# Rows of logits that a gradient is taken through at once; five arrays of their size are held.
_ROWS = 192
# More held-out tokens than this tell no more, and take longer than the training.
_MOST_HELD_OUT = 512


class LensTrainingOverrides(TypedDict, total=False):
    """Fields of `LensTraining` as keywords."""

    steps: int
    positions: int
    sequence_length: int
    learning_rate: float
    held_out: float
    seed: int
    progress: Progress


@dataclass(frozen=True)
class LensTraining(Settings):
    """Settings of a lens's training.

    Attributes:
        steps: Steps of the optimiser; each sees one sequence of the text.
        positions: Tokens of the sequence, drawn anew each time, that a step learns from.
        sequence_length: Tokens that the text is cut into.
        learning_rate: At the first step; it falls to 0 in a line.
        held_out: Share of every text, its end, that is kept for judging the lens.
        seed: Of the order of sequences and the choice of tokens.
        progress: Told of the steps.
    """

    steps: int = 250
    positions: int = 64
    sequence_length: int = 256
    learning_rate: float = 1e-3
    held_out: float = 0.1
    seed: int = 0
    progress: Progress = unrecorded(default=standard)

    def __post_init__(self) -> None:
        """Raise InputError for what can be seen to be wrong without a model."""
        if self.steps < 1:
            raise InputError(f"Training takes 1 step or more, not {self.steps} (--steps).")
        if self.positions < 1:
            raise InputError(f"A step learns from 1 token or more, not {self.positions}.")
        if self.sequence_length < 2:
            raise InputError(
                f"A sequence has 2 tokens or more, not {self.sequence_length} (--sequence-length)."
            )
        if not 0 < self.learning_rate <= 1:
            raise InputError(
                f"The learning rate lies above 0 and up to 1, not {self.learning_rate:g} "
                "(--learning-rate)."
            )
        if not 0 < self.held_out < 1:
            raise InputError(
                f"The share held out lies between 0 and 1, not {self.held_out:g} (--held-out)."
            )


@keywords_checked
def train_lens(
    model: LanguageModel,
    texts: Sequence[str],
    *,
    settings: LensTraining | None = None,
    **overrides: Unpack[LensTrainingOverrides],
) -> TunedLens:
    """Train a tuned lens for a model; the same seed, text and machine give the same bits.

    Held at a time: the states of one sequence, a block of logits, and the translators with two
    moments of the optimiser; never anything of size layers × tokens × vocabulary.

    Args:
        model: A loaded model.
        texts: What it reads; the more like what the lens is for, the better.
        settings: How it is trained; None takes the defaults.
        **overrides: Fields of the settings to replace.

    Returns:
        The lens; `about` says what it was trained on, and in "held_out" the mean KL(q ‖ p) of each
        layer on text it never saw, in bits, under the lens `norm` and under this one.

    Raises:
        InputError: The model has a single layer, the text is too short, or the loss is not finite.
    """
    chosen = LensTraining.chosen(settings, overrides)
    progress = chosen.progress
    whole_model(model, "A lens", LAYERS)
    if model.num_layers < 2:
        raise InputError("The model has one layer only, so there is no depth to look into.")
    text = split(model, texts, chosen.sequence_length, chosen.held_out)
    judged = text.held_out[: max(1, _MOST_HELD_OUT // chosen.sequence_length)]
    weight, bias = _trained(model, text, chosen, progress)
    dtype = model.model.dtype
    lens = TunedLens(weight.to(dtype), bias.to(dtype), {})
    before, after = held_out_losses(model, (NormLens(), lens), judged, progress)
    about = {
        **describe_model(KIND, model),
        "training": _record(texts, text, chosen),
        "held_out": {
            "tokens": sum(len(ids) - 1 for ids in judged),
            "kl_from_last": {"norm": before.tolist(), "tuned": after.tolist()},
        },
    }
    return TunedLens(weight, bias, about)


def held_out_losses(
    model: LanguageModel,
    lenses: Sequence[Lens],
    sequences: Sequence[tuple[int, ...]],
    progress: Progress = standard,
) -> FloatArray:
    """Return the mean KL(q ‖ p) of each layer over all tokens, in bits.

    Lenses are judged side by side, on one pass of the model, and of all that a map holds nothing
    but this is computed: what remains is the product of every layer with the unembedding.

    Returns:
        Shape (lenses, num_layers − 1).
    """
    comparison, total = LastLayerComparison(model.anatomy, (KlFromLast(),)), []
    for done, ids in enumerate(sequences):
        progress("judge the lens", done, len(sequences))
        states = model.hidden_states(Continuation(ids[:1], ids[1:], None))
        size = max(1, comparison.rows_per_block // len(states))
        for block in blocks_of(states, size):
            total.append([_losses(comparison, lens, *block) for lens in lenses])
    progress("judge the lens", len(sequences), len(sequences))
    mean: FloatArray = np.sum(total, axis=0) / sum(len(ids) - 1 for ids in sequences)
    return mean


def _losses(
    comparison: LastLayerComparison, lens: Lens, states: Tensor, last: Tensor
) -> FloatArray:
    """Return the sum of KL(q ‖ p) of each layer over a few tokens, bits, (num_layers − 1,)."""
    rows, final = read_states(comparison.anatomy, lens, states, last)
    nothing = torch.zeros(len(last), dtype=torch.long, device=last.device)  # is said of the text
    found = comparison.details(rows, final, Written(nothing, states, last)).statistics
    sums: FloatArray = found[KlFromLast.name].view(len(states), -1).sum(1).cpu().double().numpy()
    return sums


def _record(texts: Sequence[str], text: Split, settings: LensTraining) -> dict[str, Any]:
    """Return what was trained on, and how."""
    return {
        **settings.to_document(),
        "texts_sha256": [sha256(one.encode("utf-8")).hexdigest() for one in texts],
        "tokens": sum(map(len, text.training)),
        "threads": torch.get_num_threads(),
        "versions": {package: version_of(package) for package in ("bathyscope", "torch")},
    }


def _trained(
    model: LanguageModel, text: Split, settings: LensTraining, progress: Progress
) -> tuple[Tensor, Tensor]:
    """Return weight and bias of all translators, in float32 or the model's wider type."""
    layers, width = model.num_layers - 1, model.hidden_size
    kind = {
        "dtype": torch.promote_types(model.model.dtype, torch.float32),
        "device": model.model.device,
    }
    weight, bias = torch.zeros(layers, width, width, **kind), torch.zeros(layers, width, **kind)
    optimizer = torch.optim.Adam([weight, bias], lr=settings.learning_rate)
    decay = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / settings.steps)
    draw = torch.Generator().manual_seed(settings.seed)
    stage = "train the lens"
    for step, ids in zip(range(settings.steps), _endless(text.training, draw), strict=False):
        progress(stage, step, settings.steps)
        states = model.hidden_states(Continuation(ids[:1], ids[1:], None))
        chosen = torch.randperm(len(ids) - 1, generator=draw)[: settings.positions]
        few = torch.stack([layer[chosen.to(layer.device)] for layer in states])
        loss, weight.grad, bias.grad = gradients(model.anatomy, few, weight, bias)
        if not math.isfinite(loss):
            raise InputError(
                f"The loss is not a finite number at step {step + 1}; try another --dtype or a "
                f"smaller --learning-rate than {settings.learning_rate:g}."
            )
        optimizer.step()
        decay.step()
    progress(stage, settings.steps, settings.steps)
    return weight, bias


def _endless(
    sequences: Sequence[tuple[int, ...]], draw: torch.Generator
) -> Iterator[tuple[int, ...]]:
    """Yield all sequences in a new order each time round."""
    while True:
        for index in torch.randperm(len(sequences), generator=draw).tolist():
            yield sequences[index]


def gradients(
    anatomy: Anatomy, states: Tensor, weight: Tensor, bias: Tensor
) -> tuple[float, Tensor, Tensor]:
    """Return the loss and its gradients.

    Args:
        anatomy: The parts of the model.
        states: The residual stream after every layer, (num_layers, tokens, hidden_size).
        weight: A, shape (num_layers − 1, hidden_size, hidden_size).
        bias: b, shape (num_layers − 1, hidden_size).

    Returns:
        Sum over the layers of the mean over the tokens of KL(q ‖ p) in nats; its gradients, of the
        shapes of weight and bias.
    """
    *_, tokens, _ = states.shape
    with torch.no_grad():
        log_q = as_float(anatomy.unembedded(anatomy.normed(states[-1]))).log_softmax(-1)
        q = log_q.exp()
        entropy = float(-(log_q.mul_(q)).sum() / tokens)
        del log_q
    size = max(1, _ROWS // tokens)
    loss, found = 0.0, []
    for start in range(0, len(weight), size):
        part = slice(start, min(start + size, len(weight)))
        own = [each[part].detach().requires_grad_() for each in (weight, bias)]
        crossed = _cross_entropy(anatomy, states[part], own[0], own[1], q) / tokens
        found.append(torch.autograd.grad(crossed, own))
        loss += float(crossed.detach()) - (part.stop - part.start) * entropy
    by_weight, by_bias = zip(*found, strict=True)
    return loss, torch.cat(by_weight), torch.cat(by_bias)


def _cross_entropy(
    anatomy: Anatomy, states: Tensor, weight: Tensor, bias: Tensor, q: Tensor
) -> Tensor:
    """Return −Σ q ln p over some layers and all tokens, nats."""
    read = anatomy.normed(translated(states.to(weight.dtype), weight, bias).to(states.dtype))
    log_p = as_float(anatomy.unembedded(read)).log_softmax(-1)
    return -(log_p * q).sum()
