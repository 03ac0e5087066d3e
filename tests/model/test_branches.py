"""What goes on from a pass is kept once, and the cache it was read from is let go."""

from typing import Any

import torch
from transformers import DynamicCache

from bathyscope.model.branches import BranchCache, grown

HEADS, SIZE, LAYERS = 2, 3, 4


def _filled(rows: int, positions: int) -> tuple[Any, list[torch.Tensor]]:
    torch.manual_seed(0)
    cache = DynamicCache()
    given = [torch.randn(2, rows, HEADS, positions, SIZE) for _ in range(LAYERS)]
    for layer, (keys, values) in enumerate(given):
        cache.update(keys, values, layer)
    return cache, given


def test_a_page_holds_what_is_kept_and_the_cache_nothing_more() -> None:
    cache, given = _filled(rows=3, positions=5)
    branches = grown(cache, 1, [3, 0, 2], [None, None, None])
    assert [layer.keys for layer in cache.layers] == [None] * LAYERS
    assert [layer.values for layer in cache.layers] == [None] * LAYERS
    read: Any = BranchCache([branches[0], branches[2]], num_new=1)
    for layer, both in zip(read.layers, given, strict=True):
        for kept, full in zip((layer.keys, layer.values), both, strict=True):
            torch.testing.assert_close(kept[0, :, :3], full[0, :, 1:4], rtol=0, atol=0)
            torch.testing.assert_close(kept[1, :, 1:3], full[2, :, 1:3], rtol=0, atol=0)
            assert not kept[1, :, 0].any() and not kept[:, :, 3].any()
