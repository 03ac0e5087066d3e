"""How often a device is called by passes over many texts: as often for many rows as for few."""

import pytest
import torch

from bathyscope.games.game import all_coalitions
from bathyscope.model.foreign import run
from bathyscope.model.prefix_tree import Ids
from tests.conftest import tiny
from tests.devices import counted

# For each layer and pass: keys and values read from the pages, put behind, kept; for each pass:
# its inputs, its mask and what is read of its logits.
_PER_LAYER, _PER_PASS = 12, 60


def prompts_of(features: int) -> list[Ids]:
    """Return the prompt of every coalition, each feature a few tokens of its own."""
    parts = [tuple(range(10 * i + 1, 10 * i + 4 + i % 3)) for i in range(features)]
    return [
        (5, 6, *(id for part, stays in zip(parts, one, strict=True) if stays for id in part), 7, 8)
        for one in all_coalitions(features).tolist()
    ]


@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt2"])
def test_pasts_are_read_in_one_launch_for_each_layer(family: str) -> None:
    model = tiny(family)
    assert model.why_not_shared is None
    model.why_not_batched  # noqa: B018, tried here rather than in what is counted
    ids = torch.tensor([[1, 2, 3, 4]])
    run(model.model, input_ids=ids, use_cache=True)
    with torch.inference_mode(), counted() as plain:
        run(model.model, input_ids=ids, use_cache=True)
    met = []
    for features in (3, 7):
        prompts = prompts_of(features)
        targets = [(9, 11)] * len(prompts)
        passes = model.passes(prompts, targets)
        with counted() as device:
            model.score(prompts, targets, lambda index, scores: None)
        allowed = plain.launches + _PER_LAYER * model.num_layers + _PER_PASS
        assert device.launches <= len(passes) * allowed
        met.append((max(one.rows for one in passes), device.launches / len(prompts)))
    (few, each_of_few), (many, each_of_many) = met
    assert many > 4 * few and each_of_many < each_of_few / 3, "more rows, not more launches"
