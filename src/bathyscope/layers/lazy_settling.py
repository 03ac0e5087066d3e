"""Settling depths without the map: most cells are decided by a bound, the others computed.

A token's settling depth asks of each layer in turn only whether the divergence is at most g. The
bound of `bounds` says "more than g" for most cells that come before the answer; what it leaves open
is computed exactly, the first open layer of each token first, until one is at most g or none is
left. The depths are those of the map.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bathyscope.layers.bounds import lower_bound, margin
from bathyscope.layers.last_layer import LastLayer, LastLayerComparison, Scored, scores_of
from bathyscope.layers.lenses.lens import Lens, blocks_of, read_states
from bathyscope.model.anatomy import Anatomy
from bathyscope.model.device import bytes_allowed, fitting
from bathyscope.model.logits import as_float
from bathyscope.model.products import linear
from bathyscope.model.scores import Scores

# Tokens of q that the bound looks at: all from this probability up. Lower leaves fewer cells open
# and costs more; from 1e-4 to 5e-4 the time hardly differed.
_LEAST_PROBABILITY = 2e-4
# Their columns are copied for a few positions at a time, so many bytes: below what the C library
# would ask the system for anew each time.
_BYTES_AT_ONCE, _POSITIONS_AT_ONCE = 16 << 20, 16
_BYTES_ON_DEVICE, _POSITIONS_ON_DEVICE = 512 << 20, 4096
_TOKENS_AT_ONCE = 128  # as many as the pieces in which a processor reads a text
# While fewer tokens than this are undecided, each tries several layers at once: a matrix product of
# few rows costs as much as one of these. A device reads all of the unembedding for either, and is
# waited for after each round, so that there each round also tries twice as many as the last.
_ROWS_PER_ROUND, _ROWS_ON_DEVICE = 64, 512
# Columns for the partial sum: what each layer says most at a few first positions.
_PILOTS, _COLUMNS = 2, 128


class SettledDepths(NamedTuple):
    """The settling depths of a text.

    Attributes:
        depths: Layers 1..num_layers, shape (tokens,).
        computed: Share of the map's cells that had to be computed, 0..1.
        scores: How each token of the text stands among the model's own predictions.
    """

    depths: NDArray[np.int64]
    computed: float
    scores: Scores


def settled_depths(
    anatomy: Anatomy,
    pieces: Iterable[list[Tensor]],
    lens: Lens,
    threshold: float,
    emitted: Sequence[int],
) -> SettledDepths:
    """Return the settling depths of a text.

    Args:
        anatomy: The parts of the model.
        pieces: As for `depth_map`.
        lens: How intermediate layers are read.
        threshold: g, in bits.
        emitted: The token that stands at each position, (all tokens).
    """
    settler = Settler(anatomy, threshold, wide=lens.wide)
    ids = torch.tensor(emitted, device=anatomy.device)
    depths: list[Tensor] = []
    done = 0
    for states in pieces:
        for block in blocks_of(states, settler.tokens_at_once):
            rows, final = read_states(anatomy, lens, *block)
            depths.append(settler.depths(rows, final, ids[done : done + len(final)]))
            done += len(final)
    computed = settler.computed / settler.cells
    return SettledDepths(torch.cat(depths).numpy(), computed, scores_of(settler.scored))


class Settler:
    """Finds settling depths, piece by piece.

    Attributes:
        cells: How many cells there were so far.
        computed: How many of them had to be computed.
        scored: What is read of the tokens of the text, piece after piece, where it was named.
    """

    def __init__(self, anatomy: Anatomy, threshold: float, *, wide: bool = False) -> None:
        """Prepare for a model, a threshold g in bits, and states as of `LastLayerComparison`."""
        self.anatomy, self.threshold = anatomy, threshold
        self.cells = self.computed = 0
        self.scored: list[Scored] = []
        self._comparison = LastLayerComparison(anatomy, wide=wide)
        self._columns: Tensor | None = None  # (layers, columns): token ids
        self._is_column: Tensor | None = None  # (layers, vocab_size)

    @property
    def tokens_at_once(self) -> int:
        """How many tokens are best settled together, so that the last layer's predictions fit."""
        weight = next(self.anatomy.lm_head.parameters())
        # Logits, q and the logits in float32 from which the text's own tokens are scored.
        bytes_each = len(weight) * (weight.element_size() + 8)
        return fitting(bytes_each, self.anatomy.device, _TOKENS_AT_ONCE, _POSITIONS_ON_DEVICE)

    @torch.inference_mode()
    def depths(self, rows: Tensor, final: Tensor, emitted: Tensor | None = None) -> Tensor:
        """Return the settling depths of some tokens.

        Args:
            rows: States as a lens leaves them, shape (num_layers − 1, tokens, hidden_size).
            final: Normed states of the last layer, (tokens, hidden_size).
            emitted: Token ids that stand in the text, (tokens,); None leaves out their scores.

        Returns:
            Layers 1..num_layers, int64 (tokens,), on the CPU.
        """
        # As wide as the other layers, as in a map: then they are rounded alike.
        last = self._comparison.last_layer(final.to(rows.dtype), emitted)
        self.scored += last.scored
        possible = self._possible(rows, last).cpu()
        num_layers, each, (few, faster) = len(rows) + 1, 1, _rounds(self.anatomy.device)
        settled = torch.full((len(final),), num_layers)
        undecided = torch.arange(len(final))
        while len(undecided := undecided[possible[:, undecided].any(0)]):
            layer, token = cells = _first_possible(possible, undecided, each, few)
            each *= faster
            values = self._cells(rows, torch.stack(cells).to(rows.device), last).cpu()
            self.computed += len(values)
            possible[layer, token] = False
            hit = values <= self.threshold
            found = torch.full_like(settled, num_layers)
            found.scatter_reduce_(0, token[hit], layer[hit] + 1, "amin")
            settled = torch.minimum(settled, found)
            undecided = undecided[settled[undecided] == num_layers]
        self.cells += rows.shape[0] * rows.shape[1]
        return settled

    def _cells(self, rows: Tensor, where: Tensor, last: LastLayer) -> Tensor:
        """Return divergences in bits at layers and tokens, (2, cells), block by block."""
        blocks = torch.split(where, self._comparison.rows_per_block, dim=1)
        return torch.cat(
            [self._comparison.cells(rows[layer, token], token, last) for layer, token in blocks]
        )

    def _possible(self, rows: Tensor, last: LastLayer) -> Tensor:
        """Return for which cells the bound leaves "at most g" possible, (layers, tokens)."""
        possible = torch.ones(rows.shape[:2], dtype=torch.bool, device=rows.device)
        if self.anatomy.linear_head is None:  # its columns cannot be had one by one
            return possible
        partial, scale = self._partial_sums(rows)
        assert self._is_column is not None
        for tokens, ids, q in _likely(last.probabilities, rows.shape[-1] * rows.element_size()):
            own = self._own_logits(rows[:, tokens], ids)
            # A column that the partial sum has already counts once; so does a place left empty.
            counted = self._is_column[:, ids] | (q == 0)
            total = torch.logaddexp(
                partial[:, tokens], own.masked_fill(counted, -torch.inf).logsumexp(-1)
            )
            rounding = margin(torch.maximum(scale[:, tokens], own.abs().amax(-1)), rows.dtype)
            possible[:, tokens] = lower_bound(own, q, total) <= self.threshold + rounding
        return possible

    def _partial_sums(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return ln Σ exp over each layer's columns, and their largest size, (layers, tokens)."""
        columns = self._columns if self._columns is not None else self._choose_columns(rows)
        logits = torch.stack(
            [self._logits(layer, ids) for layer, ids in zip(rows, columns, strict=True)]
        )
        return logits.logsumexp(-1), logits.abs().amax(-1)

    def _choose_columns(self, rows: Tensor) -> Tensor:
        """Choose tokens that each layer gives much to; a poor choice costs time, never truth."""
        step = max(1, rows.shape[1] // _PILOTS)
        pilots = rows[:, step // 2 :: step][:, :_PILOTS]
        logits = self._comparison.project(pilots.reshape(-1, rows.shape[-1]))
        chosen = []
        for layer in logits.view(*pilots.shape[:2], -1):
            mean = as_float(self.anatomy.rescale(layer)).softmax(-1).mean(0)
            chosen.append(mean.topk(min(_COLUMNS, len(mean))).indices)
        self._columns = torch.stack(chosen)
        vocab_size = len(self.anatomy.lm_head.weight)  # type: ignore[arg-type]
        self._is_column = torch.zeros(
            len(rows), vocab_size, dtype=torch.bool, device=rows.device
        ).scatter_(1, self._columns, True)
        return self._columns

    def _logits(self, states: Tensor, ids: Tensor) -> Tensor:
        """Return the logits of some tokens, (rows, ids), from states (rows, hidden)."""
        head = self.anatomy.linear_head
        assert head is not None
        bias = None if head.bias is None else head.bias[ids].to(states.dtype)
        logits = linear(states, head.weight[ids].to(states.dtype), bias)
        return as_float(self.anatomy.rescale(logits))

    def _own_logits(self, rows: Tensor, ids: Tensor) -> Tensor:
        """Return each position's logits of tokens of its own.

        Args:
            rows: Shape (layers, positions, hidden).
            ids: Shape (positions, ids).

        Returns:
            Shape (layers, positions, ids).
        """
        head = self.anatomy.linear_head
        assert head is not None
        weight = head.weight[ids].to(rows.dtype)
        logits = torch.bmm(rows.transpose(0, 1), weight.transpose(1, 2))
        if head.bias is not None:
            logits += head.bias[ids][:, None]
        return as_float(self.anatomy.rescale(logits.transpose(0, 1)))


def _positions(device: torch.device, bytes_each: int) -> int:
    """Return at how many positions the columns of likely tokens are copied together."""
    allowed = bytes_allowed(device)
    if allowed is None:
        return max(1, min(_POSITIONS_AT_ONCE, _BYTES_AT_ONCE // bytes_each))
    return max(1, min(_POSITIONS_ON_DEVICE, min(_BYTES_ON_DEVICE, allowed) // bytes_each))


def _likely(q: Tensor, bytes_each: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield the tokens that matter in q, for a few positions at a time that have about as many.

    Args:
        q: Shape (positions, vocab_size).
        bytes_each: What the caller will hold for each token of each position.

    Yields:
        Positions (n,), ids of the likely tokens (n, ids) and their q; where a position has fewer,
        its last places name any token and give its q as 0.
    """
    likely = q >= _LEAST_PROBABILITY
    row, id = likely.nonzero().T
    counts = likely.sum(-1)
    place = torch.arange(len(row), device=q.device) - (counts.cumsum(0) - counts)[row]
    sizes, order = counts.clamp(min=1).sort(descending=True)
    most, start = sizes.tolist(), 0
    ids = torch.zeros(len(q), most[0], dtype=torch.int64, device=q.device)
    share = torch.zeros(ids.shape, dtype=q.dtype, device=q.device)
    ids[row, place], share[row, place] = id, q[row, id]
    while start < len(order):
        positions = order[start : start + _positions(q.device, most[start] * bytes_each)]
        yield positions, ids[positions, : most[start]], share[positions, : most[start]]
        start += len(positions)


def _rounds(device: torch.device) -> tuple[int, int]:
    """Return how few cells a round has where there are more, and how rounds grow from the first."""
    return (_ROWS_PER_ROUND, 1) if device.type == "cpu" else (_ROWS_ON_DEVICE, 2)


def _first_possible(
    possible: Tensor, undecided: Tensor, each: int, few: int
) -> tuple[Tensor, Tensor]:
    """Return layers and tokens of the first open cells, so many of each token, or up to `few`."""
    open_cells = possible[:, undecided]
    chosen = open_cells & (open_cells.cumsum(0) <= max(each, few // len(undecided)))
    layer, column = chosen.nonzero().T
    return layer, undecided[column]
