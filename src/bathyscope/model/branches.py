"""Keys and values of computed edges, and the cache on which texts go on from them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

KeyValues = list[tuple[Tensor, Tensor]]

_MORE = 64  # positions by which full arrays grow at a time


@dataclass(frozen=True, eq=False)
class Page:
    """Keys and values of all tokens that go on from one pass, in one place.

    Attributes:
        layers: For each layer keys and values, (heads, tokens, size).
    """

    layers: KeyValues


@dataclass(frozen=True, eq=False)
class Branch:
    """Past of an edge: what attention needs of the tokens up to its end.

    Attributes:
        page: Where the keys and values of this edge's own tokens lie, one behind the other.
        first: Place of the first of them there.
        parent: The branch this one grows from, or None at the root.
        length: Tokens from the root to the end of the edge.
    """

    page: Page
    first: int
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

    def cut(self, length: int) -> "Branch":
        """Return the past up to a token that lies within this edge."""
        return replace(self, length=length)

    @property
    def begin(self) -> int:
        """Tokens from the root to the begin of the edge."""
        return 0 if self.parent is None else self.parent.length


class BranchCache(DynamicCache):
    """The cache of texts that go on token by token, each from its branch, padded in front."""

    def __init__(self, pasts: Sequence[Branch | None], num_new: int) -> None:
        """Lay out the pasts of a batch.

        Args:
            pasts: For each row the branch it continues, or None where it begins at the root; one
                at least is a branch.
            num_new: Positions for which there will be room behind; more are made when needed.
        """
        super().__init__()
        pages, places = laid_out(pasts, num_new)
        device = pages[0].layers[0][0].device
        index = torch.from_numpy(places.reshape(-1)).to(device)
        self.layers = [
            _BranchLayer([page.layers[layer] for page in pages], index, len(pasts), num_new)
            for layer in range(len(pages[0].layers))
        ]


def laid_out(pasts: Sequence[Branch | None], num_new: int) -> tuple[list[Page], NDArray[np.int64]]:
    """Return the pages that some pasts lie in, and where in them, joined, each position is read.

    Place 0 is nobody's: it stands for padding in front, and for the new positions behind.
    """
    offsets: dict[Page, int] = {}
    total, end = 1, longest(pasts)
    places = np.zeros((len(pasts), end + num_new), dtype=np.int64)
    for row, past in enumerate(pasts):
        if past is None:
            continue
        for segment in past.segments():
            if segment.page not in offsets:
                offsets[segment.page] = total
                total += segment.page.layers[0][0].shape[1]
            begin, count = end - past.length + segment.begin, segment.length - segment.begin
            first = offsets[segment.page] + segment.first
            places[row, begin : begin + count] = range(first, first + count)
    return list(offsets), places


class _BranchLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """One layer, in arrays that have room for new positions already.

    Attributes:
        length: Positions that are filled, those padded in front among them.
    """

    keys: Tensor
    values: Tensor

    def __init__(self, pages: KeyValues, index: Tensor, rows: int, num_new: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        keys, values = zip(*pages, strict=True)
        self.dtype, self.device = keys[0].dtype, keys[0].device
        self.keys, self.values = (gathered(given, index, rows) for given in (keys, values))
        self.length = self.keys.shape[-2] - num_new
        self.is_initialized = True

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


def gathered(pages: Sequence[Tensor], index: Tensor, rows: int) -> Tensor:
    """Return what lies at places of the pages joined, (rows, heads, positions, size)."""
    heads, _, size = pages[0].shape
    # Zeros, because what lies before a short past is masked, and 0 · NaN would not be 0.
    index = index.to(pages[0].device)  # layers may lie on several devices
    pool = torch.cat([pages[0].new_zeros(heads, 1, size), *pages], dim=1)
    return pool.index_select(1, index).view(heads, rows, -1, size).transpose(0, 1)


def longest(pasts: Sequence[Branch | None]) -> int:
    """Return the most tokens that any of some pasts has; None has none."""
    return max(0 if past is None else past.length for past in pasts)


def visible(lengths: Sequence[int], longest: int, num_new: int, device: Any) -> Tensor | None:
    """Return the attention mask of a batch: 0 in front of a short past, 1 elsewhere.

    None where no past is short: a mask makes a model look whether it hides anything, and a look
    is a wait for the device.

    Args:
        lengths: Tokens of each row's past.
        longest: Positions that the pasts take up, each at their end.
        num_new: Positions behind them.
        device: Where it is to lie.
    """
    padding = [longest - length for length in lengths]
    if not any(padding):
        return None
    columns = torch.arange(longest + num_new, device=device)
    return (columns >= torch.tensor(padding, device=device)[:, None]).long()
