"""Keys and values of computed edges, and the cache that a pass over the next edges reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

KeyValues = list[tuple[Tensor, Tensor]]

_MORE = 64  # positions by which full arrays grow at a time


@dataclass(frozen=True, eq=False)
class Branch:
    """Past of an edge: what attention needs of the tokens up to its end.

    Attributes:
        layers: For each layer the keys and values of this edge alone, (heads, tokens, size).
        parent: The branch this one grows from, or None at the root.
        length: Tokens from the root to the end of the edge.
    """

    layers: KeyValues
    parent: "Branch | None"
    length: int

    def segments(self) -> list["Branch"]:
        """Return the branches from the root to this one."""
        found: list[Branch] = []
        branch: Branch | None = self
        while branch is not None:
            found.append(branch)
            branch = branch.parent
        return found[::-1]


class BranchCache(DynamicCache):
    """The cache of a batch of edges: each row has the past of its own branch, padded in front."""

    def __init__(self, pasts: Sequence[Branch | None], num_new: int) -> None:
        """Lay out the pasts of a batch.

        Args:
            pasts: For each row the branch it continues, or None where it begins at the root; one
                at least is a branch.
            num_new: Positions for which there will be room behind; more are made when needed.
        """
        super().__init__()
        segments = [[] if past is None else past.segments() for past in pasts]
        num_layers = max(len(row[0].layers) for row in segments if row)
        self.layers = [
            _BranchLayer(
                [[s.layers[layer] for s in row] for row in segments], longest(pasts), num_new
            )
            for layer in range(num_layers)
        ]


class _BranchLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """One layer, in arrays that have room for new positions already.

    Attributes:
        length: Positions that are filled, those padded in front among them.
    """

    keys: Tensor
    values: Tensor

    def __init__(self, rows: list[KeyValues], length: int, num_new: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.length = length
        example_keys, example_values = next(row[0] for row in rows if row)
        self.dtype, self.device = example_keys.dtype, example_keys.device
        self.keys = self._room(example_keys, len(rows), length + num_new)
        self.values = self._room(example_values, len(rows), length + num_new)
        for row, segments in enumerate(rows):
            end = length
            for keys, values in reversed(segments):
                begin = end - keys.shape[1]
                self.keys[row, :, begin:end] = keys
                self.values[row, :, begin:end] = values
                end = begin
        self.is_initialized = True

    @staticmethod
    def _room(like: Tensor, rows: int, positions: int) -> Tensor:
        heads, _, size = like.shape
        # Zeros, because what lies before a short past is masked, and 0 · NaN would not be 0.
        return like.new_zeros(rows, heads, positions, size)

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        begin, self.length = self.length, self.length + key_states.shape[-2]
        if self.length > self.keys.shape[-2]:
            self.keys, self.values = (
                functional.pad(full, (0, 0, 0, key_states.shape[-2] + _MORE))
                for full in (self.keys, self.values)
            )
        self.keys[:, :, begin : self.length] = key_states
        self.values[:, :, begin : self.length] = value_states
        return self.keys[:, :, : self.length], self.values[:, :, : self.length]

    def get_seq_length(self) -> int:
        return self.length


def grown(cache: Any, row: int, begin: int, count: int, parent: Branch | None) -> Branch:
    """Return the branch that a pass has grown in one row of its cache.

    Args:
        cache: The cache after the pass.
        row: Row of the batch.
        begin: First new position.
        count: New positions that are no padding.
        parent: The branch it grew from.
    """
    end = begin + count
    layers = [
        (layer.keys[row, :, begin:end].clone(), layer.values[row, :, begin:end].clone())
        for layer in cache.layers
    ]
    return Branch(layers, parent, count + (0 if parent is None else parent.length))


def longest(pasts: Sequence[Branch | None]) -> int:
    """Return the most tokens that any of some pasts has; None has none."""
    return max(0 if past is None else past.length for past in pasts)


def lengths_of(pasts: Sequence[Branch | None], device: Any) -> Tensor:
    """Return the tokens that each of some pasts has, int64 (pasts,)."""
    return torch.tensor([0 if past is None else past.length for past in pasts], device=device)


def visible(lengths: Tensor, longest: int, num_new: int) -> Tensor:
    """Return the attention mask of a batch: 0 in front of a short past, 1 elsewhere.

    Args:
        lengths: Tokens of each row's past, (rows,).
        longest: Positions that the pasts take up, each at their end.
        num_new: Positions behind them.
    """
    columns = torch.arange(longest + num_new, device=lengths.device)
    return (columns >= (longest - lengths)[:, None]).long()
