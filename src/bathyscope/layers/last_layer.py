"""Layers compared with the last one, exactly, in blocks of bounded size.

A block is some rows of states, of whatever layers and tokens, through one matrix product with the
unembedding; then each row of logits is worked on while it lies in a core's cache.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from bathyscope.layers.kernels.fastest import fastest_rows
from bathyscope.layers.kernels.torch_rows import Rows
from bathyscope.layers.kernels.workers import Workers
from bathyscope.layers.statistics.statistic import Cells, LayerStatistic, computed
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.device import exact_float, fitting
from bathyscope.model.logits import as_float
from bathyscope.model.scores import Scores
from bathyscope.model.scoring import brought_over, read, read_standing

ROWS_PER_BLOCK = 240
"""About this many rows go through the unembedding at once: fewer waste the matrix product."""

# On an accelerator so many, where memory allows; more do not make the product faster.
_MOST_ROWS_PER_BLOCK = 8192
# Statistics hold a few arrays of the vocabulary's width for each row: so many rows, and more on a
# device with the memory for it, where each array of them is a launch.
_ROWS_OF_DETAILS, _ARRAYS_OF_DETAILS = 64, 6

Scored = tuple[Tensor, Tensor]
"""What `read` and `read_standing` give of some tokens, still on their device."""


@dataclass(frozen=True)
class Details:
    """Details of some cells.

    Attributes:
        statistics: Of each layer statistic by name, float64, shape (cells,).
        top_ids: The most probable tokens, int64, shape (cells, k).
        top_probabilities: Their probabilities, float64, same shape.
    """

    statistics: dict[str, Tensor]
    top_ids: Tensor
    top_probabilities: Tensor

    @classmethod
    def room_for(
        cls, cells: int, statistics: Sequence[LayerStatistic], top_k: int, device: torch.device
    ) -> "Details":
        """Return arrays that wait for their numbers."""

        def real(*shape: int) -> Tensor:
            return torch.empty(*shape, dtype=exact_float(device), device=device)

        return cls(
            statistics={statistic.name: real(cells) for statistic in statistics},
            top_ids=torch.empty(cells, top_k, dtype=torch.int64, device=device),
            top_probabilities=real(cells, top_k),
        )


class Written(NamedTuple):
    """Tokens of a text at a few positions, with their states, for statistics that ask for them.

    Attributes:
        emitted: Token ids, shape (tokens,).
        states: The residual stream as the layers leave it, (num_layers − 1, tokens, hidden_size).
        last_states: The same of the last layer, (tokens, hidden_size).
    """

    emitted: Tensor
    states: Tensor
    last_states: Tensor


class LastLayer:
    """The model's own predictions for a few tokens.

    Attributes:
        probabilities: q, shape (tokens, vocab_size), at least the smallest normal number, so that
            the logarithm of a sum with it always exists.
        entropy: H(q) in nats, float64, shape (tokens,).
        scored: What is read there of the tokens that stand in the text, part by part, for
            `scores_of`; empty where not asked for.
    """

    def __init__(
        self,
        anatomy: Anatomy,
        logits: Tensor,
        rows: Rows,
        workers: Workers,
        emitted: Tensor | None = None,
    ) -> None:
        """Take the last layer's logits as projected, (tokens, vocab_size), and the text's ids."""
        exact = exact_float(logits.device)
        self.entropy = torch.empty(len(logits), dtype=exact, device=logits.device)
        self.probabilities = as_float(logits[:0]).new_empty(logits.shape)
        scored: dict[int, Scored] = {}

        def fill(part: slice) -> None:
            x = anatomy.rescale(logits[part])
            if emitted is not None:
                full, ids = as_float(x), emitted[part]
                total = full.logsumexp(-1)
                scored[part.start] = read(full, total, ids), read_standing(full, total, ids)
            rows.predictions(x, self.probabilities[part], self.entropy[part])

        workers.each(len(logits), fill, rows.at_once)
        self.scored = [scored[start] for start in sorted(scored)]


def scores_of(parts: Sequence[Scored]) -> Scores:
    """Return how tokens stand among the model's own predictions; waits for the device, once."""
    readings, standings = zip(*parts, strict=True)
    scores, standing = brought_over(readings, standings)
    return replace(scores, standing=standing)


class Columns(NamedTuple):
    """All layers of a few tokens, compared.

    Attributes:
        bits: Divergences, float64 (layers, tokens).
        details: What else was asked for, cells in the same order.
        last_logits: The model's own logits before rescaling, (tokens, vocab_size), until the next
            comparison.
        scored: What is read of the text's tokens among the model's own predictions; empty where the
            text was not named.
    """

    bits: Tensor
    details: Details | None
    last_logits: Tensor
    scored: list[Scored]


