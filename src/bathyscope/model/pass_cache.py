"""Cache of one pass: each layer's past is laid out when its turn comes, and what goes on is kept.

A pass reads each layer's keys and values once. Laid out for all layers together they would be most
of what a pass holds, and so would those of tokens that nothing goes on from.
"""

from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from bathyscope.model.branches import Branch, KeyValues, Page, gathered, laid_out, longest


class PassCache(DynamicCache):
    """The cache of a batch of edges: each row has the past of its own branch, padded in front.

    The pages are joined and read once for each layer, whatever the rows and their segments: on a
    device every copy is a launch, and there would be one for each row, segment and layer.
    """

    def __init__(
        self,
        pasts: Sequence[Branch | None],
        counts: Sequence[int],
        num_new: int,
        device: torch.device,
    ) -> None:
        """Prepare a pass.

        Args:
            pasts: For each row the branch it continues, or None where it begins at the root.
            counts: For each row how many of its new positions are kept; padding is not, nor is a
                row from which nothing goes on.
            num_new: New positions of each row, padding behind included.
            device: Where the model takes its inputs.
        """
        super().__init__()
        self._pasts, self._counts = pasts, counts
        pages, places = laid_out(pasts, num_new)
        kept = [row * num_new + i for row, count in enumerate(counts) for i in range(count)]
        plan = _Plan(
            len(pasts),
            longest(pasts),
            torch.from_numpy(places.reshape(-1)).to(device) if pages else torch.empty(0),
            torch.tensor(kept, dtype=torch.long, device=device),
        )
        # Where every row begins at the root, a layer is made when it is first read.
        self.layer_class_to_replicate: Any = partial(_PassLayer, [], plan)
        self.layers: list[Any] = [
            _PassLayer([page.layers[layer] for page in pages], plan)
            for layer in range(len(pages[0].layers) if pages else 0)
        ]

    def branches(self) -> list[Branch]:
        """Return the branches that the pass has grown, one for each row, on a page of their own."""
        page = Page([layer.kept for layer in self.layers])
        firsts = accumulate(self._counts, initial=0)
        return [
            Branch(page, first, past, count + (0 if past is None else past.length))
            for first, count, past in zip(firsts, self._counts, self._pasts, strict=False)
        ]


class _Plan(NamedTuple):
    """Work of each layer in a pass.

    Attributes:
        rows: Rows of the batch.
        past: Positions in front of the new ones, padding included.
        places: Where in the joined pages each position of each row is read, (rows · positions,).
        kept: Which of the new positions of all rows are kept, (tokens,).
    """

    rows: int
    past: int
    places: Tensor
    kept: Tensor


class _PassLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """One layer, which holds its past on its pages until it is read.

    Attributes:
        kept: Keys and values of what goes on, (heads, tokens, size), once it has been read.
    """

    kept: tuple[Tensor, Tensor]

    def __init__(self, pages: KeyValues, plan: _Plan) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._pages, self._plan, self._length = pages, plan, plan.past
        if pages:
            self._known(pages[0][0])

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        if self._length > self._plan.past:
            raise NotImplementedError("a layer is read twice in one pass")
        self._known(key_states)
        self._length += key_states.shape[-2]
        keys, values = ([page[own] for page in self._pages] for own in (0, 1))
        self.kept = self._to_keep(key_states), self._to_keep(value_states)
        return self._behind(keys, key_states), self._behind(values, value_states)

    def get_seq_length(self) -> int:
        return self._length

    def _known(self, given: Tensor) -> None:
        self.dtype, self.device, self.is_initialized = given.dtype, given.device, True

    def _behind(self, pages: Sequence[Tensor], new: Tensor) -> Tensor:
        """Return new keys or values, (rows, heads, new, size), with their past in front."""
        if not pages:
            return new
        full = gathered(pages, self._plan.places, self._plan.rows)
        full[:, :, self._plan.past :] = new
        return full

    def _to_keep(self, new: Tensor) -> Tensor:
        rows, heads, count, size = new.shape
        if not len(self._plan.kept):
            return new.new_empty(heads, 0, size)
        by_head = new.transpose(0, 1).reshape(heads, rows * count, size)
        return by_head.index_select(1, self._plan.kept.to(new.device))
