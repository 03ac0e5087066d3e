"""A pass lays out one layer at a time, and keeps what is gone on from and nothing more."""

from typing import Any

import pytest
import torch

from bathyscope.model.branches import Branch, BranchCache
from bathyscope.model.pass_cache import PassCache

HEADS, SIZE, LAYERS = 2, 3, 4
CPU = torch.device("cpu")
Layers = list[tuple[torch.Tensor, torch.Tensor]]


def _new(rows: int, positions: int, seed: int) -> Layers:
    draw = torch.Generator().manual_seed(seed)
    shape = rows, HEADS, positions, SIZE
    return [
        (torch.randn(shape, generator=draw), torch.randn(shape, generator=draw))
        for _ in range(LAYERS)
    ]


def _passed(cache: PassCache, given: Layers) -> Layers:
    return [cache.update(keys, values, layer) for layer, (keys, values) in enumerate(given)]


@pytest.fixture
def first() -> tuple[list[Branch], Layers]:
    """Three rows of five positions from the root, of which the first three and two go on."""
    given = _new(3, 5, 0)
    cache = PassCache([None] * 3, [3, 0, 2], 5, CPU)
    assert cache.get_seq_length() == 0
    for seen, own in zip(_passed(cache, given), given, strict=True):
        assert all(torch.equal(one, other) for one, other in zip(seen, own, strict=True))
    assert cache.get_seq_length() == 5
    return cache.branches(), given


def test_a_page_holds_what_is_kept_and_no_more(first: tuple[list[Branch], Layers]) -> None:
    branches, given = first
    assert [branch.length for branch in branches] == [3, 0, 2]
    page = branches[0].page
    assert all(branch.page is page for branch in branches)
    for kept, full in zip(page.layers, given, strict=True):
        for one, other in zip(kept, full, strict=True):
            expected = torch.cat([other[0, :, :3], other[2, :, :2]], dim=1)
            assert torch.equal(one, expected) and one.untyped_storage().nbytes() == one.nbytes


def test_each_layer_is_read_behind_its_past(first: tuple[list[Branch], Layers]) -> None:
    branches, given = first
    pasts = [branches[0], None, branches[2].cut(1)]
    new = _new(3, 2, 1)
    cache = PassCache(pasts, [0, 1, 2], 2, CPU)
    assert cache.get_seq_length() == 3 and cache.get_mask_sizes(2, 0) == (5, 0)
    for seen, before, own in zip(_passed(cache, new), given, new, strict=True):
        for full, past, more in zip(seen, before, own, strict=True):
            assert full.shape == (3, HEADS, 5, SIZE)
            assert torch.equal(full[:, :, 3:], more)
            assert torch.equal(full[0, :, :3], past[0, :, :3])
            assert torch.equal(full[2, :, 2], past[2, :, 0])
            assert not full[1, :, :3].any() and not full[2, :, :2].any(), "padding is no number"
    grown = cache.branches()
    assert [one.length for one in grown] == [3, 1, 3] and grown[2].parent is pasts[2]
    # What a text that goes on token by token is given is the same.
    on: Any = BranchCache([grown[0], grown[2]], num_new=1)
    for layer, before, own in zip(on.layers, given, new, strict=True):
        for full, past, more in zip((layer.keys, layer.values), before, own, strict=True):
            assert torch.equal(full[0, :, :3], past[0, :, :3])
            assert torch.equal(full[1, :, 0], past[2, :, 0])
            assert torch.equal(full[1, :, 1:3], more[2])


def test_a_layer_that_is_read_twice_is_refused(first: tuple[list[Branch], Layers]) -> None:
    cache = PassCache([first[0][0]], [1], 2, CPU)
    new = _new(1, 2, 2)
    _passed(cache, new)
    with pytest.raises(NotImplementedError, match="twice"):
        cache.update(*new[0], 0)
