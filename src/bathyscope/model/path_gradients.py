"""Gradients along a path from a baseline to the input, and their integral."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.model.device import exact_float
from bathyscope.model.gradients import TokenGradients, Wanted, derived, embedded, values_at
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.prefix_tree import Ids

# Activations are kept for the way back: about 1.5 MB for each token of the embedded model.
_TOKENS_PER_BATCH = 512
# Tokens of the vocabulary whose embeddings are held at once.
_TOKENS_PER_MEAN = 8192


@dataclass(frozen=True)
class PathIntegrand:
    """Gradients along a straight path from a baseline (0) to the input (1).

    Attributes:
        model: The model.
        start: Embeddings at the baseline, (tokens, hidden_size).
        end: Those of the input, likewise.
        wanted: What is derived.
        of: A name in `VALUES_OF`.
        advance: Called after each backward pass.
    """

    model: LanguageModel
    start: Tensor
    end: Tensor
    wanted: Sequence[Wanted]
    of: str
    advance: Callable[[], None]

    def products(self, points: FloatArray) -> FloatArray:
        """Return gradient · difference of each token, (wanted, points, tokens).

        Points go through the model as rows of a batch, as many as fit 512 tokens, so that memory
        does not grow with their number.

        Args:
            points: Where on the path, from 0 to 1.
        """
        rows = _rows_at_once(len(self.start))
        parts = [points[first : first + rows] for first in range(0, len(points), rows)]
        return np.concatenate([self._products(part) for part in parts], axis=1)

    def _products(self, points: FloatArray) -> FloatArray:
        where = torch.tensor(points, device=self.start.device).to(self.start)[:, None, None]
        difference = self.end - self.start
        _, found = derived(
            self.model,
            self.start + where * difference,
            self.wanted,
            self.of,
            lambda gradients: (gradients * difference).sum(-1),
            self.advance,
        )
        return found

    def integral(self, steps: int) -> TokenGradients:
        """Return the integral over the path by the midpoint rule, and the values at both ends."""
        total = self.products((np.arange(steps) + 0.5) / steps).sum(1)
        return TokenGradients(total / steps, *self.ends())

    def ends(self) -> tuple[FloatArray, FloatArray]:
        """Return what is derived at the input, and at the baseline, each (wanted,)."""
        with torch.no_grad():
            at_end, at_start = (
                values_at(self.model, point[None], self.wanted, self.of)[:, 0]
                for point in (self.end, self.start)
            )
        return at_end, at_start


def path_integrand(
    model: LanguageModel,
    ids: Ids,
    wanted: Sequence[Wanted],
    of: str,
    moved: Sequence[bool],
    baseline: str,
    advance: Callable[[], None],
) -> PathIntegrand:
    """Return what is integrated along the path from a baseline to the input.

    Args:
        model: The model.
        ids: Tokens of the input.
        wanted: What is derived.
        of: A name in `VALUES_OF`.
        moved: For each token whether it moves; the others keep their embedding and get 0.
        baseline: Where it begins: "zero", "mean" (of all embeddings) or "pad".
        advance: Called after each backward pass, of which each batch of points has one per wanted
            value.
    """
    end = embedded(model, ids)
    flags = torch.tensor(moved, device=end.device)[:, None]
    start = torch.where(flags, _baseline(model, baseline).to(end), end)
    return PathIntegrand(model, start, end, wanted, of, advance)


def num_batches(num_tokens: int, steps: int) -> int:
    """Return how many forward passes a path of so many steps takes."""
    return -(-steps // _rows_at_once(num_tokens))


def _rows_at_once(num_tokens: int) -> int:
    return max(1, _TOKENS_PER_BATCH // num_tokens)


def _baseline(model: LanguageModel, name: str) -> Tensor:
    """Return the embedding at which a path begins, shape (hidden_size,)."""
    if name == "pad":
        id = model.tokens.tokenizer.pad_token_id
        if id is None:
            raise InputError(
                "The tokenizer has no padding token, so a path cannot begin at its embedding; "
                "let it begin at zero or mean."
            )
        return embedded(model, (id,))[0]
    size = len(model.head.embed_tokens.weight)  # type: ignore[arg-type]
    if name == "zero":
        return torch.zeros_like(embedded(model, (0,))[0])
    exact = exact_float(model.model.device)
    total = torch.zeros_like(embedded(model, (0,))[0], dtype=exact)
    for first in range(0, size, _TOKENS_PER_MEAN):
        ids = tuple(range(first, min(first + _TOKENS_PER_MEAN, size)))
        total += embedded(model, ids).sum(0, dtype=exact)
    return total / size