class LastLayerComparison:
    """Compares states with the last layer; keeps its memory and its threads between blocks."""

    def __init__(
        self,
        anatomy: Anatomy,
        statistics: Sequence[LayerStatistic] = (),
        top_k: int = 0,
        *,
        wide: bool = False,
    ) -> None:
        """Prepare.

        Args:
            anatomy: The parts of the model.
            statistics: What else is asked of each cell.
            top_k: How many of the most probable tokens to report.
            wide: Whether rows come as float32 also to weights in half precision; see `Lens`.
        """
        self.anatomy = anatomy
        self.statistics = tuple(statistics)
        self.top_k = top_k
        self.wide = wide
        self.workers = Workers(anatomy.device)
        self._way: Rows | None = None
        self._logits: Tensor | None = None

    @torch.inference_mode()
    def columns(self, rows: Tensor, final: Tensor, written: Written | None = None) -> Columns:
        """Compare all layers of a few tokens.

        Args:
            rows: States as a lens leaves them, shape (layers, tokens, hidden_size).
            final: Normed states of the last layer, (tokens, hidden_size).
            written: What stands in the text: its scores, and what else was asked for, are computed
                where it is given.
        """
        layers, tokens, width = rows.shape
        logits = self.project(torch.cat([rows.reshape(-1, width), final]))
        last = self._last(logits[-tokens:], None if written is None else written.emitted)
        index = torch.arange(tokens, device=rows.device).repeat(layers)
        details = None
        if written is not None and (self.statistics or self.top_k):
            details = self._details(logits, index, last, written)
        bits = self._from_logits(logits, index, last).view(layers, tokens)
        return Columns(bits, details, logits[-tokens:], last.scored)

    @torch.inference_mode()
    def details(self, rows: Tensor, final: Tensor, written: Written) -> Details:
        """Return what else was asked for of all layers of a few tokens, without divergences.

        Arguments as of `columns`; cells are in the same order.
        """
        layers, tokens, width = rows.shape
        logits = self.project(torch.cat([rows.reshape(-1, width), final]))
        index = torch.arange(tokens, device=rows.device).repeat(layers)
        return self._details(logits, index, self._last(logits[-tokens:], None), written)

    @torch.inference_mode()
    def cells(self, states: Tensor, index: Tensor, last: LastLayer) -> Tensor:
        """Compare single cells.

        Args:
            states: States as a lens leaves them, shape (cells, hidden_size).
            index: Which of the last layer's tokens each belongs to, (cells,).
            last: The last layer.

        Returns:
            Bits, float64 (cells,).
        """
        return self._from_logits(self.project(states), index, last)

    def last_layer(self, final: Tensor, emitted: Tensor | None = None) -> LastLayer:
        """Return the model's own predictions from its last normed states (tokens, hidden_size).

        Args:
            final: The states.
            emitted: Token ids that stand in the text, (tokens,); None leaves out their scores.
        """
        return self._last(self.project(final), emitted)

    def project(self, states: Tensor) -> Tensor:
        """Return logits before rescaling; they may be overwritten by the next call."""
        with torch.inference_mode():
            if self.anatomy.linear_head is None:
                return self.anatomy.project(states)
            states, kept = self.anatomy.taken(states), self._logits
            if kept is None or len(kept) < len(states) or kept.dtype != states.dtype:
                width = len(self.anatomy.lm_head.weight)  # type: ignore[arg-type]
                self._logits = states.new_empty(len(states), width)
            return self.anatomy.project(states, self._logits)

    @property
    def rows_per_block(self) -> int:
        """How many rows are best projected at once, so that their logits fit."""
        weight = next(self.anatomy.lm_head.parameters())
        bytes_each = len(weight) * max(weight.element_size(), 4 if self.wide else 1)
        return fitting(bytes_each, self.anatomy.device, ROWS_PER_BLOCK, _MOST_ROWS_PER_BLOCK)

    def release(self) -> None:
        """Give the memory for logits back until they are needed again."""
        self._logits = None

    def _last(self, logits: Tensor, emitted: Tensor | None) -> LastLayer:
        return LastLayer(self.anatomy, logits, self._rows(logits), self.workers, emitted)

    def _rows(self, logits: Tensor) -> Rows:
        """Return the way through rows of logits; the head decides of their type, not its weight."""
        if self._way is None:
            self._way = fastest_rows(logits.dtype, logits.device)
        return self._way

    def _from_logits(self, logits: Tensor, index: Tensor, last: LastLayer) -> Tensor:
        """Return divergences in bits of logits (cells, vocab_size), which are consumed."""
        bits = torch.empty(len(index), dtype=exact_float(logits.device), device=logits.device)
        rows = self._rows(logits)

        def compare(part: slice) -> None:
            x = self.anatomy.rescale(logits[part])
            q, entropy = last.probabilities, last.entropy
            rows.divergences(x, index[part], q, entropy, bits[part])

        self.workers.each(len(index), compare, rows.at_once)
        return bits

    def _details(self, logits: Tensor, index: Tensor, last: LastLayer, written: Written) -> Details:
        """Return what else is said of cells, from their logits (cells, vocab_size)."""
        details = Details.room_for(len(index), self.statistics, self.top_k, logits.device)
        states = written.states.reshape(len(index), -1)
        each = 4 * _ARRAYS_OF_DETAILS * logits.shape[1]
        most = fitting(each, logits.device, _ROWS_OF_DETAILS, _MOST_ROWS_PER_BLOCK)

        def read(part: slice) -> None:
            token = index[part]
            cells = Cells(
                log_probs=as_float(self.anatomy.rescale(logits[part])).log_softmax(-1),
                last_probs=last.probabilities[token],
                last_entropy=last.entropy[token],
                emitted=written.emitted[token],
                states=states[part],
                last_states=written.last_states[token],
            )
            for statistic in self.statistics:
                details.statistics[statistic.name][part] = computed(statistic, cells)
            if self.top_k:
                top = cells.log_probs.topk(self.top_k)
                details.top_ids[part] = top.indices
                details.top_probabilities[part] = top.values.exp()

        at_once = self._rows(logits).at_once
        self.workers.each(len(index), read, min(at_once, most))
        return details
